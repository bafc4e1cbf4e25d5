package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
)

func TestSystemWorkIsAuditedOrNotDone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.exec(t, h.Owner.DSN, `GRANT SELECT ON note TO `+h.System.Role)
	boom := errors.New("audit is down")
	var uses []tenancy.Act
	var fail error
	sys, err := postgres.OpenSystem(t.Context(), h.System.DSN, postgres.SystemOptions{AllowOldServer: true,
		Audit: func(_ context.Context, u tenancy.Act) error { uses = append(uses, u); return fail }})
	require.NoError(t, err)
	defer sys.Close()
	h.sys = sys
	db := h.open(t)
	ran := false
	work := map[string]func() error{
		"count": func() error {
			return sys.Tx(deadline(t), "count notes", func(ctx context.Context, tx pgx.Tx) error {
				ran = true
				var n int
				require.NoError(t, tx.QueryRow(ctx, `SELECT count(*) FROM note`).Scan(&n))
				require.Equal(t, 20, n)
				return nil
			})
		},
		"seam": func() error {
			return db.TenantDB().System(deadline(t), "count notes", func(ctx context.Context, tx *sqlx.Tx) error {
				ran = true
				var n int
				require.NoError(t, tx.GetContext(ctx, &n, `SELECT count(*) FROM note`))
				require.Equal(t, 20, n)
				return nil
			})
		},
		"each": func() error {
			var seen []string
			err := sys.Each(deadline(t), "visit", func(ctx context.Context, id tenancy.ID) error {
				ran = true
				require.Equal(t, 10, count(t, ctx, db)) // confined like anybody
				seen = append(seen, id.String())
				return nil
			})
			if err == nil {
				require.Equal(t, []string{"alpha", "beta"}, seen)
			}
			return err
		},
		"state": func() error {
			return sys.SetState(deadline(t), tenancy.Tenant{ID: alpha, State: tenancy.Active, Epoch: 1})
		},
		"provision": func() error {
			return sys.Provision(deadline(t), tenancy.Tenant{ID: alpha, State: tenancy.Active, Epoch: 1})
		},
		"keys": func() error { return sys.RotateKeys(deadline(t), h.keys) },
	}
	for name, f := range work {
		uses, fail, ran = nil, nil, false
		require.NoError(t, f(), name)
		require.NotEmpty(t, uses, name)
		require.NotEmpty(t, uses[0].Reason, name)
		require.Equal(t, "main", uses[0].Shard)
		fail, ran = boom, false
		require.ErrorIs(t, f(), boom, name)
		require.False(t, ran, name)
	}
	fail = nil
	require.Error(t, sys.Tx(deadline(t), " ", nil))
	_, err = postgres.OpenSystem(t.Context(), h.System.DSN, postgres.SystemOptions{AllowOldServer: true})
	require.ErrorContains(t, err, "audit hook")
	_, err = postgres.OpenSystem(t.Context(), h.App.DSN, postgres.SystemOptions{AllowOldServer: true, Audit: allow})
	require.ErrorIs(t, err, tenantdb.ErrUnsafe)
	without, err := postgres.Open(t.Context(), h.App.DSN, h.keys, postgres.AllowOldServer())
	require.NoError(t, err)
	defer without.Close()
	require.ErrorIs(t, without.TenantDB().System(deadline(t), "x", nil), tenantdb.ErrNoSystem)
}

func TestKeysRotateWithoutRefusingAnybody(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	k1, k2 := testKey(t, "k1"), testKey(t, "k2")
	old := h.open(t)
	h.keys = tenancy.Keys{Current: k2, Previous: k1}
	_, err := postgres.Open(t.Context(), h.App.DSN, h.keys, postgres.AllowOldServer())
	require.ErrorIs(t, err, tenantdb.ErrForged) // the database does not know the new one yet

	require.NoError(t, h.sys.RotateKeys(deadline(t), h.keys))
	fresh := h.open(t)
	require.Equal(t, 10, count(t, as(t, alpha), old))
	require.Equal(t, 10, count(t, as(t, alpha), fresh))
	require.NoError(t, h.sys.RotateKeys(deadline(t), h.keys)) // again

	require.NoError(t, h.sys.RotateKeys(deadline(t), tenancy.Keys{Current: k2}))
	require.Equal(t, 10, count(t, as(t, alpha), fresh))
	require.ErrorIs(t, old.QueryRow(as(t, alpha), `SELECT count(*) FROM note`).Scan(new(int)), tenantdb.ErrForged)

	// The same id under another secret is another key.
	other, err := tenancy.NewKey("k2", []byte(strings.Repeat("x", 32)))
	require.NoError(t, err)
	require.NoError(t, h.sys.RotateKeys(deadline(t), tenancy.Keys{Current: other}))
	require.ErrorIs(t, fresh.QueryRow(as(t, alpha), `SELECT count(*) FROM note`).Scan(new(int)), tenantdb.ErrForged)
	require.Error(t, h.sys.RotateKeys(deadline(t), tenancy.Keys{}))
	require.Error(t, h.sys.RotateKeys(deadline(t), tenancy.Keys{Current: k2, Previous: other}))
}

