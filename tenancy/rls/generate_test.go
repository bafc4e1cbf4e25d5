package rls_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
)

func TestWhatSQLPrintsMayBeRunAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	sql, err := rls.SQL(d.cfg)
	require.NoError(t, err)
	exec(t, d.owner, sql)
	exec(t, d.owner, sql)
	r, err := rls.Inspect(t.Context(), d.owner, d.cfg)
	require.NoError(t, err)
	require.Empty(t, r.Findings, "%s", r)
}

func TestWhatSQLPrintsMendsATableThatWasOpen(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	exec(t, d.owner, d.roles(`ALTER TABLE app.note NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY, DISABLE TRIGGER tenancy_fence;
		ALTER POLICY tenancy_guard ON app.note USING (true); ALTER POLICY tenancy_allow ON app.note TO PUBLIC;
		ALTER TABLE app.note ALTER tenant_id SET DEFAULT 'x'; GRANT ALL ON app.note TO PUBLIC; GRANT UPDATE (tenant_id) ON app.note TO $app;
		GRANT ALL ON country TO $app; GRANT CREATE, TEMPORARY ON DATABASE $db TO PUBLIC; GRANT CREATE ON SCHEMA app TO $app;
		ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT ALL ON TABLES TO PUBLIC`))
	r, err := rls.Inspect(t.Context(), d.owner, d.cfg)
	require.NoError(t, err)
	require.Error(t, r.Err(rls.Error))
	missing, err := rls.Diff(t.Context(), d.owner, d.cfg)
	require.NoError(t, err)
	require.NotContains(t, missing, "public.doc", "a table that needs nothing is printed")
	require.NotContains(t, missing, "app.comment", "a table that needs nothing is printed")
	exec(t, d.owner, missing)
	r, err = rls.Inspect(t.Context(), d.owner, d.cfg)
	require.NoError(t, err)
	require.Empty(t, r.Findings, "%s", r)
	missing, err = rls.Diff(t.Context(), d.owner, d.cfg)
	require.NoError(t, err)
	require.Empty(t, missing)
}

func TestDiffPrintsOneMissingPieceAtATime(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for broken, want := range map[string]string{
		`ALTER TABLE app.note NO FORCE ROW LEVEL SECURITY`:                                      "FORCE ROW LEVEL SECURITY",
		`ALTER TABLE app.note DISABLE ROW LEVEL SECURITY`:                                       "ENABLE ROW LEVEL SECURITY",
		`DROP POLICY tenancy_guard ON app.note`:                                                 "CREATE POLICY tenancy_guard",
		`ALTER POLICY tenancy_guard ON doc USING (true)`:                                        "CREATE POLICY tenancy_guard",
		`ALTER POLICY tenancy_guard ON doc WITH CHECK (true)`:                                   "CREATE POLICY tenancy_guard",
		`ALTER POLICY tenancy_guard ON doc TO $app`:                                             "CREATE POLICY tenancy_guard",
		`ALTER POLICY tenancy_allow ON app.note USING (pinned)`:                                 "CREATE POLICY tenancy_allow",
		`DROP TRIGGER tenancy_fence ON app.note`:                                                "CREATE OR REPLACE TRIGGER tenancy_fence",
		`ALTER TABLE app.note DISABLE TRIGGER tenancy_fence`:                                    "CREATE OR REPLACE TRIGGER tenancy_fence",
		`ALTER TABLE doc ALTER tenant_id DROP DEFAULT`:                                          "SET DEFAULT tenancy.claimed()::uuid",
		`GRANT TRUNCATE ON doc TO $app`:                                                         "REVOKE ALL ON TABLE public.doc",
		`REVOKE DELETE ON doc FROM $app`:                                                        "GRANT SELECT, INSERT, DELETE ON TABLE public.doc",
		`ALTER TABLE doc ADD extra text`:                                                        "GRANT UPDATE",
		`GRANT UPDATE ON country TO $app`:                                                       "REVOKE ALL ON TABLE public.country",
		`GRANT CREATE ON SCHEMA app TO PUBLIC`:                                                  "REVOKE CREATE ON SCHEMA app",
		`GRANT TEMPORARY ON DATABASE $db TO PUBLIC`:                                             "REVOKE CREATE, TEMPORARY ON DATABASE",
		`REVOKE EXECUTE ON FUNCTION tenancy.id() FROM $app`:                                     "GRANT EXECUTE ON FUNCTION tenancy.id()",
		`REVOKE SELECT ON app.note FROM $sys`:                                                   "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE app.note",
		`ALTER DEFAULT PRIVILEGES FOR ROLE $owner IN SCHEMA app GRANT SELECT ON TABLES TO $app`: "ALTER DEFAULT PRIVILEGES IN SCHEMA app",
	} {
		func() {
			tx, err := d.admin.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			defer tx.Rollback()
			exec(t, tx, d.roles(broken))
			missing, err := rls.Diff(t.Context(), tx, d.cfg)
			require.NoError(t, err)
			require.Contains(t, missing, want, broken)
			require.LessOrEqual(t, strings.Count(missing, "\nBEGIN\n")+strings.Count(missing, "DEFAULT PRIVILEGES")/2, 1, "%s: too much is printed:\n%s", broken, missing)
			exec(t, tx, "SET ROLE "+d.Owner.Role+";"+missing)
			again, err := rls.Diff(t.Context(), tx, d.cfg)
			require.NoError(t, err)
			require.Empty(t, again, broken)
		}()
	}
}

