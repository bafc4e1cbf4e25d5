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
	table := archive.Table{Name: "t", Columns: []archive.Column{{Name: "id", Kind: archive.Integer}, {Name: "body"}, {Name: "raw", Kind: archive.Blob}}}
	raw := make([]byte, 1000)
	row := [][]byte{nil, []byte("a body with some words that are in every row of it, and <markup> \"quotes\""), raw}
	random := rand.NewChaCha8([32]byte{})
	var id [20]byte
	// archived writes rows that cannot be packed, and calls at after a quarter of them and after the last.
	archived := func(rows int, split int64, at func()) {
		o := options(t)
		o.Split = split
		w, err := archive.NewWriter(io.Discard, o)
		require.NoError(t, err)
		defer w.Abort()
		require.NoError(t, w.Table(table))
		for i := range rows {
			_, _ = random.Read(raw)
			row[0] = strconv.AppendInt(id[:0], int64(i), 10)
			if err := w.Row(row, nil); err != nil {
				t.Fatal(err)
			}
			if i == rows/4 || i == rows-1 {
				at()
			}
		}
		sum, err := w.Close()
		require.NoError(t, err)
		require.EqualValues(t, rows, sum.Rows)
	}
	rows := 3_000 // 6 MB, packed
	if os.Getenv("BAILIWICK_SOAK") == "1" {
		rows = 100_000
	}
	var held []uint64
	archived(rows, 128<<10, func() {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		held = append(held, m.HeapAlloc)
	})
	require.Less(t, int64(held[1]-held[0])>>10, int64(2<<10), "KiB that rows of more than 4 MB leave behind")
	few := testing.AllocsPerRun(1, func() { archived(100, 0, func() {}) })
	many := testing.AllocsPerRun(1, func() { archived(600, 0, func() {}) })
	require.Less(t, many-few, 250.0, "none a row")
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
