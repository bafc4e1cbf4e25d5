package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
)

// forgeries are statements that set the scope to $1 and read notes in the same breath, as SQL injected
// into a query would.
var forgeries = map[string]string{
	"lateral":    `SELECT count(*) FROM (SELECT set_config('tenancy.scope', $1, true) s OFFSET 0) z, LATERAL (SELECT * FROM note WHERE z.s IS NOT NULL) n WHERE n.tenant_id = 'beta'`,
	"cte":        `WITH z AS MATERIALIZED (SELECT set_config('tenancy.scope', $1, true) s) SELECT count(*) FROM z, note WHERE z.s IS NOT NULL AND tenant_id = 'beta'`,
	"union":      `SELECT count(*) FROM (SELECT set_config('tenancy.scope', $1, true) UNION ALL SELECT body FROM note WHERE tenant_id = 'beta') u WHERE u.set_config LIKE 'beta%'`,
	"sub-select": `SELECT (SELECT count(*) FROM note WHERE tenant_id = 'beta' AND z.s IS NOT NULL) FROM (SELECT set_config('tenancy.scope', $1, true) s OFFSET 0) z`,
	"case":       `SELECT CASE WHEN set_config('tenancy.scope', $1, true) IS NOT NULL THEN (SELECT count(*) FROM note WHERE tenant_id = 'beta') END`,
	"session":    `SELECT count(*) FROM (SELECT set_config('tenancy.scope', $1, false) s OFFSET 0) z, LATERAL (SELECT * FROM note WHERE z.s IS NOT NULL) n WHERE n.tenant_id = 'beta'`,
	"write":      `WITH z AS MATERIALIZED (SELECT set_config('tenancy.scope', $1, true) s), w AS (UPDATE note SET body = 'forged' FROM z WHERE z.s IS NOT NULL RETURNING 1) SELECT count(*) FROM w`,
	"move":       `WITH z AS MATERIALIZED (SELECT set_config('tenancy.scope', $1, true) s), w AS (INSERT INTO note (tenant_id, id, body) SELECT 'beta', 99, z.s FROM z RETURNING 1) SELECT count(*) FROM w`,
}

// TestScopeCannotBeForged tries each statement with scopes that were not signed for the moment, in each mode.
func TestScopeCannotBeForged(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, mode := range modes {
		db := h.openDSN(t, with(h.App.DSN, "default_query_exec_mode=%s", mode))
		good := postgres.Sign(db, tenantdb.Scope{Tenant: alpha}, time.Now().Add(time.Minute))
		scopes := map[string]string{
			"another tenant's name under this one's signature": strings.TrimSuffix(good, "alpha") + "beta",
			"no signature":   "beta",
			"empty":          "",
			"zeros":          strings.Repeat("0", 64) + "1k1" + "9999999999" + "000000000000" + "beta",
			"unknown key":    strings.Replace(strings.TrimSuffix(good, "alpha")+"beta", "1k1", "1zz", 1),
			"longer life":    good[:67] + "9999999999" + good[77:89] + "beta",
			"doubled":        good + "beta",
			"another format": strings.Replace(good, "1k1", "2k1", 1),
			"its own, cut":   good[:len(good)-1],
		}
		for way, sql := range forgeries {
			for what, scope := range scopes {
				var n int
				err := db.QueryRow(as(t, alpha), sql, scope).Scan(&n)
				if what == "empty" && err == nil { // no scope, no rows
					require.Zero(t, n, "%s: %s", way, what)
					continue
				}
				if err == nil && n == 0 && way != "write" && way != "move" {
					continue // the guard was asked before the setting changed: alpha's own view
				}
				var pg *pgconn.PgError
				require.ErrorAs(t, err, &pg, "%s, %s: %s", mode, way, what)
				require.Equal(t, "42501", pg.Code, "%s, %s: %s", mode, way, what)
				require.True(t, isRefusal(err), "%s, %s: %s: %v", mode, way, what, err)
			}
		}
	}
	var forged int
	require.NoError(t, h.owner.QueryRow(t.Context(), `SELECT count(*) FROM note WHERE body !~ '^(alpha|beta) '`).Scan(&forged))
	require.Zero(t, forged)
}

func isRefusal(err error) bool {
	for _, want := range []error{tenantdb.ErrForged, tenantdb.ErrIsolation, tenancy.ErrNoTenant} {
		if errors.Is(err, want) {
			return true
		}
	}
	return false
}

