package postgres_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
)

func TestUnsafeRoleIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	app := h.App.Role
	for reason, c := range map[string]struct{ do, undo string }{
		"is a superuser":             {`ALTER ROLE $app SUPERUSER`, `ALTER ROLE $app NOSUPERUSER`},
		"has BYPASSRLS":              {`ALTER ROLE $app BYPASSRLS`, `ALTER ROLE $app NOBYPASSRLS`},
		"which has BYPASSRLS":        {`CREATE ROLE $app_2; GRANT $sys TO $app_2; GRANT $app_2 TO $app`, `DROP ROLE $app_2`},
		"CREATEROLE":                 {`ALTER ROLE $app CREATEROLE`, `ALTER ROLE $app NOCREATEROLE`},
		"REPLICATION":                {`ALTER ROLE $app REPLICATION`, `ALTER ROLE $app NOREPLICATION`},
		"owns the database":          {`GRANT $owner TO $app`, `REVOKE $owner FROM $app`},
		"owns table note":            {`ALTER TABLE note OWNER TO $app`, `ALTER TABLE note OWNER TO $owner`},
		"files or programs":          {`GRANT pg_execute_server_program TO $app`, `REVOKE pg_execute_server_program FROM $app`},
		"temporary tables":           {`GRANT TEMPORARY ON DATABASE $db TO PUBLIC`, `REVOKE TEMPORARY ON DATABASE $db FROM PUBLIC`},
		"create objects in schema p": {`GRANT CREATE ON SCHEMA public TO $app`, `REVOKE CREATE ON SCHEMA public FROM $app`},
		// A member that does not inherit can still SET ROLE.
		"is a member of " + h.System.Role: {`ALTER ROLE $app NOINHERIT; GRANT $sys TO $app`, `REVOKE $sys FROM $app; ALTER ROLE $app INHERIT`},
	} {
		r := func(s string) string {
			return subst(s, "$app", app, "$sys", h.System.Role, "$owner", h.Owner.Role, "$db", h.Name)
		}
		h.exec(t, h.Admin.DSN, r(c.do))
		_, err := postgres.Open(t.Context(), h.App.DSN, h.keys, postgres.AllowOldServer())
		h.exec(t, h.Admin.DSN, r(c.undo))
		require.ErrorIs(t, err, tenantdb.ErrUnsafe, reason)
		require.ErrorContains(t, err, reason)
		h.open(t) // and it is the only reason
	}
	for _, dsn := range []string{h.Owner.DSN, h.Admin.DSN, h.System.DSN} {
		_, err := postgres.Open(t.Context(), dsn, h.keys, postgres.AllowOldServer())
		require.ErrorIs(t, err, tenantdb.ErrUnsafe)
	}
	// Changed after login, a role can be changed back by anybody.
	cfg, err := pgxpool.ParseConfig(h.Admin.DSN)
	require.NoError(t, err)
	cfg.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, `SET ROLE `+app)
		return err
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	defer pool.Close()
	_, err = postgres.New(t.Context(), pool, h.keys, postgres.AllowOldServer())
	require.ErrorIs(t, err, tenantdb.ErrUnsafe)
	require.ErrorContains(t, err, "changed after login")
}

func TestWrongSchemaIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	refused := func(says string) {
		t.Helper()
		_, err := postgres.Open(t.Context(), h.App.DSN, h.keys, postgres.AllowOldServer())
		require.ErrorIs(t, err, tenantdb.ErrSchema)
		require.ErrorContains(t, err, says)
		_, err = postgres.OpenSystem(t.Context(), h.System.DSN, postgres.SystemOptions{Audit: allow, AllowOldServer: true})
		require.ErrorIs(t, err, tenantdb.ErrSchema)
	}
	h.exec(t, h.Owner.DSN, `INSERT INTO tenancy.goose_db_version (version_id, is_applied) VALUES (999, true)`)
	refused("version 999")
	conn, err := pgx.Connect(t.Context(), h.Owner.DSN)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	require.ErrorIs(t, postgres.Setup(t.Context(), conn, h.setupOptions()), tenantdb.ErrSchema)
	h.exec(t, h.Owner.DSN, `UPDATE tenancy.goose_db_version SET version_id = 0 WHERE version_id > 0`)
	refused("version 0")
	h.exec(t, h.Owner.DSN, `DROP SCHEMA tenancy CASCADE`)
	refused("missing")
}

