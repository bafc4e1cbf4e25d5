package tenancytest

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow/ipallowsql"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
)

//go:embed testdata/*.sql
var testdata embed.FS

func read(t testing.TB, name string) string {
	b, err := testdata.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return string(b)
}

func TestMain(m *testing.M) {
	// Before any test opens a plain SQLite file: see sqlite.Open.
	dir, err := os.MkdirTemp("", "tenancytest")
	if err != nil {
		panic(err)
	}
	db, err := sqlite.Open(dir, sqlite.Options{})
	if err == nil {
		err = errors.Join(db.Close(), os.RemoveAll(dir))
	}
	if err != nil {
		panic(err)
	}
	// The throwaway server outlives the test that started it.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/bailiwick-dev/bailiwick/internal/pgserver.Start.func1"))
}

func TestACleanSchemaIsNotAccused(t *testing.T) {
	t.Parallel()
	for name := range schemas {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, name)
			r := Attack(t, p.Target)
			for _, name := range p.schema.tables {
				require.Greater(t, r.Ran["public."+name], 40, name)
			}
		})
	}
}

func TestOneHoleIsReportedWithoutTheContentOfARow(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "desk")
	const canary = "the quick brown canary"
	p.Seed = func(ctx context.Context, tx *sqlx.Tx, tenant tenancy.ID) error {
		for _, s := range []string{
			"INSERT INTO organisation VALUES ($1, '" + canary + "', 'team')",
			"INSERT INTO member (tenant_id, id, email) VALUES ($1, 1, 'canary@example.com')",
			"INSERT INTO ticket VALUES ($1, 1, 1, '" + canary + "', 1)",
			"INSERT INTO reply VALUES ($1, 1, 1, '" + canary + "')",
		} {
			if _, err := tx.ExecContext(ctx, s, tenant); err != nil {
				return err
			}
		}
		return nil
	}
	_, err := p.admin.ExecContext(t.Context(), "DROP POLICY tenancy_guard ON ticket")
	require.NoError(t, err)
	rec := &recorder{ctx: t.Context()}
	r := Attack(rec, p.Target)
	require.NotEmpty(t, r.Findings)
	for _, f := range r.Findings {
		require.Contains(t, []string{"public.ticket", "public.open_ticket", "public.ticket_count"}, f.Object)
	}
	var b strings.Builder
	require.NoError(t, r.WriteText(&b))
	require.NoError(t, r.WriteSARIF(&b, ""))
	require.NotContains(t, b.String()+strings.Join(rec.errors, " "), "canary")
	require.Contains(t, rec.errors[0], "fix:")
}

func TestAnOpenTableIsOneErrorWithOneFix(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "desk")
	_, err := p.admin.ExecContext(t.Context(), "ALTER TABLE reply DISABLE ROW LEVEL SECURITY")
	require.NoError(t, err)
	rec := &recorder{ctx: t.Context()}
	r := Attack(rec, p.Target)
	var found []string
	for _, f := range r.Findings {
		if f.Object == "public.reply" {
			found = append(found, f.Rule)
		}
	}
	require.Contains(t, found, "read.scan")
	require.Contains(t, found, "write.update")
	for _, rule := range found {
		require.False(t, rule != "read.scan" && (strings.HasPrefix(rule, "read.") || strings.HasPrefix(rule, "forge.")), rule)
	}
	all := strings.Join(rec.errors, "\n")
	require.Equal(t, 1, strings.Count(all, "public.reply: tenant A"))
	require.Equal(t, 1, strings.Count(all, guardRemedy), all)
	require.Contains(t, all, "read.scan: a scan returns rows of another tenant\n\t\tseen: it reached 1 row; so did ")
	require.Greater(t, r.succeeded, len(r.Findings))
}

