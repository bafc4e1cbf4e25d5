package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
)

func count(t testing.TB, ctx context.Context, db *postgres.DB) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow(ctx, `SELECT count(*) FROM note`).Scan(&n))
	return n
}

func TestEachTenantSeesItsOwnRows(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	for _, id := range []tenancy.ID{alpha, beta} {
		ctx := as(t, id)
		rows, err := db.Query(ctx, `SELECT tenant_id FROM note`)
		require.NoError(t, err)
		ids, err := pgx.CollectRows(rows, pgx.RowTo[tenancy.ID])
		require.NoError(t, err)
		require.Len(t, ids, 10)
		for _, got := range ids {
			require.Equal(t, id, got)
		}
		var viaSQLX []string
		require.NoError(t, db.SQLX().SelectContext(ctx, &viaSQLX, `SELECT DISTINCT tenant_id FROM note WHERE id > $1`, 3))
		require.Equal(t, []string{id.String()}, viaSQLX)
		require.NoError(t, db.TenantDB().Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			var n int
			require.NoError(t, tx.GetContext(ctx, &n, `SELECT count(*) FROM note`))
			require.Equal(t, 10, n)
			require.NoError(t, tx.Get(&n, `SELECT count(*) FROM note WHERE id < $1`, 4)) // no context of its own
			require.Equal(t, 3, n)
			return nil
		}))
	}
}

func TestWithoutATenantNothingIsRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	ctx := deadline(t)
	_, err := db.Exec(ctx, `DELETE FROM note`)
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	require.ErrorIs(t, db.QueryRow(ctx, `SELECT 1`).Scan(new(int)), tenancy.ErrNoTenant)
	require.ErrorIs(t, db.SendBatch(ctx, &pgx.Batch{}).Close(), tenancy.ErrNoTenant)
	_, err = db.CopyFrom(ctx, pgx.Identifier{"note"}, []string{"id"}, pgx.CopyFromRows(nil))
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	require.ErrorIs(t, db.SQLX().Get(new(int), `SELECT 1`), tenancy.ErrNoTenant)
	_, err = db.SQLX().Beginx()
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	require.ErrorIs(t, db.Tx(ctx, func(context.Context, pgx.Tx) error { return nil }), tenancy.ErrNoTenant)
	require.ErrorIs(t, db.Tx(tenancy.With(tenancy.With(ctx, alpha), beta), func(context.Context, pgx.Tx) error { return nil }), tenancy.ErrConflict)
}

func TestTransactionCommitsOrLeavesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	ctx := as(t, alpha)
	boom := errors.New("boom")
	insert := func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO note (id, body) VALUES (100, 'x')`)
		return err
	}
	require.ErrorIs(t, db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		require.NoError(t, insert(ctx, tx))
		return boom
	}), boom)
	require.Equal(t, 10, count(t, ctx, db))
	require.PanicsWithValue(t, boom, func() {
		_ = db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			require.NoError(t, insert(ctx, tx))
			panic(boom)
		})
	})
	require.Equal(t, 10, count(t, ctx, db))
	require.NoError(t, db.Tx(ctx, insert))
	require.Equal(t, 11, count(t, ctx, db))
	require.Equal(t, 10, count(t, as(t, beta), db))
	require.ErrorIs(t, db.Read(ctx, insert), tenantdb.ErrReadOnly)
}

func TestStatementsJoinTheTransactionOfTheContext(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	ctx := as(t, alpha)
	boom := errors.New("boom")
	require.ErrorIs(t, db.TenantDB().Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := db.Exec(ctx, `INSERT INTO note (id, body) VALUES (100, 'native')`)
		require.NoError(t, err)
		_, err = db.SQLX().ExecContext(ctx, `INSERT INTO note (id, body) VALUES (101, 'sqlx')`)
		require.NoError(t, err)
		native, ok := db.Pgx(ctx)
		require.True(t, ok)
		_, err = native.Exec(ctx, `INSERT INTO note (id, body) VALUES (102, 'pgx')`)
		require.NoError(t, err)
		require.Error(t, native.Commit(ctx))
		var n int
		require.NoError(t, tx.GetContext(ctx, &n, `SELECT count(*) FROM note`))
		require.Equal(t, 13, n)
		_, err = db.Exec(tenancy.Switch(ctx, beta), `SELECT 1`)
		require.ErrorIs(t, err, tenantdb.ErrMismatch)
		return boom
	}), boom)
	require.Equal(t, 10, count(t, ctx, db))
	_, ok := db.Pgx(ctx)
	require.False(t, ok)
}

func TestSavepointKeepsTheScope(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	ctx := as(t, alpha)
	require.NoError(t, db.TenantDB().Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		// The savepoint is the very first statement: the scope has to be set before it.
		err := db.TenantDB().Savepoint(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO note (id, body) VALUES (1, 'twice')`)
			return err
		})
		require.Error(t, err)
		var n int
		require.NoError(t, tx.GetContext(ctx, &n, `SELECT count(*) FROM note`))
		require.Equal(t, 10, n)
		native, _ := db.Pgx(ctx)
		nested, err := native.Begin(ctx)
		require.NoError(t, err)
		_, err = nested.Exec(ctx, `INSERT INTO note (id, body) VALUES (50, 'kept')`)
		require.NoError(t, err)
		require.NoError(t, nested.Commit(ctx))
		nested, err = native.Begin(ctx)
		require.NoError(t, err)
		_, err = nested.Exec(ctx, `DELETE FROM note`)
		require.NoError(t, err)
		require.NoError(t, nested.Rollback(ctx))
		return nil
	}))
	require.Equal(t, 11, count(t, ctx, db))
}

func TestTransactionWithoutAStatementSendsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.openDSN(t, with(h.App.DSN, "pool_max_conns=1"))
	ctx := as(t, alpha)
	require.NoError(t, db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		// The only connection is free for somebody else.
		require.Equal(t, 10, count(t, as(t, beta), db))
		return nil
	}))
}

func TestCopyFromInsertsUnderRowLevelSecurity(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.exec(t, h.Owner.DSN, tableSQL("wide", h.App.Role, `id bigint NOT NULL, tags text[], n numeric, u uuid, j jsonb, b bytea, at timestamptz`, "id"))
	db := h.open(t)
	ctx := as(t, alpha)
	const n = 25_000
	i := 0
	src := pgx.CopyFromFunc(func() ([]any, error) {
		if i == n {
			return nil, nil
		}
		i++
		return []any{1000 + i, "body"}, nil
	})
	got, err := db.CopyFrom(ctx, pgx.Identifier{"note"}, []string{"id", "body"}, src)
	require.NoError(t, err)
	require.EqualValues(t, n, got)
	require.Equal(t, n+10, count(t, ctx, db))
	require.Equal(t, 10, count(t, as(t, beta), db))

	got, err = db.CopyFrom(ctx, pgx.Identifier{"public", "wide"}, []string{"id", "tags", "n", "u", "j", "b"}, pgx.CopyFromRows([][]any{
		{1, `{a,"b c"}`, "1.50", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", `{"a":1}`, []byte{1, 2}},
		{2, nil, nil, nil, nil, nil},
	}))
	require.NoError(t, err)
	require.EqualValues(t, 2, got)

	_, err = db.CopyFrom(ctx, pgx.Identifier{"note"}, []string{"tenant_id", "id", "body"}, pgx.CopyFromRows([][]any{
		{"alpha", 998, "mine"}, {"beta", 999, "forged"},
	}))
	require.ErrorIs(t, err, tenantdb.ErrIsolation)
	require.Equal(t, n+10, count(t, ctx, db))
}

func TestAStatementThatEndsTheTransactionIsNotTakenForSuccess(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	require.Error(t, db.Tx(as(t, alpha), func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO note (id, body) VALUES (77, 'lost')`)
		require.NoError(t, err)
		_, err = tx.Exec(ctx, `ROLLBACK`)
		require.NoError(t, err)
		_, err = tx.Exec(ctx, `SELECT 1`)
		require.Error(t, err)
		return nil
	}))
	for _, sql := range []string{"BEGIN", " start transaction", "COMMIT;", "end", "Abort", "ROLLBACK"} {
		var b pgx.Batch
		b.Queue(`INSERT INTO note (id, body) VALUES (78, 'lost')`)
		b.Queue(sql)
		require.ErrorContains(t, db.SendBatch(as(t, alpha), &b).Close(), "use Tx", sql)
	}
	var n int
	require.NoError(t, db.QueryRow(as(t, alpha), `SELECT count(*) FROM note WHERE id IN (77, 78)`).Scan(&n))
	require.Zero(t, n)
}
