package dsarsql_test

import (
	"context"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/dsar/egress"
	"github.com/bailiwick-dev/bailiwick/dsar/egress/egresstest"
	"github.com/bailiwick-dev/bailiwick/dsar/processor"
	"github.com/bailiwick-dev/bailiwick/dsar/processor/processortest"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestBulkExportsKeepTheContract(t *testing.T) {
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		egresstest.Store(t, func(t testing.TB) egress.Store {
			s, err := dsarsql.NewEgress(w.DB)
			require.NoError(t, err)
			return s
		}, func(t testing.TB) tenancy.ID { return w.NewTenant(t) })
	})
}

func TestCallsOfProcessorsKeepTheContract(t *testing.T) {
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		processortest.Store(t, func(t testing.TB) processor.Store {
			s, err := dsarsql.NewCalls(w.DB)
			require.NoError(t, err)
			return s
		}, func(t testing.TB) tenancy.ID { return w.NewTenant(t) })
	})
}

func TestTheDatabaseItselfKeepsBulkExportsAsTheyWereAskedFor(t *testing.T) {
	kept.OnBoth(t, func(t *testing.T, w *door.World) {
		ctx := w.Tenant(t)
		fillOutside(t, ctx, w.DB)
		kept.Attack(t, ctx, w,
			// Nobody approves their own, and nothing begins that was not approved.
			`UPDATE dsar_egress SET version = version + 1, state = 'approved', second = by_id WHERE state = 'waiting'`,
			`UPDATE dsar_egress SET version = version + 1, state = 'streaming', begun = 1 WHERE state = 'waiting'`,
			`UPDATE dsar_egress SET version = version + 1, state = 'streaming' WHERE state = 'waiting'`,
			// What was asked for, and what has ended, stays.
			`UPDATE dsar_egress SET version = version + 1, rows = rows + 1`, `UPDATE dsar_egress SET version = version + 1, hash = 'x'`, `UPDATE dsar_egress SET version = version + 1, by_id = 'bob'`,
			`UPDATE dsar_egress SET version = version + 1, taken_rows = 0 WHERE state = 'finished'`, `UPDATE dsar_egress SET taken_rows = 0`, `UPDATE dsar_egress SET version = version + 1, ask = '{}'`,
			`DELETE FROM dsar_egress`,
		)
	})
}

func TestTheMarkOfSweepsIsATenants(t *testing.T) {
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		m, err := dsarsql.NewSweeps(w.DB)
		require.NoError(t, err)
		ctx, other := w.Tenant(t), w.Tenant(t)
		for _, at := range []time.Time{time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)} {
			require.NoError(t, m.Put(ctx, at))
			got, err := m.Mark(ctx)
			require.NoError(t, err)
			require.Equal(t, at, got)
		}
		got, err := m.Mark(other)
		require.NoError(t, err)
		require.Zero(t, got)
		_, err = m.Mark(context.Background())
		require.Error(t, err, "no tenant")
	})
}

// fillOutside adds bulk exports, a call of a processor and a mark of a sweep.
func fillOutside(t testing.TB, ctx context.Context, db *tenantdb.DB) {
	t.Helper()
	s, err := dsarsql.NewEgress(db)
	require.NoError(t, err)
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, to := range []egress.State{egress.Waiting, egress.Finished} {
		e, err := s.Create(ctx, egress.Export{Ask: egress.Ask{ID: uuid.NewString(), By: "eve", Sink: "legal", Tables: []string{"ticket"}, Limit: egress.Limit{Rows: 10, Bytes: 10}, Reason: "r", Ticket: "t"},
			State: egress.Waiting, Hash: "h", Asked: at, Expires: at})
		require.NoError(t, err)
		if to == egress.Waiting {
			continue
		}
		e.State, e.Second = egress.Approved, "mallory"
		require.NoError(t, s.Save(ctx, e))
		e.State, e.Begun, e.Version = egress.Streaming, at, 2
		require.NoError(t, s.Save(ctx, e))
		e.State, e.Ended, e.Taken.Rows, e.Version = egress.Finished, at, 3, 3
		require.NoError(t, s.Save(ctx, e))
	}
	c, err := dsarsql.NewCalls(db)
	require.NoError(t, err)
	_, err = c.Begin(ctx, processor.Call{Key: uuid.NewString(), Request: uuid.NewString(), Processor: "mail", Verb: processor.Erase, Begun: at, Changed: at})
	require.NoError(t, err)
	m, err := dsarsql.NewSweeps(db)
	require.NoError(t, err)
	require.NoError(t, m.Put(ctx, time.Now()))
}
