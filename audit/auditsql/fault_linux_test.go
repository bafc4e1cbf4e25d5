package auditsql_test

import (
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The disk fails syncs or writes of the files of a tenant's log, from one of each thread's on: what was acknowledged
// before is there afterwards, and nothing that failed was acknowledged.
func TestADiskThatFailsLosesNothingThatWasAcknowledged(t *testing.T) {
	t.Parallel()
	if _, err := osexec.LookPath("strace"); err != nil {
		t.Skip("strace, which makes the disk fail, is not installed")
	}
	if out, err := osexec.Command("strace", "-f", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Skipf("strace may not trace here: %s", out)
	}
	for _, fault := range []struct{ calls, fails string }{
		{"fsync,fdatasync", "error=EIO:when=1+"},
		{"fsync,fdatasync", "error=EIO:when=9+"},
		{"pwrite64", "error=ENOSPC:when=40+"},
		{"pwrite64", "error=EIO:when=95+"},
	} {
		t.Run(fault.calls+" "+strings.ReplaceAll(fault.fails, ":", " "), func(t *testing.T) {
			t.Parallel()
			town := newTown(t, onSQLite(t))
			for tenant := range town.told { // so that the files are there
				_, err := town.store.Size(town.in(tenant))
				require.NoError(t, err)
			}
			e := town.errand()
			e.Writers, e.Tries = 2, 300
			words := []string{"strace", "-f", "-qq", "-o", filepath.Join(t.TempDir(), "trace"), "-e", "trace=" + fault.calls,
				"-e", "inject=" + fault.calls + ":" + fault.fails}
			traced := 0
			require.NoError(t, filepath.WalkDir(filepath.Join(town.dir, "tenants"), func(path string, _ os.DirEntry, err error) error {
				if strings.HasSuffix(path, "-wal") || strings.HasSuffix(path, ".db") {
					words = append(words, "-P", path)
					traced++
				}
				return err
			}))
			require.Positive(t, traced)
			cmd, out := send(t, e, words...)
			acknowledged := 0
			for out.Scan() {
				if hear(t, town.told, out.Text()) {
					acknowledged++
				}
			}
			_ = cmd.Wait()
			trace, err := os.ReadFile(words[4])
			require.NoError(t, err)
			require.Contains(t, string(trace), "(INJECTED)")
			failed := 0
			for _, h := range town.told {
				failed += len(h.failed)
			}
			require.Equal(t, strconv.Itoa(e.Writers), strconv.Itoa(failed), "writers went on although the disk failed")
			t.Logf("%d acknowledged", acknowledged)
			again := newTownAt(t, town)
			again.check(t)
		})
	}
}

// newTownAt opens a town anew, as after a restart.
func newTownAt(t *testing.T, old *town) *town {
	require.NoError(t, old.log.Close(t.Context()))
	w := *old.world
	db := openSQLite(t, w.dir)
	w.host, w.db = db, db.TenantDB()
	again := *old
	again.world, again.store = &w, w.store(t)
	again.log = openLog(t, again.store, old.skey)
	return &again
}
