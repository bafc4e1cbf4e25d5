package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/stretchr/testify/require"
)

func TestFileNamesSayNothingAndReachNowhere(t *testing.T) {
	t.Parallel()
	// The folder's name has everything in it that means something in a URI.
	dir := filepath.Join(tempDir(t), "a b?mode=memory&_pragma=x#%2e%2e%00;'\"")
	db := open(t, dir, sqlite.Options{Migrations: notes})
	long := strings.Repeat("x", tenancy.MaxIDLen)
	for _, id := range []string{"acme", "acme-wal", "acme-shm", "con", "nul", long, "0198f0f0-0000-7000-8000-000000000000"} {
		id := tenancy.MustParseID(id)
		provision(t, db, id)
		require.NoError(t, exec(db, id, "INSERT INTO note (body) VALUES (?)", id.String()))
		require.Equal(t, []string{id.String()}, bodies(t, db, id))
	}
	shape := regexp.MustCompile(`^tenants/[0-9a-f]{2}/[a-z2-7]{52}\.db(-wal|-shm)?$`)
	require.NoError(t, filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		require.NoError(t, err)
		fi, err := e.Info()
		require.NoError(t, err)
		want := os.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		}
		require.Equal(t, want, fi.Mode().Perm(), p)
		rel, err := filepath.Rel(dir, p)
		require.NoError(t, err)
		if !e.IsDir() && !strings.HasPrefix(rel, "system.db") {
			require.Regexp(t, shape, rel)
		}
		return nil
	}))
	require.Len(t, listDir(t, filepath.Dir(dir)), 1, "something was made beside the folder")
}

func listDir(tb testing.TB, dir string) []os.DirEntry {
	tb.Helper()
	es, err := os.ReadDir(dir)
	require.NoError(tb, err)
	return es
}

// closed provisions acme and globex, closes the database and returns their files.
func closed(t *testing.T, opts sqlite.Options) (dir, acmeFile, globexFile string) {
	t.Helper()
	dir = tempDir(t)
	db, err := sqlite.Open(dir, opts)
	require.NoError(t, err)
	provision(t, db, acme)
	acmeFile = only(t, dir)
	provision(t, db, globex)
	for _, f := range filesIn(t, dir) {
		if strings.HasSuffix(f, ".db") && f != acmeFile {
			globexFile = f
		}
	}
	require.NoError(t, exec(db, globex, "INSERT INTO note (body) VALUES ('of globex')"))
	require.NoError(t, db.Close())
	return dir, acmeFile, globexFile
}

func TestAFileUnderAnotherTenantsNameIsRefused(t *testing.T) {
	t.Parallel()
	for name, put := range map[string]func(from, to string) error{
		"copied": func(from, to string) error {
			b, err := os.ReadFile(from)
			if err != nil {
				return err
			}
			return os.WriteFile(to, b, 0o600)
		},
		"renamed":     os.Rename,
		"hard linked": os.Link,
	} {
		dir, mine, theirs := closed(t, sqlite.Options{Migrations: notes})
		require.NoError(t, os.Remove(mine))
		require.NoError(t, put(theirs, mine), name)
		db := open(t, dir, sqlite.Options{Migrations: notes})
		read, write := tries(db)
		require.ErrorIs(t, read, sqlite.ErrCorrupt, name)
		require.ErrorIs(t, write, sqlite.ErrCorrupt, name)
	}
}

func TestLinksAndOpenPermissionsAreRefused(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(mine, theirs string) error{
		"database is a link":   func(mine, theirs string) error { _ = os.Remove(mine); return os.Symlink(theirs, mine) },
		"dangling link":        func(mine, theirs string) error { _ = os.Remove(mine); return os.Symlink(theirs+"x", mine) },
		"log is a link":        func(mine, theirs string) error { _ = os.Remove(mine + "-wal"); return os.Symlink(theirs, mine+"-wal") },
		"shared memory is one": func(mine, theirs string) error { _ = os.Remove(mine + "-shm"); return os.Symlink(theirs, mine+"-shm") },
		"journal is one":       func(mine, theirs string) error { return os.Symlink(theirs, mine+"-journal") },
		"a folder":             func(mine, _ string) error { _ = os.Remove(mine); return os.Mkdir(mine, 0o700) },
		"its folder is a link": func(mine, _ string) error {
			folder := filepath.Dir(mine)
			return errors.Join(os.Rename(folder, folder+"x"), os.Symlink(folder+"x", folder))
		},
		"its folder is open":     func(mine, _ string) error { return os.Chmod(filepath.Dir(mine), 0o770) },
		"readable for the group": func(mine, _ string) error { return os.Chmod(mine, 0o640) },
	} {
		dir, mine, theirs := closed(t, sqlite.Options{Migrations: notes})
		require.NoError(t, spoil(mine, theirs))
		before, err := os.ReadFile(theirs)
		require.NoError(t, err)
		db := open(t, dir, sqlite.Options{Migrations: notes})
		read, write := tries(db)
		require.ErrorIs(t, read, tenantdb.ErrUnsafe, name)
		require.ErrorIs(t, write, tenantdb.ErrUnsafe, name)
		require.ErrorIs(t, db.SetState(context.Background(), tenancy.Tenant{ID: acme, State: tenancy.Suspended, Epoch: 1}), tenantdb.ErrUnsafe, name)
		after, err := os.ReadFile(theirs)
		require.NoError(t, err)
		require.Equal(t, before, after, name)
		require.NotContains(t, read.Error(), dir)
	}
}

