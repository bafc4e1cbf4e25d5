package dsarsql_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/dsar/erase"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

func journalIn(t testing.TB, w *door.World) *dsarsql.Journal {
	t.Helper()
	j, err := dsarsql.NewJournal(w.DB)
	require.NoError(t, err)
	return j
}

// keysIn counts keys of rows.
func keysIn(t testing.TB, ctx context.Context, w *door.World) (n int) {
	require.NoError(t, w.DB.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &n, `SELECT count(*) FROM dsar_erase_key`)
	}))
	return n
}

func TestAJobIsOneWorkersUntilItsLeaseHasRunOut(t *testing.T) {
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		ctx, j := w.Tenant(t), journalIn(t, w)
		fresh := erase.Entry{Job: "a", Plan: "p", Map: "m", Who: []byte("who"), Salt: []byte("salt")}
		e, err := j.Open(ctx, fresh, "one", time.Hour)
		require.NoError(t, err)
		require.Equal(t, "p", e.Plan)
		_, err = j.Open(ctx, fresh, "two", time.Hour)
		require.ErrorIs(t, err, erase.ErrBusy)
		require.ErrorIs(t, j.Fence(ctx, "a", "two"), erase.ErrBusy)
		require.ErrorIs(t, j.Renew(ctx, "a", "two", time.Hour), erase.ErrBusy)
		require.ErrorIs(t, j.Close(ctx, "a", "two", nil), erase.ErrBusy)
		require.NoError(t, j.Leave(ctx, "a", "two"))
		require.NoError(t, j.Fence(ctx, "a", "one"))
		require.NoError(t, j.Renew(ctx, "a", "one", 0)) // it has run out at once
		fresh.Plan = "another"
		e, err = j.Open(ctx, fresh, "two", time.Hour)
		require.NoError(t, err)
		require.Equal(t, "p", e.Plan, "what was approved stays")
		require.ErrorIs(t, j.Fence(ctx, "a", "one"), erase.ErrBusy)
		require.NoError(t, j.Leave(ctx, "a", "two"))
		_, err = j.Open(ctx, fresh, "three", time.Hour)
		require.NoError(t, err)
	})
}

func TestAStepCountsWhatItsTransactionDid(t *testing.T) {
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		ctx, j := w.Tenant(t), journalIn(t, w)
		_, err := j.Open(ctx, erase.Entry{Job: "a", Who: []byte{1}}, "one", time.Hour)
		require.NoError(t, err)
		for range 2 {
			require.NoError(t, j.Advance(ctx, "a", erase.Step{Seq: 3, Table: "note", Action: "delete", Cursor: 7, Rows: 10}))
		}
		_ = w.DB.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error {
			require.NoError(t, j.Advance(ctx, "a", erase.Step{Seq: 3, Table: "note", Action: "delete", Rows: 5, Done: true}))
			return context.Canceled
		})
		got, err := j.Steps(ctx, "a")
		require.NoError(t, err)
		require.Equal(t, []erase.Step{{Seq: 3, Table: "note", Action: "delete", Cursor: 7, Rows: 20}}, got)
		other, err := j.Steps(w.Tenant(t), "a")
		require.NoError(t, err)
		require.Empty(t, other, "jobs are a tenant's own")
	})
}

func TestNoKeyOutlivesItsJob(t *testing.T) {
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		ctx, j := w.Tenant(t), journalIn(t, w)
		_, err := j.Open(ctx, erase.Entry{Job: "a", Who: []byte{1}, Salt: []byte("salt")}, "one", time.Hour)
		require.NoError(t, err)
		require.NoError(t, j.Advance(ctx, "a", erase.Step{Seq: 1}))
		require.NoError(t, w.DB.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO `+j.Keys()+` (job, step, n, k1) VALUES ('a', 1, 1, '7')`)
			return err
		}))
		require.Equal(t, 1, keysIn(t, ctx, w))
		require.NoError(t, j.Close(ctx, "a", "one", []byte("{}")))
		require.Zero(t, keysIn(t, ctx, w))
		e, err := j.Open(ctx, erase.Entry{Job: "a", Who: []byte{1}, Salt: []byte("new")}, "two", time.Hour)
		require.NoError(t, err)
		require.Nil(t, e.Salt)
		require.False(t, e.Done.IsZero())
		require.Equal(t, "{}", string(e.Result))
	})
}

func TestTheSecretIsTheTenantsAndStays(t *testing.T) {
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		ctx, j := w.Tenant(t), journalIn(t, w)
		one, err := j.Secret(ctx)
		require.NoError(t, err)
		require.Len(t, one, 32)
		again, err := journalIn(t, w.Process(t)).Secret(ctx)
		require.NoError(t, err)
		require.Equal(t, one, again)
		other, err := j.Secret(w.Tenant(t))
		require.NoError(t, err)
		require.NotEqual(t, one, other)
	})
}

// fillJournal puts a job into each state.
func fillJournal(t testing.TB, ctx context.Context, db *tenantdb.DB) {
	t.Helper()
	j, err := dsarsql.NewJournal(db)
	require.NoError(t, err)
	_, err = j.Secret(ctx)
	require.NoError(t, err)
	id := uuid.NewString()
	_, err = j.Open(ctx, erase.Entry{Job: id, Who: []byte{1}, Salt: []byte{2}}, "w", time.Hour)
	require.NoError(t, err)
	require.NoError(t, j.Advance(ctx, id, erase.Step{Seq: 1, Table: "note", Action: "delete", Rows: 3}))
	require.NoError(t, db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		for _, text := range []string{
			`INSERT INTO ` + j.Keys() + ` (job, step, n, k1) VALUES ('` + id + `', 1, 1, '7')`,
			`INSERT INTO ` + j.Kept() + ` (tbl, k1, until, act) VALUES ('invoice', '` + id + `', 7, 'delete')`,
		} {
			if _, err := tx.ExecContext(ctx, text); err != nil {
				return err
			}
		}
		return nil
	}))
}
