package supportgrantsql_test

import (
	"context"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func withdrawn(g supportgrant.GrantRow) supportgrant.Move {
	return supportgrant.Move{ID: g.ID, Version: g.Version, From: supportgrant.Approved, To: supportgrant.Withdrawn}
}

// Who comes while a withdrawal is under way waits for it, and then neither reads nor leaves an entry: readers are not in its way.
func TestReadsWaitForAWithdrawalThatIsUnderWay(t *testing.T) {
	t.Parallel()
	h, w := postgresWorld(t)
	admin := door.OpenSQL(t, w.PG.Admin.DSN)
	s, ctx := h.Stores[0], tenancy.With(context.Background(), h.Tenant(t))
	g := live(t, ctx, s, asked(time.Hour))
	read := make(chan error, 1)
	require.NoError(t, s.Tx(ctx, func(inside context.Context) error {
		if _, err := s.Move(inside, withdrawn(g)); err != nil {
			return err
		}
		go func() {
			read <- h.Stores[1].Read(ctx, page(g.ID), func(context.Context, supportgrant.Rows) error { panic("handed over") })
		}()
		require.Eventually(t, func() (waits bool) {
			err := admin.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND NOT l.granted
				AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))`).Scan(&waits)
			return err == nil && waits
		}, time.Minute, 5*time.Millisecond)
		return nil
	}))
	require.ErrorIs(t, <-read, supportgrant.ErrNotGranted)
	log, err := s.Log(ctx, supportgrant.Look{Kinds: []supportgrant.Kind{supportgrant.KindRead}}, supportgrant.Place{}, 9)
	require.NoError(t, err)
	require.Empty(t, log)
}

// A reader that holds for long does not keep a withdrawal from being in force, and is waited for in the end; and that nobody held one tenant's grant
// says nothing of another tenant's of the same id.
func TestAWithdrawalDoesNotWaitLongBeforeItIsInForce(t *testing.T) {
	t.Parallel()
	h, _ := postgresWorld(t)
	s, ctx, other := h.Stores[0], tenancy.With(context.Background(), h.Tenant(t)), tenancy.With(context.Background(), h.Tenant(t))
	id := asked(time.Hour)
	twin := live(t, other, s, id)
	g := live(t, ctx, s, id)
	_, err := s.Move(other, withdrawn(twin)) // nobody holds it
	require.NoError(t, err)
	holds, goOn, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		r := page(g.ID)
		r.Hold = time.Hour
		done <- h.Stores[1].Read(ctx, r, func(context.Context, supportgrant.Rows) error { close(holds); <-goOn; return nil })
	}()
	<-holds
	_, err = s.Move(ctx, withdrawn(g))
	require.NoError(t, err)
	require.ErrorIs(t, s.Read(ctx, page(g.ID), nil), supportgrant.ErrNotGranted, "it is in force")
	drained := make(chan error, 1)
	go func() { drained <- s.Drain(ctx, g.ID) }()
	select {
	case err := <-drained:
		t.Error("drained while one still reads", err)
		drained <- err
	case <-time.After(50 * time.Millisecond):
	}
	close(goOn)
	require.NoError(t, <-done)
	require.NoError(t, <-drained)
	_, err = s.Move(ctx, withdrawn(supportgrant.GrantRow{ID: uuid.New()}))
	require.ErrorIs(t, err, supportgrant.ErrNotFound)
}
