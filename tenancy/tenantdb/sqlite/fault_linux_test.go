package sqlite_test

import (
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/stretchr/testify/require"
)

// The disk fails each attempt to sync a tenant's log, from the first on or after a few of each thread's: the commit
// that needed it is not acknowledged, its outcome is said to be unknown, and nothing that was acknowledged is lost.
func TestACommitWhoseSyncFailedIsNeverAcknowledged(t *testing.T) {
	t.Parallel()
	if _, err := osexec.LookPath("strace"); err != nil {
		t.Skip("strace, which makes syncs fail, is not installed")
	}
	if out, err := osexec.Command("strace", "-f", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Skipf("strace may not trace here: %s", out)
	}
	for _, from := range []int{1, 3} {
		t.Run(strconv.Itoa(from), func(t *testing.T) {
			t.Parallel()
			dir, err := filepath.EvalSymlinks(t.TempDir())
			require.NoError(t, err)
			db, err := sqlite.Open(dir, sqlite.Options{Migrations: notes})
			require.NoError(t, err)
			provision(t, db, acme, globex)
			require.Empty(t, bodies(t, db, acme)) // makes the log
			require.Empty(t, bodies(t, db, globex))
			require.NoError(t, db.Close())
			trace := filepath.Join(t.TempDir(), "trace")
			strace := []string{"strace", "-f", "-qq", "-o", trace, "-e", "trace=fsync,fdatasync",
				"-e", "inject=fsync,fdatasync:error=EIO:when=" + strconv.Itoa(from) + "+"}
			for _, f := range filesIn(t, dir) {
				if strings.HasSuffix(f, "-wal") {
					strace = append(strace, "-P", f)
				}
			}
			cmd, out := start(t, dir, strace...)
			last := -1
			for out.Scan() && !strings.HasPrefix(out.Text(), "stopped") {
				last, err = strconv.Atoi(out.Text())
				require.NoError(t, err, out.Text())
				require.Less(t, last, 1000, "commits go on although no sync succeeds")
			}
			require.Contains(t, out.Text(), tenantdb.ErrOutcomeUnknown.Error())
			_ = cmd.Wait()
			syncs, err := os.ReadFile(trace)
			require.NoError(t, err)
			require.Contains(t, string(syncs), "(INJECTED)")
			require.GreaterOrEqual(t, strings.Count(string(syncs), "= 0\n"), 2*(last+1), "a commit did without a sync")
			db = open(t, dir, sqlite.Options{Migrations: notes})
			survived(t, db, last)
		})
	}
}
