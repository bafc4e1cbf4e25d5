package postgres

import (
	"context"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jackc/pgx/v5"
)

// Listen calls f with what is notified on a channel, in its order, from when it has begun until ctx ends or the connection
// fails, and returns the error of that. It has a connection of its own, beside the pool. Postgres keeps nothing for those who do not
// listen, so that what comes before the first call, and between two of them, is lost: look again for what it would have told.
// f is called by one goroutine, and what comes meanwhile waits. The audit hook is told of it as of a routine use.
//
// The system role must reach the server directly: a pooler in transaction mode gives the connection that listens to others. Where
// Listen finds one it refuses with [tenantdb.ErrUnsafe].
func (s *System) Listen(ctx context.Context, channel string, f func(payload string)) error {
	if err := s.enter(ctx, "listen for notifications", tenancy.ID{}, true); err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return acquireError(ctx, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	pooled, err := behindPooler(ctx, conn)
	if err != nil {
		return translate(err)
	}
	if pooled {
		return unsafe([]string{"a pooler is in the way of who listens: let the system role reach the server directly"})
	}
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return translate(err)
	}
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return translate(err)
		}
		f(n.Payload)
	}
}