func TestSetupRepeatsAndRunsTwiceAtOnce(t *testing.T) {
	t.Parallel()
	h := &house{PG: dbtest.Postgres(t), shard: "main", keys: tenancy.Keys{Current: testKey(t, "k1")}}
	errs := make(chan error, 4)
	for range cap(errs) {
		go func() {
			conn, err := pgx.Connect(t.Context(), h.Owner.DSN)
			if err == nil {
				defer conn.Close(context.Background())
				err = postgres.Setup(t.Context(), conn, h.setupOptions())
			}
			errs <- err
		}()
	}
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
	h.setup(t, h.setupOptions())

	conn, err := pgx.Connect(t.Context(), h.Owner.DSN)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	o := h.setupOptions()
	o.Region = "us"
	require.ErrorIs(t, postgres.Setup(t.Context(), conn, o), tenancy.ErrWrongRegion)
	o = h.setupOptions()
	o.SystemRole, o.AppRole = o.AppRole, o.SystemRole
	require.ErrorIs(t, postgres.Setup(t.Context(), conn, o), tenantdb.ErrUnsafe)
	o = h.setupOptions()
	o.Keys = tenancy.Keys{}
	require.Error(t, postgres.Setup(t.Context(), conn, o))
}

func TestSetupThatIsRefusedForARoleLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	h := &house{PG: dbtest.Postgres(t), shard: "main", keys: tenancy.Keys{Current: testKey(t, "k1")}}
	conn, err := pgx.Connect(t.Context(), h.Owner.DSN)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	for says, change := range map[string]func(*postgres.SetupOptions){
		"role no_such_app does not exist":    func(o *postgres.SetupOptions) { o.AppRole = "no_such_app" },
		"role no_such_system does not exist": func(o *postgres.SetupOptions) { o.SystemRole = "no_such_system" },
		"lacks BYPASSRLS":                    func(o *postgres.SetupOptions) { o.SystemRole = h.Owner.Role },
		"is a superuser":                     func(o *postgres.SetupOptions) { o.AppRole = h.Admin.Role },
	} {
		o := h.setupOptions()
		change(&o)
		err := postgres.Setup(t.Context(), conn, o)
		require.ErrorIs(t, err, tenantdb.ErrUnsafe)
		require.ErrorContains(t, err, says)
		var schema, temporary bool
		require.NoError(t, conn.QueryRow(t.Context(), `SELECT to_regnamespace('tenancy') IS NOT NULL,
			has_database_privilege($1, current_database(), 'TEMPORARY')`, h.App.Role).Scan(&schema, &temporary))
		require.False(t, schema, says)
		require.True(t, temporary, says)
	}
	// And what can be mended is.
	h.exec(t, h.Owner.DSN, `CREATE SCHEMA tenancy; GRANT CREATE ON SCHEMA tenancy TO `+h.App.Role)
	h.setup(t, h.setupOptions())
}

func TestADatabaseIsNamedOnce(t *testing.T) {
	t.Parallel()
	h := &house{PG: dbtest.Postgres(t), keys: tenancy.Keys{Current: testKey(t, "k1")}, shard: "main"}
	o := h.setupOptions()
	o.Shard, o.Region = "", ""
	h.setup(t, o)
	h.setup(t, h.setupOptions()) // "main" in "eu"
	h.setup(t, h.setupOptions())
	conn, err := pgx.Connect(t.Context(), h.Owner.DSN)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	o = h.setupOptions()
	o.Shard = "other"
	require.ErrorIs(t, postgres.Setup(t.Context(), conn, o), tenantdb.ErrUnsafe)
	h.sys, err = postgres.OpenSystem(t.Context(), h.System.DSN, postgres.SystemOptions{Audit: allow, AllowOldServer: true})
	require.NoError(t, err)
	t.Cleanup(h.sys.Close)
	db := h.open(t) // its scopes are signed for the new name
	_, err = tenantdb.Route(tenancy.NewMemory(), 0, nil, tenantdb.Shard{Name: "other", Region: "eu", Backend: db})
	require.ErrorIs(t, err, tenantdb.ErrUnsafe)
	_, err = tenantdb.Route(tenancy.NewMemory(), 0, nil, tenantdb.Shard{Name: "main", Region: "eu", Backend: db})
	require.NoError(t, err)
}

