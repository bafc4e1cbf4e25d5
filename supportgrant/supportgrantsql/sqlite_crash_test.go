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

// errand is what another process is sent to do: to read under a grant, again and again, until it is killed.
type errand struct {
	Dir, Tenant string
	Grant       uuid.UUID
}

// TestAnErrandOfReading is what the test below starts.
func TestAnErrandOfReading(t *testing.T) {
	var e errand
	if !door.Errand(t, &e) {
		return
	}
	s := newStore(t, (&files{dir: e.Dir}).open(t))
	ctx := tenancy.With(context.Background(), tenancy.MustParseID(e.Tenant))
	readUntilKilled(ctx, s, e.Grant)
}

// A process that reads is killed at any moment: what it had shown is in the log, its holds are gone, and whoever comes next goes on.
func TestWhatAKilledProcessShowedIsInTheLogOnSQLite(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	fill(t, s.db, s.id, supportgrant.Row{"id": 1, "title": "one", "hidden": false})
	g := live(t, s.ctx, s, asked(time.Hour))
	inTheLog(t, s.ctx, s, g.ID, killReaders(t, soakOr(3, 250), "TestAnErrandOfReading", errand{s.dir, s.id.String(), g.ID}))
	require.NoError(t, s.Drain(s.ctx, g.ID))
	_, err := s.Move(s.ctx, supportgrant.Move{ID: g.ID, Version: g.Version, From: supportgrant.Approved, To: supportgrant.Withdrawn})
	require.NoError(t, err)
	require.ErrorIs(t, s.Read(s.ctx, page(g.ID), nil), supportgrant.ErrNotGranted)
}
