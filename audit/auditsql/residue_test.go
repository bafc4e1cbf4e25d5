package auditsql_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/stretchr/testify/require"
)

// count counts marker in the files below dir, apart in databases and in their logs.
func count(t *testing.T, dir string, marker []byte) (databases, logs int) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if n := bytes.Count(b, marker); strings.HasSuffix(path, "-wal") {
			logs += n
		} else {
			databases += n
		}
		return err
	}))
	return databases, logs
}

func TestNothingErasedIsLeftInASQLiteFile(t *testing.T) {
	t.Parallel()
	marker, dir := []byte("ann@example.com"), filepath.Join(t.TempDir(), "data")
	db := openSQLite(t, dir)
	w := &world{host: db, db: db.TenantDB(), dir: dir}
	ctx, s := w.tenant(t), w.store(t)
	var with []audit.Reopening
	var batch []audit.Entry
	for i := range 300 {
		e := entry(2, "leaf")
		e.Open[0].Data = append([]byte("about "), marker...)
		batch, with = append(batch, e), append(with, audit.Reopening{Seq: uint64(i)})
		if i%2 == 0 {
			with[i].Data = []byte("about")
		}
	}
	_, err := s.Append(ctx, batch)
	require.NoError(t, err)
	inFile, inLog := count(t, dir, marker)
	require.NotZero(t, inFile+inLog, "seen to look")
	require.NoError(t, s.Reopen(ctx, batch[0].Open[0].Subject, with))
	require.NoError(t, db.Close()) // the last one takes the log into the file
	inFile, inLog = count(t, dir, marker)
	t.Logf("the write-ahead log keeps %d copies until it begins anew", inLog)
	require.Zero(t, inFile)
}
