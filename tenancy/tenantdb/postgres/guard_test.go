package postgres_test

import (
	"context"
	"os/exec"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// notByApp are statements that an application role must be refused whatever its scope.
var notByApp = map[string]string{
	"insert for another":      `INSERT INTO note (tenant_id, id, body) VALUES ('beta', 99, 'x')`,
	"upsert for another":      `INSERT INTO note (tenant_id, id, body) VALUES ('beta', 1, 'x') ON CONFLICT (tenant_id, id) DO UPDATE SET body = 'x'`,
	"move a row":              `UPDATE note SET tenant_id = 'beta'`,
	"truncate":                `TRUNCATE note`,
	"reference":               `CREATE TABLE child (t text, n bigint, FOREIGN KEY (t, n) REFERENCES note)`,
	"trigger":                 `CREATE TRIGGER x BEFORE INSERT ON note EXECUTE FUNCTION tenancy.fence()`,
	"disable policies":        `ALTER TABLE note DISABLE ROW LEVEL SECURITY`,
	"drop the guard":          `DROP POLICY tenancy_guard ON note`,
	"switch off row security": `SELECT set_config('row_security', 'off', true), (SELECT count(*) FROM note)`,
	"become the system":       `SET ROLE $sys`,
	"become the owner":        `SET SESSION AUTHORIZATION $owner`,
	"replicate":               `SELECT pg_create_logical_replication_slot('x', 'pgoutput')`,
}

func TestGuardHoldsAgainstTheAppRole(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	for what, sql := range notByApp {
		sql = subst(sql, "$sys", h.System.Role, "$owner", h.Owner.Role)
		_, err := db.Exec(as(t, alpha), sql)
		require.ErrorIs(t, err, tenantdb.ErrIsolation, what)
	}
	tag, err := db.Exec(as(t, alpha), `UPDATE note SET body = 'x' WHERE tenant_id = 'beta'`)
	require.NoError(t, err)
	require.Zero(t, tag.RowsAffected())
	tag, err = db.Exec(as(t, alpha), `DELETE FROM note WHERE tenant_id = 'beta'`)
	require.NoError(t, err)
	require.Zero(t, tag.RowsAffected())
	require.Equal(t, 10, count(t, as(t, beta), db))
}

func TestGuardSurvivesAnotherPolicy(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.exec(t, h.Owner.DSN, `CREATE POLICY everyone ON note FOR ALL TO PUBLIC USING (true) WITH CHECK (true)`)
	db := h.open(t)
	require.Equal(t, 10, count(t, as(t, alpha), db))
	_, err := db.Exec(as(t, alpha), notByApp["insert for another"])
	require.ErrorIs(t, err, tenantdb.ErrIsolation)
}

func TestGuardUsesTheIndex(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.exec(t, h.Admin.DSN, `INSERT INTO note SELECT 'tenant-' || t, i, '' FROM generate_series(1, 50) t, generate_series(1, 50) i; ANALYZE note`)
	db := h.open(t)
	rows, err := db.Query(as(t, alpha), `EXPLAIN SELECT * FROM note WHERE id = 7`)
	require.NoError(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	plan := joinLines(lines)
	require.Contains(t, plan, "Index Scan using note_pkey")
	require.Contains(t, plan, "InitPlan")
}

func TestCopyFromTheServerIsRefusedAndCopyToIsFiltered(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	require.NoError(t, db.Tx(as(t, alpha), func(ctx context.Context, tx pgx.Tx) error {
		var out countWriter
		_, err := tx.Conn().PgConn().CopyTo(ctx, &out, `COPY (SELECT tenant_id FROM note) TO STDOUT`)
		require.NoError(t, err)
		require.Equal(t, 10*len("alpha\n"), int(out))
		return nil
	}))
	err := db.Tx(as(t, alpha), func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Conn().CopyFrom(ctx, pgx.Identifier{"note"}, []string{"id", "body"}, pgx.CopyFromRows([][]any{{99, "x"}}))
		return err
	})
	require.ErrorContains(t, err, "0A000")
	require.Equal(t, 10, count(t, as(t, alpha), db))
}

type countWriter int

func (w *countWriter) Write(p []byte) (int, error) { *w += countWriter(len(p)); return len(p), nil }

// TestStatisticsHideValues looks at what one session of the shared role can see of another.
func TestStatisticsHideValues(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.exec(t, h.Admin.DSN, `ANALYZE note`)
	db := h.open(t)
	var n int
	require.NoError(t, db.QueryRow(as(t, alpha), `SELECT count(*) FROM pg_stats WHERE tablename = 'note'`).Scan(&n))
	require.Zero(t, n)
	require.NoError(t, db.Tx(as(t, alpha), func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `SELECT $1::text`, "confidential")
		require.NoError(t, err)
		require.NoError(t, db.QueryRow(as(t, beta), `SELECT count(*) FROM pg_stat_activity
			WHERE query LIKE '%conf' || 'idential%' AND pid <> pg_backend_pid()`).Scan(&n))
		require.Zero(t, n)
		require.NoError(t, db.QueryRow(as(t, beta), `SELECT count(*) FROM pg_stat_activity
			WHERE query LIKE '%' || '1k1%' AND pid <> pg_backend_pid()`).Scan(&n))
		require.Zero(t, n, "a signed scope is on show")
		return nil
	}))
}