func TestOpenRefusesAFolderThatIsNotSafe(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	require.NoError(t, os.Chmod(dir, 0o777))
	_, err := sqlite.Open(dir, sqlite.Options{})
	require.ErrorIs(t, err, tenantdb.ErrUnsafe)

	dir, _, _ = closed(t, sqlite.Options{Migrations: notes})
	require.NoError(t, os.Remove(filepath.Join(dir, "system.db")))
	_, err = sqlite.Open(dir, sqlite.Options{Migrations: notes})
	require.ErrorIs(t, err, tenantdb.ErrUnsafe, "the list of purged tenants is gone")

	dir = tempDir(t)
	require.NoError(t, os.Symlink(tempDir(t), filepath.Join(dir, "tenants")))
	_, err = sqlite.Open(dir, sqlite.Options{})
	require.ErrorIs(t, err, tenantdb.ErrUnsafe)

	for _, bad := range []string{"", "a\x00b"} {
		_, err = sqlite.Open(bad, sqlite.Options{})
		require.Error(t, err)
	}
}

// Whatever a file holds, it is refused by name, and not a byte of it is changed.
func TestDamagedFilesAreRefusedAndLeftAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(b []byte) []byte
		want  error
	}{
		"empty":             {func([]byte) []byte { return nil }, sqlite.ErrCorrupt},
		"not a database":    {func([]byte) []byte { return []byte(strings.Repeat("nothing of the kind ", 1000)) }, sqlite.ErrCorrupt},
		"cut short":         {func(b []byte) []byte { return b[:4096] }, sqlite.ErrCorrupt},
		"garbled schema":    {func(b []byte) []byte { clear(b[100:4096]); return b }, sqlite.ErrCorrupt},
		"another program's": {func([]byte) []byte { return foreign(t) }, sqlite.ErrCorrupt},
	} {
		dir, mine, _ := closed(t, sqlite.Options{Migrations: notes})
		b, err := os.ReadFile(mine)
		require.NoError(t, err)
		b = c.spoil(b)
		for _, s := range []string{"-wal", "-shm"} {
			_ = os.Remove(mine + s)
		}
		require.NoError(t, os.WriteFile(mine, b, 0o600))
		db := open(t, dir, sqlite.Options{Migrations: notes})
		read, write := tries(db)
		require.ErrorIs(t, read, c.want, name)
		require.ErrorIs(t, write, c.want, name)
		require.NotContains(t, read.Error(), dir)
		after, err := os.ReadFile(mine)
		require.NoError(t, err)
		require.Equal(t, string(b), string(after), name)
		require.Zero(t, db.OpenTenants(), name)
		// It can still be purged.
		_, err = db.Purge(context.Background(), tenancy.Tenant{ID: acme, Epoch: 1})
		require.NoError(t, err, name)
	}
}

// foreign returns the bytes of a database that was not made by this package.
func foreign(t *testing.T) []byte {
	db := plain(t)
	var file string
	require.NoError(t, db.QueryRow("SELECT file FROM pragma_database_list").Scan(&file))
	_, err := db.Exec("PRAGMA journal_mode = DELETE")
	require.NoError(t, err)
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	return b
}

// SQLite would write what is in the log over the file that has just been made: of a tenant that was, or of
// before a snapshot.
func TestNoFileIsMadeUnderTheLogOfOneThatIsGone(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir, _, mine := closed(t, sqlite.Options{Migrations: notes})
	require.FileExists(t, mine+"-wal")
	snapshot, err := os.ReadFile(mine)
	require.NoError(t, err)
	require.NoError(t, os.Remove(mine))
	db := open(t, dir, sqlite.Options{Migrations: notes})
	again := tenancy.Tenant{ID: globex, State: tenancy.Active, Epoch: 1}
	require.ErrorIs(t, db.Provision(ctx, again), tenantdb.ErrUnsafe)
	require.ErrorIs(t, db.Restore(ctx, again, bytes.NewReader(snapshot)), tenantdb.ErrUnsafe)
	require.NoFileExists(t, mine)
	for _, s := range []string{"-wal", "-shm"} {
		require.NoError(t, os.Remove(mine+s))
	}
	require.NoError(t, db.Restore(ctx, again, bytes.NewReader(snapshot)))
}