// TestRandomScopeIsRefused turns any byte of a good scope, or all of it, into something else.
func TestRandomScopeIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.openDSN(t, with(h.App.DSN, "pool_max_conns=1"))
	good := postgres.Sign(db, tenantdb.Scope{Tenant: alpha}, time.Now().Add(time.Minute))
	rapid.Check(t, func(t *rapid.T) {
		scope := []byte(good)
		if rapid.Bool().Draw(t, "random") {
			scope = []byte(rapid.StringMatching(`[ -~]{1,160}`).Draw(t, "scope"))
		} else {
			i := rapid.IntRange(0, len(scope)-1).Draw(t, "at")
			scope[i] = byte(rapid.IntRange(32, 126).Draw(t, "byte"))
		}
		if string(scope) == good {
			return
		}
		err := raw(t.Context(), db, string(scope), `SELECT count(*) FROM note`)
		if !errors.Is(err, tenantdb.ErrForged) {
			t.Fatalf("%q: %v", scope, err)
		}
	})
}

// raw runs sql under a scope text of the caller's making.
func raw(ctx context.Context, db *postgres.DB, scope, sql string) error {
	var b pgx.Batch
	b.Queue(postgres.ScopeSQL, scope)
	b.Queue(sql)
	return db.Translate(postgres.Pool(db).SendBatch(ctx, &b).Close())
}

func TestScopeExpires(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	old := postgres.Sign(db, tenantdb.Scope{Tenant: alpha}, time.Now().Add(-2*time.Second))
	require.ErrorIs(t, raw(deadline(t), db, old, `SELECT * FROM note`), tenantdb.ErrExpired)
	require.ErrorIs(t, raw(deadline(t), db, old, `DELETE FROM note`), tenantdb.ErrExpired)
	fresh := postgres.Sign(db, tenantdb.Scope{Tenant: alpha}, time.Now().Add(time.Minute))
	require.NoError(t, raw(deadline(t), db, fresh, `SELECT * FROM note`))
	// A process whose clock is behind is told so, and a new one is refused at the start.
	postgres.SetClock(db, func() time.Time { return time.Now().Add(-time.Hour) })
	require.ErrorIs(t, db.QueryRow(as(t, alpha), `SELECT count(*) FROM note`).Scan(new(int)), tenantdb.ErrExpired)
}

func TestLongTransactionOutlivesItsScope(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	postgres.SetClock(db, func() time.Time { return time.Now().Add(-59 * time.Second) }) // a scope of one second
	require.NoError(t, db.Tx(as(t, alpha), func(ctx context.Context, tx pgx.Tx) error {
		for range 3 {
			var n int
			require.NoError(t, tx.QueryRow(ctx, `SELECT count(*) FROM note`).Scan(&n))
			require.Equal(t, 10, n)
			_, err := tx.Exec(ctx, `SELECT pg_sleep(0.7)`)
			require.NoError(t, err)
		}
		return nil
	}))
}

func TestScopeOfAnotherShardIsRefused(t *testing.T) {
	t.Parallel()
	a, b := newHouse(t), newHouseAs(t, "other")
	fromA := postgres.Sign(a.open(t), tenantdb.Scope{Tenant: alpha}, time.Now().Add(time.Minute))
	require.ErrorIs(t, raw(deadline(t), b.open(t), fromA, `SELECT * FROM note`), tenantdb.ErrForged)
}

func TestStrangersCannotTellTenantsApart(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	for _, state := range []tenancy.State{tenancy.Suspended, tenancy.Moving} {
		require.NoError(t, h.sys.SetState(deadline(t), tenancy.Tenant{ID: beta, State: state, Epoch: 1}))
		for _, id := range []string{"alpha", "beta", "nobody"} {
			forged := strings.Repeat("0", 64) + "1k1" + "9999999999" + "000000000000" + id
			for _, sql := range []string{`SELECT * FROM note`, `UPDATE note SET body = '' WHERE false`, `SELECT tenancy.id()`} {
				require.ErrorIs(t, raw(deadline(t), db, forged, sql), tenantdb.ErrForged, "%s: %s", id, sql)
			}
		}
	}
}

