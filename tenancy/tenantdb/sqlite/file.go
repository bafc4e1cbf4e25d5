package sqlite

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

const (
	systemFile = "system.db"
	tenantsDir = "tenants"
	scratchExt = ".tmp"
)

// suffixes are the files SQLite keeps beside a database.
var suffixes = []string{"", "-wal", "-shm", "-journal"}

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// tenantPath returns where the file of id is: a name of 52 letters and digits made of the id's hash, so
// that no id can name anything else, in one of 256 folders.
func (d *DB) tenantPath(id tenancy.ID) string {
	sum := sha256.Sum256([]byte("bailiwick tenant file\x00" + id.String()))
	return filepath.Join(d.dir, tenantsDir, hex.EncodeToString(sum[:1]), base32Lower.EncodeToString(sum[:])+".db")
}

// checkFile refuses a file that is not an ordinary one of ours. A missing one is fs.ErrNotExist.
func checkFile(path string) error {
	for _, s := range suffixes {
		fi, err := os.Lstat(path + s)
		switch {
		case errors.Is(err, fs.ErrNotExist) && s != "":
			continue
		case errors.Is(err, fs.ErrNotExist):
			return fs.ErrNotExist
		case err != nil:
			return fmt.Errorf("%w: %w", tenantdb.ErrUnavailable, pathless(err))
		case !fi.Mode().IsRegular():
			return fmt.Errorf("%w: a link or other thing that is not a file stands where a database should", tenantdb.ErrUnsafe)
		case fi.Mode().Perm()&0o077 != 0:
			return fmt.Errorf("%w: a database file is open to other users of this machine (mode %04o)", tenantdb.ErrUnsafe, fi.Mode().Perm())
		}
	}
	return nil
}

// checkTenantFile is checkFile for a tenant's file and the folder it is in.
func checkTenantFile(path string) error {
	if err := checkDir(filepath.Dir(path)); err != nil {
		return err
	}
	return checkFile(path)
}

// makeDir makes a folder of ours, or checks one that is there.
func makeDir(path string) error {
	err := os.Mkdir(path, 0o700)
	if err == nil {
		return syncDir(filepath.Dir(path))
	}
	if !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %w", tenantdb.ErrUnavailable, pathless(err))
	}
	return checkDir(path)
}

// checkDir refuses a folder that is not an ordinary one of ours. A missing one is fs.ErrNotExist.
func checkDir(path string) error {
	fi, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fs.ErrNotExist
	case err != nil:
		return fmt.Errorf("%w: %w", tenantdb.ErrUnavailable, pathless(err))
	case !fi.IsDir():
		return fmt.Errorf("%w: a link or file stands where a folder of databases should", tenantdb.ErrUnsafe)
	case fi.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("%w: the folder of databases is open to other users of this machine (mode %04o)", tenantdb.ErrUnsafe, fi.Mode().Perm())
	}
	return nil
}

// checkRoot refuses a root that others may write to.
func checkRoot(dir string) error {
	fi, err := os.Stat(dir)
	switch {
	case err != nil:
		return err
	case !fi.IsDir():
		return fmt.Errorf("%w: not a folder", tenantdb.ErrUnsafe)
	case fi.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("%w: other users of this machine may write to the folder (mode %04o)", tenantdb.ErrUnsafe, fi.Mode().Perm())
	}
	return nil
}

// newScratch makes an empty file next to path, for a database in the making. Its name begins with
// path's, so that a purge finds what a crash left.
func newScratch(path string) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*"+scratchExt) // mode 0600
	if err != nil {
		return "", fmt.Errorf("%w: %w", tenantdb.ErrUnavailable, pathless(err))
	}
	return f.Name(), f.Close()
}

// publish syncs a finished scratch file and gives it the name path, which must be free. A log that was
// left there is refused: SQLite would write what is in it over the new file.
func publish(tmp, path string) error {
	if err := checkOrphans(path); err != nil {
		return err
	}
	if err := syncFile(tmp); err != nil {
		return err
	}
	err := os.Link(tmp, path) // unlike a rename, it never replaces a file
	if err == nil {
		err = os.Remove(tmp)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("%w: %w", tenantdb.ErrUnavailable, pathless(err))
	}
	return nil
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		err = f.Sync()
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}
	if err != nil {
		return fmt.Errorf("%w: %w", tenantdb.ErrUnavailable, pathless(err))
	}
	return nil
}

// checkOrphans refuses a log, shared memory or journal without its database.
func checkOrphans(path string) error {
	for _, s := range suffixes[1:] {
		if _, err := os.Lstat(path + s); err != nil {
			continue
		}
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: the log of a database that is gone stands where a new one should: put the database back, or remove both", tenantdb.ErrUnsafe)
		}
	}
	return nil
}

// discard removes a scratch file and what SQLite made beside it.
func discard(tmp string) {
	for _, s := range suffixes {
		_ = os.Remove(tmp + s)
	}
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// pathless is err without the path it names.
func pathless(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("%s: %w", pe.Op, pe.Err)
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return fmt.Errorf("%s: %w", le.Op, le.Err)
	}
	return err
}

// tenantFiles returns the paths of all tenants' files, folder by folder.
func (d *DB) tenantFiles() ([]string, error) {
	var out []string
	root := filepath.Join(d.dir, tenantsDir)
	buckets, err := os.ReadDir(root)
	if err != nil {
		return nil, pathless(err)
	}
	for _, b := range buckets {
		files, err := os.ReadDir(filepath.Join(root, b.Name()))
		if err != nil {
			return nil, pathless(err)
		}
		for _, f := range files {
			if strings.HasSuffix(f.Name(), ".db") {
				out = append(out, filepath.Join(root, b.Name(), f.Name()))
			}
		}
	}
	return out, nil
}
