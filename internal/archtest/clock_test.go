package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Time that decides something is the database's clock, through one name for each database:
// clock_timestamp() on Postgres (now() stands still in a transaction) and bw_now() on SQLite.
var otherClocks = regexp.MustCompile(`(?i)\b(current_timestamp|localtimestamp|datetime\s*\(\s*'now'|strftime\s*\([^)]*'now'|unixepoch\s*\(\s*\)|julianday\s*\(\s*'now')`)

func TestNoSQLReadsAnotherClock(t *testing.T) {
	t.Parallel()
	root := "../.."
	keywords := filepath.Join(root, "tenancy/rls/name.go") // lists the words a name must be quoted for
	seen := 0
	require.NoError(t, filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata" || d.Name() == "archtest"):
			return filepath.SkipDir
		case name == keywords || !strings.HasSuffix(name, ".sql") && (!strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go")):
			return nil
		}
		seen++
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if m := otherClocks.Find(b); m != nil {
			t.Errorf("%s reads the clock by %q", name, m)
		}
		return nil
	}))
	require.Greater(t, seen, 10)
}