func TestAKeyIsNotReplacedUnderItsOwnID(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	conn, err := pgx.Connect(t.Context(), h.Owner.DSN)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	o := h.setupOptions()
	other, err := tenancy.NewKey("k1", []byte(strings.Repeat("another secret ", 3)))
	require.NoError(t, err)
	o.Keys = tenancy.Keys{Current: other}
	require.ErrorIs(t, postgres.Setup(t.Context(), conn, o), tenantdb.ErrUnsafe)
	h.open(t) // with the old secret
}

func TestSystemAccessOfAnotherDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	h, other := newHouse(t), newHouse(t)
	_, err := postgres.Open(t.Context(), h.App.DSN, h.keys, postgres.AllowOldServer(), postgres.WithSystem(other.sys))
	require.ErrorIs(t, err, tenantdb.ErrUnsafe)
}

func TestKeysTheDatabaseDoesNotKnowAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, err := postgres.Open(t.Context(), h.App.DSN, tenancy.Keys{Current: testKey(t, "k9")}, postgres.AllowOldServer())
	require.ErrorIs(t, err, tenantdb.ErrForged)
	_, err = postgres.Open(t.Context(), h.App.DSN, tenancy.Keys{}, postgres.AllowOldServer())
	require.ErrorContains(t, err, "no signing key")
}

func TestUnencryptedWayToAnotherMachineIsRefused(t *testing.T) {
	t.Parallel()
	keys := tenancy.Keys{Current: testKey(t, "k1")}
	for _, dsn := range []string{
		"postgres://a@192.0.2.1/d?sslmode=disable",
		"postgres://a@db.example.com/d?sslmode=prefer", // falls back
		"postgres://a@db.example.com/d?sslmode=allow",
		"postgres://a@127.0.0.1,192.0.2.1/d?sslmode=disable",
		"host=localhost.example.com user=a sslmode=disable",
	} {
		_, err := postgres.Open(t.Context(), dsn, keys)
		require.ErrorIs(t, err, tenantdb.ErrUnsafe, dsn)
		require.ErrorContains(t, err, "sslmode=verify-full", dsn)
		_, err = postgres.OpenSystem(t.Context(), dsn, postgres.SystemOptions{Audit: allow})
		require.ErrorIs(t, err, tenantdb.ErrUnsafe, dsn)
	}
	for _, dsn := range []string{
		"postgres://a@127.0.0.2:1/d?sslmode=disable", "postgres://a@[::1]:1/d?sslmode=disable",
		"host=/nowhere user=a", "postgres://a@localhost:1/d?sslmode=disable",
	} {
		_, err := postgres.Open(t.Context(), dsn, keys)
		require.ErrorIs(t, err, tenantdb.ErrUnavailable, dsn)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := postgres.Open(ctx, "postgres://a@192.0.2.1/d?sslmode=disable", keys, postgres.AllowPlaintext())
	require.Error(t, err)
	require.NotErrorIs(t, err, tenantdb.ErrUnsafe)
}

func TestServerWithKnownHolesIsRefused(t *testing.T) {
	t.Parallel()
	for version, bad := range map[int]bool{
		120020: true, 130021: true, 130022: false, 140018: true, 140019: false, 150013: true, 150018: false,
		160009: true, 160010: false, 170005: true, 170006: false, 180000: false, 190000: false,
	} {
		require.Equal(t, bad, postgres.ServerFault(version) != "", version)
	}
}