func TestDumpByTheAppRoleIsRefused(t *testing.T) {
	t.Parallel()
	dump, err := exec.LookPath("pg_dump")
	if err != nil {
		t.Skip("pg_dump is not installed")
	}
	h := newHouse(t)
	out, err := exec.CommandContext(t.Context(), dump, "--data-only", "-t", "note", h.App.DSN).CombinedOutput()
	require.Error(t, err)
	require.NotContains(t, string(out), "alpha")
}

func TestStateIsEnforcedByTheDatabase(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	read := func() error { return db.QueryRow(as(t, alpha), `SELECT count(*) FROM note`).Scan(new(int)) }
	write := func() error {
		_, err := db.Exec(as(t, alpha), `UPDATE note SET body = body WHERE id = 1`)
		return err
	}
	set := func(s tenancy.State) error {
		return h.sys.SetState(deadline(t), tenancy.Tenant{ID: alpha, State: s, Epoch: 1})
	}
	for _, c := range []struct {
		state       tenancy.State
		read, write error
	}{
		{tenancy.Suspended, tenancy.ErrNotActive, tenancy.ErrNotActive},
		{tenancy.Provisioning, tenancy.ErrNotActive, tenancy.ErrNotActive},
		{tenancy.Exporting, nil, tenancy.ErrReadOnly},
		{tenancy.Moving, nil, tenancy.ErrReadOnly},
		{tenancy.Active, nil, nil},
		{tenancy.Purging, tenancy.ErrPurged, tenancy.ErrPurged},
		{tenancy.Purged, tenancy.ErrPurged, tenancy.ErrPurged},
	} {
		require.NoError(t, set(c.state))
		require.ErrorIs(t, read(), c.read, "read while %s", c.state)
		require.ErrorIs(t, write(), c.write, "write while %s", c.state)
	}
	require.ErrorIs(t, set(tenancy.Active), tenancy.ErrPurged)
	require.ErrorIs(t, h.sys.Provision(deadline(t), tenancy.Tenant{ID: alpha, State: tenancy.Active, Epoch: 7}), tenancy.ErrPurged)
	require.ErrorIs(t, db.QueryRow(as(t, tenancy.MustParseID("nobody")), `SELECT count(*) FROM note`).Scan(new(int)), tenancy.ErrUnknownTenant)
	h.exec(t, h.Admin.DSN, `UPDATE tenancy.tenant SET state = 'moved' WHERE id = 'beta'`)
	require.ErrorIs(t, db.QueryRow(as(t, beta), `SELECT count(*) FROM note`).Scan(new(int)), tenancy.ErrStaleEpoch)
}

