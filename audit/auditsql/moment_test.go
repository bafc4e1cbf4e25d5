package auditsql_test

import (
	"context"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/stretchr/testify/require"
)

// An event and its openings are read by two statements. An erasure that commits between them must not make an honest log
// look as if somebody had taken values away.
func TestAnEventIsReadWithTheOpeningsOfThatMoment(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	s := w.store(t)
	admin := openSQL(t, w.pg.Admin.DSN)
	e := entry(1, "leaf")
	e.Open = []audit.Opening{{Subject: audit.Pseudonym{1}, Data: []byte("a value")}}
	for name, read := range map[string]func(ctx context.Context, f func(audit.Stored) error) error{
		"Leaves": func(ctx context.Context, f func(audit.Stored) error) error { return s.Leaves(ctx, 0, 1, f) },
		"Find": func(ctx context.Context, f func(audit.Stored) error) error {
			return s.Find(ctx, audit.Find{Limit: 1}, f)
		},
		"ByID": func(ctx context.Context, f func(audit.Stored) error) error {
			got, err := s.ByID(ctx, e.ID)
			if err != nil {
				return err
			}
			return f(got)
		},
	} {
		ctx := w.tenant(t)
		_, err := s.Append(ctx, []audit.Entry{e})
		require.NoError(t, err)
		erasure, err := admin.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		_, err = erasure.ExecContext(t.Context(), `LOCK TABLE audit_open IN ACCESS EXCLUSIVE MODE`)
		require.NoError(t, err)
		done := make(chan error, 1)
		var got []audit.Stored
		go func() {
			done <- read(ctx, func(e audit.Stored) error { got = append(got, e); return nil })
		}()
		require.Eventually(t, func() bool { // it has read the event, and waits
			n := 0
			require.NoError(t, admin.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'audit_open'::regclass`).Scan(&n))
			return n == 1
		}, time.Minute, time.Millisecond)
		_, err = erasure.ExecContext(t.Context(), `DELETE FROM audit_open`)
		require.NoError(t, err)
		require.NoError(t, erasure.Commit())
		require.NoError(t, <-done)
		require.Len(t, got, 1, name)
		require.Equal(t, e.Open, got[0].Open, name)
	}
}
