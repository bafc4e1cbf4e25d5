//go:build linux

package sqlite_test

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/stretchr/testify/require"
)

// witness watches what statements of one tenant do to everything else: globex's file, whose bytes must
// not change and which nobody may open, and a place where no file may appear.
type witness struct {
	t      testing.TB
	db     *sqlite.DB
	other  string
	dirs   []string
	before map[string][32]byte
	fd     int // inotify
}

func newWitness(t testing.TB) *witness {
	dir, bare := tempDir(t), tempDir(t)
	setup, err := sqlite.Open(dir, sqlite.Options{Migrations: notes})
	require.NoError(t, err)
	provision(t, setup, globex)
	other := only(t, dir)
	provision(t, setup, acme)
	require.NoError(t, exec(setup, globex, "INSERT INTO note (body) VALUES ('canary of globex')"))
	require.NoError(t, setup.Close())
	db := open(t, dir, sqlite.Options{Migrations: notes, MaxBytes: 1 << 20})
	require.NoError(t, exec(db, acme, "INSERT INTO note (body) VALUES ('own')"))

	w := &witness{t: t, db: db, other: other, dirs: []string{bare, filepath.Dir(other), dir}, before: map[string][32]byte{}}
	w.fd, err = syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Close(w.fd) })
	w.list(func(path string, sum [32]byte) { w.before[path] = sum })
	for _, f := range []string{other, other + "-wal", other + "-shm", bare} {
		if _, err := os.Stat(f); err == nil {
			_, err = syscall.InotifyAddWatch(w.fd, f, syscall.IN_OPEN|syscall.IN_ACCESS|syscall.IN_MODIFY|syscall.IN_CREATE|syscall.IN_DELETE_SELF|syscall.IN_MOVE_SELF)
			require.NoError(t, err)
		}
	}
	return w
}

// fill puts real paths where a statement says OTHER and NEW.
func (w *witness) fill(sql string) string {
	return strings.ReplaceAll(strings.ReplaceAll(sql, "OTHER", w.other), "NEW", filepath.Join(w.dirs[0], "new.db"))
}

// list names every file, and sums those that are not acme's own.
func (w *witness) list(f func(path string, sum [32]byte)) {
	for _, d := range w.dirs {
		require.NoError(w.t, filepath.WalkDir(d, func(p string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			var sum [32]byte
			if strings.HasPrefix(p, w.other) {
				b, err := os.ReadFile(p)
				if err != nil {
					return err
				}
				sum = sha256.Sum256(b)
			}
			f(p, sum)
			return nil
		}))
	}
}

// look fails the test if anything was touched.
func (w *witness) look() {
	w.t.Helper()
	buf := make([]byte, 4096)
	n, err := syscall.Read(w.fd, buf)
	require.ErrorIs(w.t, err, syscall.EAGAIN, "another tenant's file was opened or a file was made (%d bytes of events)", n)
	after := map[string][32]byte{}
	w.list(func(path string, sum [32]byte) { after[path] = sum })
	require.Equal(w.t, w.before, after)
	require.Equal(w.t, []string{"own"}, bodies(w.t, w.db, acme)[:1])
	// The witness itself reads, which it would see next time.
	for {
		if _, err := syscall.Read(w.fd, buf); err != nil {
			break
		}
	}
}
