package archive_test

import (
	"bufio"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar/archive"
	"github.com/stretchr/testify/require"
)

// Not parallel: it looks at the memory of the whole process.
func TestMemoryDoesNotGrowWithTheRows(t *testing.T) {
	w, err := archive.NewWriter(io.Discard, options(t))
	require.NoError(t, err)
	defer w.Abort()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, top := m.HeapAlloc, uint64(0)
	require.NoError(t, w.Table(archive.Table{Name: "t", Columns: []archive.Column{{Name: "id", Kind: archive.Integer}, {Name: "body"}, {Name: "raw", Kind: archive.Blob}}}))
	random := rand.NewChaCha8([32]byte{})
	raw := make([]byte, 100)
	var id [20]byte
	row := [][]byte{nil, []byte("a body with some words that are in every row of it, and <markup> \"quotes\""), raw}
	const rows = 100_000 // 30 MB, that cannot be packed
	for i := range rows {
		_, _ = random.Read(raw)
		row[0] = strconv.AppendInt(id[:0], int64(i), 10)
		require.NoError(t, w.Row(row, nil))
		if i%5_000 == 0 {
			runtime.ReadMemStats(&m)
			top = max(top, m.HeapAlloc)
		}
	}
	sum, err := w.Close()
	require.NoError(t, err)
	require.EqualValues(t, rows, sum.Rows)
	require.Less(t, (top-before)>>20, uint64(32), "MiB") // of what cannot be packed, and a garbage collection may be due
	allocs := testing.AllocsPerRun(1, func() {
		w, err := archive.NewWriter(io.Discard, options(t))
		require.NoError(t, err)
		require.NoError(t, w.Table(archive.Table{Name: "t", Columns: []archive.Column{{Name: "id", Kind: archive.Integer}, {Name: "body"}, {Name: "raw", Kind: archive.Blob}}}))
		for range 10_000 {
			if err := w.Row(row, nil); err != nil {
				t.Fatal(err)
			}
		}
		_, err = w.Close()
		require.NoError(t, err)
	})
	require.Less(t, allocs, 4_000.0, "none a row")
}

// create returns a file, and what looks at the archive in it.
func create(t *testing.T) (*bufio.Writer, func() *archive.Manifest) {
	f, err := os.Create(filepath.Join(t.TempDir(), "large.zip"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	b := bufio.NewWriterSize(f, 1<<20)
	return b, func() *archive.Manifest {
		require.NoError(t, b.Flush())
		info, err := f.Stat()
		require.NoError(t, err)
		_, key := signer(t)
		m, err := archive.Verify(f, info.Size(), key)
		require.NoError(t, err)
		return m
	}
}

func TestMoreThan65535Files(t *testing.T) {
	t.Parallel()
	if testing.Short() || raceEnabled {
		t.Skip("it takes seconds, and ten times as many under the race detector")
	}
	out, verify := create(t)
	o := options(t)
	o.Split = 1 << 10
	w, err := archive.NewWriter(out, o)
	require.NoError(t, err)
	defer w.Abort()
	require.NoError(t, w.Table(archive.Table{Name: "t", Columns: []archive.Column{{Name: "v"}}}))
	long := make([]byte, 1100)
	for i := range long {
		long[i] = 'x'
	}
	const rows = 1<<15 + 10 // two files each
	for range rows {
		require.NoError(t, w.Row([][]byte{long}, nil))
	}
	_, err = w.Close()
	require.NoError(t, err)
	m := verify()
	require.EqualValues(t, rows, m.Rows)
	require.Greater(t, len(m.Files), 1<<16)
}

func TestMoreThan4GiB(t *testing.T) {
	if os.Getenv("BAILIWICK_SOAK") != "1" {
		t.Skip("it writes 5 GiB: BAILIWICK_SOAK=1")
	}
	out, verify := create(t)
	w, err := archive.NewWriter(out, options(t))
	require.NoError(t, err)
	defer w.Abort()
	require.NoError(t, w.Table(archive.Table{Name: "t", Columns: []archive.Column{{Name: "v", Kind: archive.Blob}}}))
	v := make([]byte, 1<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(v) // it cannot be packed, nor does what comes a megabyte later help
	const rows = 1600
	for range rows {
		require.NoError(t, w.Row([][]byte{v}, nil))
	}
	sum, err := w.Close()
	require.NoError(t, err)
	require.Greater(t, sum.Bytes, int64(1)<<32)
	require.EqualValues(t, rows, verify().Rows)
}