func TestAppCannotReachTheDoorsOwnTables(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	for _, sql := range []string{
		`SELECT * FROM tenancy.key`, `SELECT * FROM tenancy.tenant`, `SELECT * FROM tenancy.shard`,
		`UPDATE tenancy.tenant SET state = 'active'`, `INSERT INTO tenancy.key VALUES ('1aa', '', '')`,
		`SELECT tenancy.install_keys(ARRAY['1aa'], ARRAY[repeat('x', 64)::bytea], ARRAY[repeat('x', 64)::bytea])`,
		`SELECT tenancy.fence()`, `SELECT * FROM tenancy.goose_db_version`,
	} {
		_, err := db.Exec(as(t, alpha), sql)
		require.ErrorIs(t, err, tenantdb.ErrIsolation, sql)
	}
	// And the system role replaces keys without ever seeing one.
	sys, err := pgx.Connect(t.Context(), h.System.DSN)
	require.NoError(t, err)
	defer sys.Close(context.Background())
	_, err = sys.Exec(t.Context(), `SELECT * FROM tenancy.key`)
	require.ErrorContains(t, err, "42501")
}

func TestSearchPathCannotBendTheChecks(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	// A schema full of traps that only a superuser could make: the checks must not step into it.
	h.exec(t, h.Admin.DSN, `CREATE SCHEMA trap; GRANT USAGE ON SCHEMA trap TO PUBLIC;
		CREATE FUNCTION trap.yes(text, text) RETURNS bool LANGUAGE sql AS 'SELECT true';
		CREATE FUNCTION trap.no(text, text) RETURNS bool LANGUAGE sql AS 'SELECT false';
		CREATE OPERATOR trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.yes);
		CREATE OPERATOR trap.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.no);
		CREATE FUNCTION trap.substr(text, int) RETURNS text LANGUAGE sql AS $$ SELECT 'beta' $$;
		CREATE FUNCTION trap.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT '1970-01-01'::timestamptz $$;
		CREATE FUNCTION trap.current_setting(text, bool) RETURNS text LANGUAGE sql AS $$ SELECT 'beta' $$`)
	db := h.openDSN(t, with(h.App.DSN, "pool_max_conns=1&search_path=trap,pg_catalog,public"))
	forged := strings.Repeat("0", 64) + "1k1" + "9999999999" + "000000000000" + "beta"
	require.ErrorIs(t, raw(deadline(t), db, forged, `SELECT * FROM note`), tenantdb.ErrForged)
	require.ErrorIs(t, raw(deadline(t), db, forged, `DELETE FROM note`), tenantdb.ErrForged)
	old := postgres.Sign(db, tenantdb.Scope{Tenant: alpha}, time.Now().Add(-2*time.Second))
	require.ErrorIs(t, raw(deadline(t), db, old, `SELECT * FROM note`), tenantdb.ErrExpired)
}

// A function that is called under another search_path than the last time is planned anew, which costs several times the check.
func TestTheChecksKeepTheirPlansUnderEverySearchPath(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var without []string
	require.NoError(t, h.owner.QueryRow(t.Context(), `SELECT array_agg(proname) FROM pg_proc WHERE pronamespace = 'tenancy'::regnamespace AND prosecdef
		AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (proconfig), false)`).Scan(&without))
	require.Empty(t, without)
}

// Sessions of one role see each other's statements: a scope in the text of one could be copied.
func TestScopesAreNotShownToOtherSessions(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, mode := range modes {
		db := h.openDSN(t, with(h.App.DSN, "default_query_exec_mode=%s", mode))
		err := db.Tx(as(t, beta), func(ctx context.Context, tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `SELECT 'shown'`); err != nil {
				return err
			}
			var shown, leaked int
			err := db.QueryRow(as(t, alpha), `SELECT count(*) FILTER (WHERE query ~ 'SELECT .shown'), count(*) FILTER (WHERE query ~ '[0-9a-f]{64}1')
				FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()`).Scan(&shown, &leaked)
			require.NoError(t, err)
			require.Equal(t, 1, shown, mode)
			require.Zero(t, leaked, mode)
			return nil
		})
		require.NoError(t, err)
	}
	pool, err := pgxpool.New(t.Context(), with(h.App.DSN, "default_query_exec_mode=simple_protocol"))
	require.NoError(t, err)
	defer pool.Close()
	_, err = postgres.New(t.Context(), pool, h.keys, postgres.AllowOldServer())
	require.ErrorIs(t, err, tenantdb.ErrUnsafe)
}
