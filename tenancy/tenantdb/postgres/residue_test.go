package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
)

// modes are pgx's ways to send a statement.
var modes = []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"}

// residues are what a tenant may leave on its connection, and a query that finds it there (true) or not.
var residues = map[string]struct{ leave, found string }{
	"setting":       {`SELECT set_config('app.leftover', 'alpha', false)`, `SELECT coalesce(current_setting('app.leftover', true), '') <> ''`},
	"search path":   {`SELECT set_config('search_path', 'tenancy', false)`, `SELECT current_setting('search_path') = 'tenancy'`},
	"timeout":       {`SELECT set_config('lock_timeout', '1', false)`, `SELECT current_setting('lock_timeout') <> '0'`},
	"its scope":     {`SELECT set_config('tenancy.scope', current_setting('tenancy.scope'), false)`, ``},
	"advisory lock": {`SELECT pg_advisory_lock(42)`, `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objid = 42)`},
	"held cursor":   {`DECLARE leftover CURSOR WITH HOLD FOR SELECT * FROM note`, `SELECT EXISTS (SELECT FROM pg_cursors WHERE name = 'leftover')`},
	"lastval":       {`SELECT nextval('counted')`, `SELECT remembers_a_sequence()`},
	"a statement":   {`PREPARE leftover AS SELECT 'alpha'`, `SELECT EXISTS (SELECT FROM pg_prepared_statements WHERE name = 'leftover')`},
	"listening":     {`LISTEN leftover`, `SELECT EXISTS (SELECT FROM pg_listening_channels())`},
}

// canCount gives h what the residue of a sequence takes to leave and to find: lastval() is an error if there is none.
func (h *house) canCount(t testing.TB) {
	t.Helper()
	h.exec(t, h.Owner.DSN, `CREATE SEQUENCE counted; GRANT USAGE ON SEQUENCE counted TO `+h.App.Role+`;
		CREATE FUNCTION remembers_a_sequence() RETURNS bool LANGUAGE plpgsql AS $$
		BEGIN RETURN lastval() IS NOT NULL; EXCEPTION WHEN object_not_in_prerequisite_state THEN RETURN false; END $$`)
}

func TestNothingOfATenantStaysOnItsConnection(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.canCount(t)
	for _, mode := range modes {
		db := h.openDSN(t, with(h.App.DSN, "pool_max_conns=1&default_query_exec_mode=%s", mode))
		for name, r := range residues {
			ways := map[string]func(ctx context.Context) error{
				"one-shot": func(ctx context.Context) error {
					_, err := db.Exec(ctx, r.leave)
					return err
				},
				"query": func(ctx context.Context) error {
					rows, err := db.Query(ctx, r.leave)
					rows.Close()
					return err
				},
				"batch": func(ctx context.Context) error {
					var b pgx.Batch
					b.Queue(r.leave)
					b.Queue(`SELECT 1`)
					return db.SendBatch(ctx, &b).Close()
				},
				"committed": func(ctx context.Context) error {
					return db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
						_, err := tx.Exec(ctx, r.leave)
						return err
					})
				},
				"queried and committed": func(ctx context.Context) error {
					return db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
						require.NoError(t, tx.QueryRow(ctx, `SELECT 1`).Scan(new(int)))
						rows, err := tx.Query(ctx, r.leave)
						rows.Close()
						return err
					})
				},
				"among others": func(ctx context.Context) error {
					return db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
						require.NoError(t, tx.QueryRow(ctx, `SELECT 1`).Scan(new(int)))
						_, err := tx.Exec(ctx, r.leave+`; SELECT 1`)
						return err
					})
				},
				"behind our back": func(ctx context.Context) error {
					return db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
						_, err := tx.Conn().Exec(ctx, r.leave)
						return err
					})
				},
				"batched in a transaction": func(ctx context.Context) error {
					return db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
						var b pgx.Batch
						b.Queue(r.leave)
						return tx.SendBatch(ctx, &b).Close()
					})
				},
				"rolled back": func(ctx context.Context) error {
					_ = db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
						_, err := tx.Exec(ctx, r.leave)
						require.NoError(t, err)
						return context.Canceled
					})
					return nil
				},
				"through sqlx": func(ctx context.Context) error {
					_, err := db.SQLX().ExecContext(ctx, r.leave)
					return err
				},
			}
			if name == "a statement" {
				delete(ways, "behind our back") // see the limits in the package comment
			}
			for way, leave := range ways {
				require.NoError(t, leave(as(t, alpha)), "%s: %s, %s", mode, name, way)
				if r.found != "" {
					require.False(t, boolean(t, as(t, beta), db, r.found), "%s: %s is left by a statement %s", mode, name, way)
				}
				require.Equal(t, 10, count(t, as(t, beta), db))
				require.Empty(t, scopeLeft(t, db), "%s: %s leaves a scope behind, %s", mode, name, way)
			}
		}
	}
}

