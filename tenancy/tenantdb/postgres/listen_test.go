package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
)

func TestListenHearsWhatWasCommittedUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx, cancel := context.WithCancel(deadline(t))
	heard, ended := make(chan string, 100), make(chan error, 1)
	const channel = `We"ird chännel`
	go func() { ended <- h.sys.Listen(ctx, channel, func(payload string) { heard <- payload }) }()
	notify := func(end string, payloads ...string) {
		tx, err := h.owner.Begin(t.Context())
		require.NoError(t, err)
		for _, p := range payloads {
			_, err := tx.Exec(t.Context(), `SELECT pg_notify($1, $2)`, channel, p)
			require.NoError(t, err)
		}
		_, err = tx.Exec(t.Context(), end)
		require.NoError(t, err)
		_ = tx.Rollback(t.Context()) // gives the connection back
	}
	require.Eventually(t, func() bool { // when it has begun it hears
		notify("COMMIT", "are you there?")
		return len(heard) > 0
	}, wait, tick)
	notify("ROLLBACK", "never")
	notify("COMMIT", "one", "", "two")
	notify("COMMIT", "three")
	var last []string
	for len(last) < 4 || last[len(last)-1] != "three" {
		select {
		case p := <-heard:
			if p != "are you there?" {
				last = append(last, p)
			}
		case <-ctx.Done():
			require.FailNow(t, "heard nothing")
		}
	}
	require.Equal(t, []string{"one", "", "two", "three"}, last)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	require.ErrorIs(t, h.sys.Listen(ctx, channel, nil), context.Canceled)
}

func TestListenEndsWithItsConnection(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := deadline(t)
	ended := make(chan error, 1)
	go func() { ended <- h.sys.Listen(ctx, "here", func(string) {}) }()
	require.Eventually(t, func() bool {
		var n int
		require.NoError(t, h.owner.QueryRow(ctx, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query = 'LISTEN "here"'`).Scan(&n))
		return n > 0
	}, wait, tick)
	require.ErrorIs(t, <-ended, tenantdb.ErrUnavailable)
}

// Who listens has a connection of its own, so that many of them leave the pool to others.
func TestListenTakesNoConnectionOfThePool(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	sys, err := postgres.OpenSystem(t.Context(), with(h.System.DSN, "pool_max_conns=1"), postgres.SystemOptions{Audit: allow, AllowOldServer: true})
	require.NoError(t, err)
	t.Cleanup(sys.Close)
	ctx, cancel := context.WithCancel(deadline(t))
	ended := make(chan error, 3)
	for range cap(ended) {
		go func() { ended <- sys.Listen(ctx, "here", func(string) {}) }()
	}
	require.Eventually(t, func() bool {
		var n int
		require.NoError(t, h.owner.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE query = 'LISTEN "here"'`).Scan(&n))
		return n == cap(ended)
	}, wait, tick)
	require.NoError(t, sys.Each(ctx, "a test", func(context.Context, tenancy.ID) error { return nil }))
	cancel()
	for range cap(ended) {
		require.ErrorIs(t, <-ended, context.Canceled)
	}
}

func TestListenIsToldToTheAuditHookFirst(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	no := errors.New("no")
	sys, err := postgres.OpenSystem(t.Context(), h.System.DSN, postgres.SystemOptions{AllowOldServer: true, Audit: func(_ context.Context, a tenancy.Act) error {
		require.True(t, a.Routine)
		return no
	}})
	require.NoError(t, err)
	t.Cleanup(sys.Close)
	require.ErrorIs(t, sys.Listen(deadline(t), "here", nil), no)
}

func TestListenRefusesAPooler(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.exec(t, h.Admin.DSN, "ALTER ROLE "+h.App.Role+" BYPASSRLS") // the pooler of the test knows this one
	sys, err := postgres.OpenSystem(t.Context(), pgbouncer(t, h), postgres.SystemOptions{Audit: allow, AllowOldServer: true, AllowPlaintext: true})
	require.NoError(t, err)
	t.Cleanup(sys.Close)
	require.ErrorIs(t, sys.Listen(deadline(t), "here", nil), tenantdb.ErrUnsafe)
}