func TestDiffRefusesTablesThatAreNotThere(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, c := range []rls.Config{
		{AppRole: d.App.Role, Tables: []rls.Table{{Name: "nowhere"}}},
		{AppRole: d.App.Role, Tables: []rls.Table{{Name: "country"}}},
		{AppRole: d.App.Role, Shared: []string{"nowhere"}},
		{AppRole: "nobody"},
	} {
		_, err := rls.Diff(t.Context(), d.owner, c)
		require.Error(t, err)
	}
}

func TestAConfigThatIsIllFormedIsRefused(t *testing.T) {
	t.Parallel()
	one := func(s string) rls.Config { return rls.Config{AppRole: "app", Tables: []rls.Table{{Name: s}}} }
	for name, c := range map[string]rls.Config{
		"no app role":             {},
		"app role with a quote":   {AppRole: `app"; DROP`},
		"role public":             {AppRole: "public"},
		"one role for both":       {AppRole: "app", SystemRole: "app"},
		"no name":                 one(""),
		"upper case":              one("Note"),
		"three parts":             one("a.b.c"),
		"empty part":              one("a."),
		"injection":               one("note; DROP TABLE note"),
		"unclosed quote":          one(`"note`),
		"empty quotes":            one(`""`),
		"NUL":                     one("\"a\x00\""),
		"no text":                 one("\"a\xff\""),
		"too long":                one(strings.Repeat("a", 64)),
		"too long between quotes": one(`"` + strings.Repeat("é", 32) + `"`),
		"the system's own":        one("pg_catalog.pg_class"),
		"listed twice":            {AppRole: "app", Tables: []rls.Table{{Name: "note"}, {Name: "public.note"}}},
		"tenant and shared":       {AppRole: "app", Tables: []rls.Table{{Name: "note"}}, Shared: []string{`public."note"`}},
		"unknown type":            {AppRole: "app", Tables: []rls.Table{{Name: "note", Type: "json"}}},
		"unknown privilege":       {AppRole: "app", Tables: []rls.Table{{Name: "note", Privileges: []string{"TRUNCATE"}}}},
		"ill-formed column":       {AppRole: "app", Tables: []rls.Table{{Name: "note", Column: "a b"}}},
		"qualified column":        {AppRole: "app", Column: "note.tenant_id"},
	} {
		_, err := rls.SQL(c)
		require.Error(t, err, name)
	}
}