// scopeLeft is the scope that a connection has before anything of ours is sent on it.
func scopeLeft(t testing.TB, db *postgres.DB) (scope string) {
	t.Helper()
	require.NoError(t, postgres.RawQueryRow(deadline(t), db, `SELECT coalesce(current_setting('tenancy.scope', true), '')`).Scan(&scope))
	return scope
}

func boolean(t testing.TB, ctx context.Context, db *postgres.DB, sql string) (b bool) {
	t.Helper()
	require.NoError(t, db.QueryRow(ctx, sql).Scan(&b), sql)
	return b
}

func TestLockOfAFailedStatementIsFreed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.openDSN(t, with(h.App.DSN, "pool_max_conns=1"))
	_, err := db.Exec(as(t, alpha), `SELECT 1 / (CASE WHEN pg_advisory_lock(42) IS NULL THEN 0 ELSE 0 END)`)
	require.Error(t, err)
	require.False(t, boolean(t, as(t, beta), db, residues["advisory lock"].found))
}

func TestTemporaryTablesCannotBeMade(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	db := h.open(t)
	_, err := db.Exec(as(t, alpha), `CREATE TEMP TABLE note (tenant_id text, id bigint, body text)`)
	require.ErrorContains(t, err, "42501")
	_, err = db.Exec(as(t, alpha), `CREATE TABLE public.mine ()`)
	require.ErrorContains(t, err, "42501")
}

func TestRawConnectionWithoutScopeSeesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	conn, err := pgx.Connect(t.Context(), h.App.DSN)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	var n int
	read := func() error { return conn.QueryRow(t.Context(), `SELECT count(*) FROM note`).Scan(&n) }
	require.NoError(t, read())
	require.Zero(t, n)
	// A local setting reads '' and not NULL afterwards.
	_, err = conn.Exec(t.Context(), `BEGIN; SELECT set_config('tenancy.scope', 'x', true); COMMIT`)
	require.NoError(t, err)
	require.NoError(t, read())
	require.Zero(t, n)
	for _, garbage := range []string{"alpha", " ", "%", "NULL", "1k1", "\\000", "'", "*"} {
		_, err = conn.Exec(t.Context(), `SELECT set_config('tenancy.scope', $1, false)`, garbage)
		require.NoError(t, err)
		require.ErrorContains(t, read(), "not validly signed", garbage)
	}
	_, err = conn.Exec(t.Context(), `RESET ALL`)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `INSERT INTO note (tenant_id, id, body) VALUES ('alpha', 77, 'x')`)
	require.ErrorContains(t, err, "42501")
	for _, sql := range []string{`UPDATE note SET body = 'x'`, `DELETE FROM note`} {
		_, err = conn.Exec(t.Context(), sql)
		require.ErrorContains(t, err, "no tenant scope is set", sql)
	}
}

// RESET ALL does not undo SET ROLE.
func TestARoleTakenOnDoesNotStayOnItsConnection(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	group := h.App.Role + "_group"
	h.exec(t, h.Admin.DSN, replace(`CREATE ROLE "$g" NOLOGIN; GRANT "$g" TO "$app"`, "$g", group, "$app", h.App.Role))
	defer h.exec(t, h.Admin.DSN, `DROP ROLE "`+group+`"`)
	for _, mode := range modes {
		db := h.openDSN(t, with(h.App.DSN, "pool_max_conns=1&default_query_exec_mode=%s", mode))
		for _, leave := range []string{`SET ROLE "` + group + `"`, `SELECT set_config('role', '` + group + `', false)`} {
			_, err := db.Exec(as(t, alpha), leave)
			require.NoError(t, err)
			require.NoError(t, db.QueryRow(as(t, beta), `SELECT count(*) FROM note`).Scan(new(int)))
			require.NoError(t, db.Tx(as(t, alpha), func(ctx context.Context, tx pgx.Tx) error {
				_, err := tx.Exec(ctx, leave)
				return err
			}))
			require.NoError(t, db.QueryRow(as(t, beta), `SELECT count(*) FROM note`).Scan(new(int)))
		}
	}
}