func TestWhatBuiltInFunctionsReachIsCountedInRows(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "desk")
	_, err := p.admin.ExecContext(t.Context(), "ALTER TABLE reply DISABLE ROW LEVEL SECURITY")
	require.NoError(t, err)
	k, err := newKit(p.Target)
	require.NoError(t, err)
	require.NoError(t, k.attackPostgres(t.Context()))
	require.NoError(t, k.cleanUp(t.Context()))
	for _, f := range k.found {
		if f.Rule == "read.generated" {
			require.Equal(t, "it reached 1 row", f.Evidence)
			return
		}
	}
	require.Fail(t, "read.generated did not succeed")
}

func TestTenantsOfTwoDatabasesAreNotAttacked(t *testing.T) {
	t.Parallel()
	one, two := newShard(t, "desk", "one"), newShard(t, "desk", "two")
	dir := tenancy.NewMemory()
	lives := func(id, shard string) tenancy.ID {
		e, err := dir.Create(t.Context(), tenancy.Tenant{ID: tenancy.MustParseID(id), Shard: shard})
		require.NoError(t, err)
		return e.ID
	}
	db, err := tenantdb.Route(dir, 0, nil, tenantdb.Shard{Name: "one", Backend: one.db}, tenantdb.Shard{Name: "two", Backend: two.db})
	require.NoError(t, err)
	rec := &recorder{ctx: t.Context()}
	r := Attack(rec, Target{DB: db, A: lives("acme", "one"), B: lives("bell", "two")})
	require.Equal(t, []string{"tenancytest: A and B do not live in the same database: attack two tenants of one"}, rec.errors)
	require.Empty(t, r.Ran)
}

func TestTablesOfTheLibraryNeedNoSeed(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "desk")
	owner, err := sql.Open("pgx", p.pg.Owner.DSN)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, owner.Close()) })
	require.NoError(t, ipallowsql.Migrate(t.Context(), owner, p.pg.App.Role, p.pg.System.Role))
	r := Attack(t, p.Target)
	require.Greater(t, r.Ran["public.ipallow_policy"], 40)
}

func TestTheKitLeavesNoRowsBehind(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "yard")
	Attack(t, p.Target)
	for _, table := range p.schema.tables {
		var n int
		require.NoError(t, p.admin.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n))
		require.Zero(t, n, table)
	}
}

func TestAKitThatLooksAtNothingFails(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "desk")
	for want, change := range map[string]func(*Target){
		"nothing was attacked":                   func(t *Target) { t.Column = "company" },
		"public.reply has no row of tenant B":    func(t *Target) { t.Seed = func(context.Context, *sqlx.Tx, tenancy.ID) error { return nil } },
		"there is no table nowhere":              func(t *Target) { t.Only = []string{"nowhere"} },
		"the target needs two different tenants": func(t *Target) { t.B = t.A },
		"the target has no DB":                   func(t *Target) { t.DB = nil },
		"Except gives no reason for reply":       func(t *Target) { t.Except = map[string]string{"reply": " "} },
		"tenancy: unknown tenant":                func(t *Target) { t.B = tenancy.MustParseID("stranger") },
		"tenancytest: Seed: sowing: there is no seed to": func(t *Target) {
			t.Seed = func(context.Context, *sqlx.Tx, tenancy.ID) error { return errors.New("sowing: there is no seed to") }
		},
	} {
		target := p.Target
		change(&target)
		rec := &recorder{ctx: t.Context()}
		Attack(rec, target)
		require.Contains(t, strings.Join(rec.errors, "\n")+" ", want)
	}
}

func TestTheExampleInTheDocsIsTheOneThatIsCompiled(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(doc), "//\n//\t")
	block, _, _ := strings.Cut(rest, "\n//\n")
	example, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	require.Contains(t, string(example), "\n"+strings.ReplaceAll(block, "//\t", "")+"\n")
}

func TestTablesAreChosen(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "desk")
	p.Only, p.Except = []string{"public.ticket", "organisation", "member"}, map[string]string{"member": "looked at by hand"}
	r := Attack(t, p.Target)
	require.Positive(t, r.Ran["public.ticket"])
	require.NotContains(t, r.Ran, "public.member")
	require.NotContains(t, r.Ran, "public.reply")
}