func TestIdentifiersAreQuotedAsTheServerQuotesThem(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	rows, err := d.admin.Query(`SELECT word, quote_ident(word) FROM pg_get_keywords()`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var word, want string
		require.NoError(t, rows.Scan(&word, &want))
		if got := rls.Quote(word); got != want {
			require.Equal(t, `"`+word+`"`, got, "only words that newer servers reserve may be quoted needlessly")
		}
	}
	require.NoError(t, rows.Err())
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.StringMatching(`[a-zA-Z0-9_ ."'$;é-]{1,20}`).Draw(rt, "name")
		var want string
		require.NoError(rt, d.admin.QueryRow(`SELECT quote_ident($1)`, s).Scan(&want))
		require.Equal(rt, want, rls.Quote(s))
	})
}

func TestNamesOfAnyKindSurviveTheTripThroughSQL(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	odd := `$tenancy$ "x' \ % é`
	q := rls.Quote(odd)
	exec(t, d.owner, fmt.Sprintf(`CREATE SCHEMA %s; CREATE TABLE %s.%s (%s uuid, "%%I" text, PRIMARY KEY (%s))`, q, q, q, q, q))
	cfg := d.cfg
	cfg.Tables = append(cfg.Tables, rls.Table{Name: q + "." + q, Column: q, Type: rls.UUID})
	sql, err := rls.SQL(cfg)
	require.NoError(t, err)
	exec(t, d.owner, sql)
	r, err := rls.Inspect(t.Context(), d.owner, cfg)
	require.NoError(t, err)
	require.Empty(t, r.Findings, "%s", r)
	missing, err := rls.Diff(t.Context(), d.owner, cfg)
	require.NoError(t, err)
	require.Empty(t, missing)
}

// failing is a T that keeps what is reported.
type failing struct{ errs, fatals []string }

func (f *failing) Helper()                        {}
func (f *failing) Errorf(format string, a ...any) { f.errs = append(f.errs, fmt.Sprintf(format, a...)) }
func (f *failing) Fatalf(format string, a ...any) {
	f.fatals = append(f.fatals, fmt.Sprintf(format, a...))
}

func TestCheckFailsATestByOneCall(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	rls.Check(t, d.owner, d.cfg)

	exec(t, d.owner, `ALTER TABLE doc NO FORCE ROW LEVEL SECURITY`)
	var f failing
	rls.Check(&f, d.owner, d.cfg)
	require.Len(t, f.errs, 1)
	require.Contains(t, f.errs[0], "RLS002")

	d.cfg.Waive = []rls.Waiver{{Rule: "RLS002", Object: "public.doc", Reason: "its owner is the nightly importer"}}
	rls.Check(t, d.owner, d.cfg)

	f = failing{}
	rls.Check(&f, d.owner, rls.Config{})
	require.Len(t, f.fatals, 1)
}

func TestInspectLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	tx, err := d.owner.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer tx.Rollback()
	exec(t, tx, `SET LOCAL search_path = app; INSERT INTO note (tenant_id, body) SELECT 'x', 'y' WHERE false`)
	_, err = rls.Inspect(t.Context(), tx, d.cfg)
	require.NoError(t, err)
	var path, user, ro string
	require.NoError(t, tx.QueryRow(`SELECT current_setting('search_path'), current_user, current_setting('transaction_read_only')`).Scan(&path, &user, &ro))
	require.Equal(t, []string{"app", d.Owner.Role, "off"}, []string{path, user, ro})
	exec(t, tx, `CREATE TABLE app.after (id int)`)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = rls.Inspect(ctx, d.owner, d.cfg)
	require.True(t, errors.Is(err, context.Canceled), "%v", err)
}

func TestServersWithoutTheFixesAreNamed(t *testing.T) {
	t.Parallel()
	for version, bad := range map[int]bool{90600: true, 120022: true, 130021: true, 130022: false, 140018: true, 140019: false,
		150013: true, 150014: false, 150018: false, 160009: true, 160010: false, 170005: true, 170006: false, 180000: false, 190001: false} {
		require.Equal(t, bad, rls.Unpatched(version) != "", version)
	}
}