func TestEpochAndRegionAreEnforcedByTheDatabase(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	begin := func(epoch int64, sql string) error {
		b, err := db.Begin(deadline(t), tenantdb.Scope{Tenant: alpha, Epoch: epoch}, tenantdb.TxOptions{})
		require.NoError(t, err)
		_, err = b.Tx.Exec(sql)
		require.NoError(t, b.Tx.Rollback())
		return err
	}
	for _, sql := range []string{`SELECT * FROM note`, `DELETE FROM note`} {
		require.NoError(t, begin(1, sql))
		require.NoError(t, begin(0, sql))
		require.ErrorIs(t, begin(2, sql), tenancy.ErrStaleEpoch)
	}
	require.NoError(t, h.sys.Provision(deadline(t), tenancy.Tenant{ID: alpha, State: tenancy.Active, Region: "eu", Epoch: 3}))
	require.ErrorIs(t, begin(1, `SELECT * FROM note`), tenancy.ErrStaleEpoch)
	require.NoError(t, begin(3, `SELECT * FROM note`))
	require.ErrorIs(t, h.sys.Provision(deadline(t), tenancy.Tenant{ID: alpha, State: tenancy.Active, Epoch: 2}), tenancy.ErrStaleEpoch)
	require.ErrorIs(t, h.sys.SetState(deadline(t), tenancy.Tenant{ID: alpha, State: tenancy.Suspended, Epoch: 2}), tenancy.ErrStaleEpoch)

	require.ErrorIs(t, h.sys.Provision(deadline(t), tenancy.Tenant{ID: tenancy.NewID(), State: tenancy.Active, Region: "us", Epoch: 1}), tenancy.ErrWrongRegion)
	require.NoError(t, h.sys.Provision(deadline(t), tenancy.Tenant{ID: tenancy.NewID(), State: tenancy.Active, Epoch: 1}))
	require.ErrorIs(t, h.sys.SetState(deadline(t), tenancy.Tenant{ID: tenancy.NewID(), State: tenancy.Active, Epoch: 1}), tenancy.ErrUnknownTenant)
	require.ErrorIs(t, h.sys.Provision(deadline(t), tenancy.Tenant{ID: tenancy.NewID(), State: "happy", Epoch: 1}), tenancy.ErrState)
}

// TestFenceStopsAWriterThatBeganBeforeTheState has a transaction read, then the tenant become read-only,
// then the transaction write.
func TestFenceStopsAWriterThatBeganBeforeTheState(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	for _, c := range []struct {
		opts []tenantdb.Option
		want error
	}{
		{nil, tenancy.ErrReadOnly},
		{[]tenantdb.Option{tenantdb.Isolation(4)}, tenantdb.ErrConflict}, // its snapshot shows an active tenant
	} {
		err := db.Tx(as(t, alpha), func(ctx context.Context, tx pgx.Tx) error {
			require.NoError(t, tx.QueryRow(ctx, `SELECT count(*) FROM note`).Scan(new(int)))
			require.NoError(t, h.sys.SetState(deadline(t), tenancy.Tenant{ID: alpha, State: tenancy.Moving, Epoch: 1}))
			_, err := tx.Exec(ctx, `UPDATE note SET body = 'late'`)
			return err
		}, c.opts...)
		require.ErrorIs(t, err, c.want)
		require.NoError(t, h.sys.SetState(deadline(t), tenancy.Tenant{ID: alpha, State: tenancy.Active, Epoch: 1}))
	}
	// And the state waits for a writer that was first.
	done := make(chan error)
	require.NoError(t, db.Tx(as(t, alpha), func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE note SET body = 'first'`)
		require.NoError(t, err)
		go func() {
			done <- h.sys.SetState(context.WithoutCancel(ctx), tenancy.Tenant{ID: alpha, State: tenancy.Moving, Epoch: 1})
		}()
		require.Eventually(t, func() bool {
			var waiting bool
			require.NoError(t, h.owner.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
				AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`).Scan(&waiting))
			return waiting
		}, wait, tick)
		select {
		case err := <-done:
			t.Error("the state did not wait", err)
		default:
		}
		return nil
	}))
	require.NoError(t, <-done)
}

// A tenant column of type uuid cannot tell these apart.
func TestTwoSpellingsOfAUUIDAreNotTwoTenants(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	provision := func(id string) error {
		return h.sys.Provision(deadline(t), tenancy.Tenant{ID: tenancy.MustParseID(id), State: tenancy.Active, Epoch: 1})
	}
	require.NoError(t, provision("0197a3c0-1111-7222-8333-444455556666"))
	require.NoError(t, provision("0197a3c0-1111-7222-8333-444455556666"), "it may be repeated")
	require.NoError(t, provision("0197a3c0-1111-7222-8333-444455556667"))
	require.NoError(t, provision("a-b"))
	require.NoError(t, provision("ab"))
	require.Error(t, provision("0197a3c0111172228333444455556666"))
	require.Error(t, provision("0197-a3c01111-72228333-4444-55556666"))
}
