package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

func TestAPurgeLeavesNoRowOfTheTenantAndEveryRowOfOthers(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.fill(t, alpha, 40)
	e.fill(t, beta, 20)
	one := e.shards["one"]
	others := one.hash(t, beta)
	doomed := tenancy.Tenant{ID: alpha, Region: "eu", Epoch: 1}

	r, err := one.sys.Purge(deadline(t), doomed)
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"public.customer": 40, "public.ticket": 40, "public.entry": 120}, r.Erased)
	require.Zero(t, r.Left)
	require.NotEmpty(t, r.Proof)
	require.NotEmpty(t, r.Residual)
	require.Zero(t, one.rows(t, alpha))
	require.Equal(t, others, one.hash(t, beta), "a bystander changed")

	// The same receipt again, and the id is refused for ever.
	again, err := one.sys.Purge(deadline(t), doomed)
	require.NoError(t, err)
	require.Equal(t, r, again)
	require.ErrorIs(t, one.sys.Provision(deadline(t), tenancy.Tenant{ID: alpha, State: tenancy.Active, Region: "eu", Epoch: 9}), tenancy.ErrPurged)
	require.ErrorIs(t, one.sys.SetState(deadline(t), tenancy.Tenant{ID: alpha, State: tenancy.Active, Epoch: 1}), tenancy.ErrPurged)
	for _, run := range []func(context.Context, func(context.Context, *sqlx.Tx) error) error{
		func(ctx context.Context, fn func(context.Context, *sqlx.Tx) error) error {
			return one.db.TenantDB().Tx(ctx, fn)
		},
		func(ctx context.Context, fn func(context.Context, *sqlx.Tx) error) error {
			return one.db.TenantDB().Read(ctx, fn)
		},
	} {
		require.ErrorIs(t, run(as(t, alpha), func(ctx context.Context, tx *sqlx.Tx) error {
			var n int
			return tx.GetContext(ctx, &n, `SELECT count(*) FROM customer`)
		}), tenancy.ErrPurged)
	}
}

func TestAPurgeWaitsForAWriterAndThenErasesWhatItWrote(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.fill(t, alpha, 5)
	one := e.shards["one"]
	done := make(chan error, 1)
	require.NoError(t, one.db.TenantDB().Tx(as(t, alpha), func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO customer (id, email) VALUES (gen_random_uuid(), 'late@x')`)
		go func() {
			_, err := one.sys.Purge(deadline(t), tenancy.Tenant{ID: alpha, Epoch: 1})
			done <- err
		}()
		require.Eventually(t, func() (waits bool) {
			require.NoError(t, one.owner.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
				AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`).Scan(&waits))
			return waits
		}, 30*time.Second, 5*time.Millisecond, "the purge does not wait for the writer")
		return err
	}))
	require.NoError(t, <-done)
	require.Zero(t, one.rows(t, alpha))
}

func TestAPurgeOfATenantThatIsNotHereIsAnError(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	two := e.shards["two"]
	_, err := two.sys.Purge(deadline(t), tenancy.Tenant{ID: alpha, Epoch: 1})
	require.ErrorIs(t, err, tenancy.ErrUnknownTenant)
	_, err = e.shards["one"].sys.Purge(deadline(t), tenancy.Tenant{ID: alpha, Epoch: 2})
	require.ErrorIs(t, err, tenancy.ErrStaleEpoch)
	_, err = two.sys.Purge(deadline(t), tenancy.Tenant{})
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
}

// A move that failed after copying, and could not clear up, leaves rows in a place the directory does not
// name. Purging the tenant by its lifecycle finds them.
func TestAPurgeFindsTheCopyThatAMoveLeftBehind(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.fill(t, alpha, 12)
	one, two := e.shards["one"], e.shards["two"]
	life := tenancy.Lifecycle{Store: e.dir, Shards: []tenancy.Shard{
		{Name: "one", Region: "eu", Host: one.sys}, {Name: "two", Region: "eu", Host: two.sys}, {Name: "far", Region: "au", Host: e.shards["far"].sys},
	}}
	// What a mover that was killed after its first round leaves.
	require.NoError(t, two.sys.Provision(deadline(t), tenancy.Tenant{ID: alpha, State: tenancy.Provisioning, Region: "eu", Epoch: 2}))
	two.exec(t, two.Admin.DSN, `INSERT INTO customer (tenant_id, id) SELECT 'alpha', gen_random_uuid() FROM generate_series(1, 7)`)

	_, err := life.Suspend(deadline(t), alpha)
	require.NoError(t, err)
	r, err := life.Purge(deadline(t), alpha)
	require.NoError(t, err)
	require.EqualValues(t, 7, r.Erased["two: public.customer"])
	require.EqualValues(t, 12, r.Erased["public.customer"])
	require.Contains(t, r.Proof, "shard far: the tenant was never there")
	require.Zero(t, one.rows(t, alpha)+two.rows(t, alpha))
	again, err := life.Purge(deadline(t), alpha)
	require.NoError(t, err)
	require.Equal(t, r, again)
	// A mover that wakes up now writes nothing.
	_, err = e.move(t, deadline(t), alpha, "one", "two")
	require.Error(t, err)
	require.Zero(t, two.rows(t, alpha))
}

