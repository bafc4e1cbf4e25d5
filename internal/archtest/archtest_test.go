package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/bailiwick-dev/bailiwick"

// doors are the top-level folders that hold a door; with examples and internal they are all there are.
var doors = []string{"tenancy", "rbac", "vault", "consent", "supportgrant", "dsar", "audit", "redact"}

// mayImport lists the modules a door's own package may import beside the standard library and this
// module.
var mayImport = map[string][]string{
	"redact":       {},
	"tenancy":      {"github.com/google/uuid"},
	"audit":        {"golang.org/x/mod", "github.com/google/uuid"},
	"vault":        {"golang.org/x/crypto"},
	"rbac":         {"golang.org/x/sync"},
	"consent":      {"golang.org/x/text"},
	"supportgrant": {"github.com/google/uuid"},
}

// mayUseDoors lists the doors a door may stand on. A pillar never stands on a pillar.
var mayUseDoors = map[string][]string{
	"redact": {}, "tenancy": {"redact"}, "audit": {"redact", "tenancy"},
	"vault": {"redact", "tenancy", "audit"}, "rbac": {"redact", "tenancy", "audit"},
	"consent": {"redact", "tenancy", "audit"}, "supportgrant": {"redact", "tenancy", "audit"},
	"dsar": {"redact", "tenancy", "audit"},
}

// drivers are what talks to a database itself; mayDrive are the packages that may.
var (
	drivers  = []string{"github.com/jackc/pgx/v5", "modernc.org/sqlite"}
	mayDrive = []string{"tenancy/tenantdb/postgres", "tenancy/tenantdb/sqlite", "examples/", "internal/"}
)

type pkg struct {
	ImportPath   string
	Standard     bool
	Imports      []string
	Deps         []string
	TestImports  []string
	XTestImports []string
}

func (p pkg) rel() string { return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/") }

func (p pkg) door() string { d, _, _ := strings.Cut(p.rel(), "/"); return d }

func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Standard,Imports,Deps,TestImports,XTestImports", module+"/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	var ps []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return ps
		} else {
			require.NoError(t, err)
		}
		ps = append(ps, p)
	}
}

func foreign(imp string) bool {
	first, _, _ := strings.Cut(imp, "/")
	return strings.Contains(first, ".") && !own(imp)
}

func own(imp string) bool { return imp == module || strings.HasPrefix(imp, module+"/") }

func within(imp string, roots []string) bool {
	return slices.ContainsFunc(roots, func(r string) bool { return imp == r || strings.HasPrefix(imp, strings.TrimSuffix(r, "/")+"/") })
}

// violations returns what is wrong with the imports of p.
func violations(p pkg) (bad []string) {
	rel, door := p.rel(), p.door()
	say := func(rule, imp string) { bad = append(bad, rel+" imports "+imp+": "+rule) }
	if rel == "" {
		for _, imp := range p.Imports {
			say("the root holds no code", imp)
		}
		return bad
	}
	if door != "examples" && door != "internal" && !slices.Contains(doors, door) {
		bad = append(bad, rel+": not a door of this house")
	}
	if !within(rel, mayDrive) {
		for _, imp := range append(slices.Clone(p.Imports), p.Deps...) {
			if within(imp, drivers) {
				say("drivers are imported by the adapters of tenantdb, examples and tests alone", imp)
			}
		}
	}
	isDoor, isSQL := slices.Contains(doors, rel), strings.HasSuffix(path.Base(rel), "sql")
	for _, imp := range p.Imports {
		if isDoor && foreign(imp) && !within(imp, mayImport[door]) {
			say("a door's own package imports only what its row of the house rules names", imp)
		}
		if isDoor && own(imp) && strings.HasPrefix(imp, module+"/tenancy/tenantdb") && door != "supportgrant" && door != "dsar" {
			say("a door's own package does not know tenantdb", imp)
		}
		if isSQL && own(imp) && strings.HasSuffix(imp, "sql") {
			say("no SQL package imports another", imp)
		}
		if other, ok := strings.CutPrefix(imp, module+"/"); ok && slices.Contains(doors, door) {
			other, _, _ = strings.Cut(other, "/")
			if other != door && other != "internal" && !slices.Contains(mayUseDoors[door], other) {
				say("a pillar stands on floor and ground only", imp)
			}
		}
	}
	return bad
}

func TestTheHouseStandsAsPlanned(t *testing.T) {
	t.Parallel()
	ps := list(t)
	require.NotEmpty(t, ps)
	var bad []string
	for _, p := range ps {
		bad = append(bad, violations(p)...)
	}
	require.Empty(t, bad)
}

// Applications import the attack kits in their own tests: they must not choose their test library.
func TestTheAttackKitsBringNoTestLibrary(t *testing.T) {
	t.Parallel()
	kits, found := []string{"tenancy/tenancytest", "supportgrant/supportgranttest", "dsar/dsartest"}, 0
	for _, p := range list(t) {
		if !slices.Contains(kits, p.rel()) {
			continue
		}
		found++
		for _, imp := range p.Deps {
			require.False(t, within(imp, []string{"github.com/stretchr/testify", "pgregory.net/rapid", "go.uber.org/goleak"}), imp)
		}
	}
	require.Len(t, kits, found)
}

// The rules are tried on packages that break them, so that a rule that has stopped looking is seen.
func TestEachRuleNoticesItsBreach(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pkg, imp string
		ok       bool
	}{
		{"", module + "/tenancy", false},
		{"util", "fmt", false},
		{"redact", "github.com/google/uuid", false},
		{"redact", "strings", true},
		{"tenancy", "github.com/google/uuid", true},
		{"tenancy", "github.com/jmoiron/sqlx", false},
		{"tenancy", module + "/tenancy/tenantdb", false},
		{"tenancy", module + "/audit", false},
		{"supportgrant", module + "/tenancy/tenantdb", true},
		{"vault", module + "/rbac", false},
		{"vault/vaultsql", module + "/rbac/rbacsql", false},
		{"audit/auditsql", "github.com/jackc/pgx/v5/pgxpool", false},
		{"audit/auditsql", "github.com/jmoiron/sqlx", true},
		{"tenancy/tenantdb/postgres", "github.com/jackc/pgx/v5", true},
		{"tenancy/rls", "modernc.org/sqlite", false},
		{"examples/tour", "modernc.org/sqlite", true},
	} {
		p := pkg{ImportPath: strings.TrimSuffix(module+"/"+c.pkg, "/"), Imports: []string{c.imp}}
		require.Equal(t, c.ok, len(violations(p)) == 0, "%s importing %s", c.pkg, c.imp)
	}
}