func TestLimitsCoverOneShotsAndTransactions(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	l := &limiter{}
	db := h.open(t, postgres.WithLimits(l))
	require.Equal(t, 10, count(t, as(t, alpha), db))
	require.NoError(t, db.Tx(as(t, alpha), func(ctx context.Context, tx pgx.Tx) error {
		require.Equal(t, 10, count(t, ctx, db)) // joins, and is not counted again
		return nil
	}))
	require.Error(t, db.QueryRow(as(t, alpha), `SELEC`).Scan(new(int)))
	require.Equal(t, 3, l.asked)
	require.Zero(t, l.held)
	for _, end := range []func(*sqlx.Tx) error{(*sqlx.Tx).Commit, (*sqlx.Tx).Rollback} {
		tx, err := db.SQLX().BeginTxx(as(t, alpha), nil)
		require.NoError(t, err)
		require.Equal(t, 1, l.held)
		require.NoError(t, tx.Get(new(int), `SELECT 1`))
		require.NoError(t, end(tx))
		require.Zero(t, l.held)
	}
	require.NoError(t, db.SQLX().GetContext(as(t, alpha), new(int), `SELECT 1`))
	require.NoError(t, db.TenantDB().Tx(as(t, alpha), func(context.Context, *sqlx.Tx) error { return nil }))
	require.Equal(t, 7, l.asked)
	require.Zero(t, l.held)
	l.refuse = true
	_, err := db.SQLX().BeginTxx(as(t, alpha), nil)
	require.ErrorIs(t, err, tenancy.ErrBusy)
	require.ErrorIs(t, db.QueryRow(as(t, alpha), `SELECT 1`).Scan(new(int)), tenancy.ErrBusy)
	require.ErrorIs(t, db.Tx(as(t, alpha), nil), tenancy.ErrBusy)
	require.Zero(t, l.held)
}

type limiter struct {
	asked, held int
	refuse      bool
}

func (l *limiter) Acquire(context.Context, tenancy.ID) (func(), error) {
	if l.refuse {
		return nil, tenancy.ErrBusy
	}
	l.asked++
	l.held++
	return func() { l.held-- }, nil
}

// TestValuesComeThroughDatabaseSQL compares what a transaction's first statement, sent in a batch, and its second
// answer with what Postgres writes.
func TestValuesComeThroughDatabaseSQL(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	exprs := []string{
		`1.50::numeric`, `-0.001::numeric`, `12345678901234567890::numeric`, `1000::numeric`, `0::numeric`, `0.00::numeric(9,2)`,
		`1e-20::numeric`, `'NaN'::numeric`, `1e30::numeric`, `'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid`, `'{1,2,NULL}'::int[]`,
		`'{a,"b c"}'::text[]`, `'{"a": 1}'::jsonb`, `'{"a":1}'::json`, `'10.0.0.0/8'::cidr`, `'x'::name`, `'abc'::char(5)`,
		`'a=>b'::text`, `'12:30'::time`, `'12:30:01.5'::time`, `E'\\x0102'::bytea::text`, `true::text`, `'{}'::text[]`, `'10.0.0.1/24'::inet`,
	}
	for _, mode := range modes {
		db := h.openDSN(t, with(h.App.DSN, "default_query_exec_mode=%s", mode))
		for _, e := range exprs {
			require.NoError(t, db.TenantDB().Read(as(t, alpha), func(ctx context.Context, tx *sqlx.Tx) error {
				for range 2 {
					var got, want string
					require.NoError(t, tx.QueryRowxContext(ctx, `SELECT `+e+`, (`+e+`)::text`).Scan(&got, &want), "%s %s", mode, e)
					require.Equal(t, strings.TrimRight(want, " "), strings.TrimRight(got, " "), "%s %s", mode, e)
				}
				return nil
			}))
		}
		var v struct {
			I  int64      `db:"i"`
			S  int16      `db:"s"`
			F  float64    `db:"f"`
			R  float32    `db:"r"`
			B  bool       `db:"b"`
			Y  []byte     `db:"y"`
			T  time.Time  `db:"t"`
			N  *string    `db:"n"`
			ID tenancy.ID `db:"id"`
		}
		at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
		require.NoError(t, db.SQLX().GetContext(as(t, alpha), &v, `SELECT $1::bigint i, $2::smallint s, $3::float8 f, 1.5::real r, $4::bool b, $5::bytea y,
			$6::timestamptz t, NULL::text n, $7::text id`, int64(1)<<60, 7, 2.5, true, []byte{0, 1}, at, beta))
		require.EqualValues(t, int64(1<<60), v.I)
		require.EqualValues(t, 7, v.S)
		require.Equal(t, 2.5, v.F)
		require.EqualValues(t, 1.5, v.R)
		require.True(t, v.B)
		require.Equal(t, []byte{0, 1}, v.Y)
		require.True(t, at.Equal(v.T))
		require.Nil(t, v.N)
		require.Equal(t, beta, v.ID)
	}
}