// lend lets the system role purge the tables.
func (h *house) lend(t testing.TB) {
	t.Helper()
	h.exec(t, h.Owner.DSN, replace(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "$sys"`, "$sys", h.System.Role))
}

// A tuple id names a row of one table: of those that inherit from each other, each has the same ones.
func TestAPurgeOfATableThatOthersInheritFromKeepsRowsOfOthers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.exec(t, h.Owner.DSN, tableSQL("parent", h.App.Role, "id bigint NOT NULL", "id")+`
		CREATE TABLE a_child (LIKE parent INCLUDING ALL) INHERITS (parent); -- its name comes first: it is purged last
		CREATE TRIGGER tenancy_fence BEFORE INSERT OR UPDATE OR DELETE ON a_child FOR EACH STATEMENT EXECUTE FUNCTION tenancy.fence()`)
	h.lend(t)
	h.exec(t, h.Admin.DSN, `INSERT INTO parent (tenant_id, id) SELECT 'alpha', i FROM generate_series(1, 5) i;
		INSERT INTO a_child (tenant_id, id) SELECT 'beta', i FROM generate_series(1, 5) i`)
	_, err := h.sys.Purge(deadline(t), tenancy.Tenant{ID: beta, Epoch: 1})
	require.NoError(t, err)
	var ours, theirs int
	require.NoError(t, h.owner.QueryRow(t.Context(), `SELECT count(*) FILTER (WHERE tenant_id = 'alpha'), count(*) FILTER (WHERE tenant_id = 'beta') FROM parent`).Scan(&ours, &theirs))
	require.Equal(t, 5, ours)
	require.Zero(t, theirs)
}

// An id is not cut to the length of a column: what is left of it may be another tenant's.
func TestAPurgeByALongerIDKeepsRowsOfTheShorter(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.exec(t, h.Owner.DSN, `CREATE DOMAIN tag AS varchar(5)`)
	for table, typ := range map[string]string{"v": "varchar(5)", "c": "char(5)", "d": "tag"} {
		sql := tableSQL(table, h.App.Role, "id bigint NOT NULL", "id")
		h.exec(t, h.Owner.DSN, replace(sql, `tenant_id text COLLATE "C"`, "tenant_id "+typ))
		h.exec(t, h.Admin.DSN, `INSERT INTO `+table+` (tenant_id, id) VALUES ('alpha', 1)`)
	}
	h.lend(t)
	longer := tenancy.MustParseID("alphabet")
	require.NoError(t, h.sys.Provision(deadline(t), tenancy.Tenant{ID: longer, State: tenancy.Active, Region: "eu", Epoch: 1}))
	r, err := h.sys.Purge(deadline(t), tenancy.Tenant{ID: longer, Epoch: 1})
	require.NoError(t, err)
	require.Empty(t, r.Erased)
	r, err = h.sys.Purge(deadline(t), tenancy.Tenant{ID: alpha, Epoch: 1})
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"public.note": 10, "public.v": 1, "public.c": 1, "public.d": 1}, r.Erased)
}

func TestAFencedTableWithAnotherTenantColumnStopsPurges(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.exec(t, h.Owner.DSN, replace(tableSQL("odd", h.App.Role, "id bigint NOT NULL", "id"), "tenant_id", "org_id"))
	h.lend(t)
	_, err := h.sys.Purge(deadline(t), tenancy.Tenant{ID: beta, Epoch: 1})
	require.ErrorContains(t, err, "public.odd")
}
