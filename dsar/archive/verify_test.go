package archive_test

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"io"
	"os"
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar/archive"
	"github.com/stretchr/testify/require"
)

// files returns what the files of an archive hold, as another program unpacks them.
func files(t testing.TB, b []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	out := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(t, err)
		out[f.Name], err = io.ReadAll(r)
		require.NoError(t, err)
	}
	return out
}

func small(t testing.TB) []byte {
	return write(t, options(t), cell{archive.Text, []byte("one")}, cell{archive.Integer, []byte("2")})
}

func verify(t testing.TB, b []byte) error {
	_, key := signer(t)
	_, err := archive.Verify(bytes.NewReader(b), int64(len(b)), key)
	return err
}

func TestNoByteOfAnArchiveCanBeChanged(t *testing.T) {
	t.Parallel()
	b := small(t)
	require.NoError(t, verify(t, b))
	step := 11
	if os.Getenv("BAILIWICK_SOAK") == "1" {
		step = 1
	}
	for i := 0; i < len(b); i += step {
		b[i] ^= 1 << (i % 8)
		require.Error(t, verify(t, b), "byte %d of %d", i, len(b))
		b[i] ^= 1 << (i % 8)
	}
}

func TestHalfAnArchiveIsNone(t *testing.T) {
	t.Parallel()
	b := small(t)
	for n := 0; n < len(b); n += 1 + len(b)/500 {
		require.Error(t, verify(t, b[:n]))
	}
	require.Error(t, verify(t, b[:len(b)-1]))
	// Neither is what a writer leaves that was given up.
	var half bytes.Buffer
	o := options(t)
	o.Split = 1 << 10
	w, err := archive.NewWriter(&half, o)
	require.NoError(t, err)
	require.NoError(t, w.Table(archive.Table{Name: "t", Columns: []archive.Column{{Name: "v"}}}))
	for range 500 {
		require.NoError(t, w.Row([][]byte{[]byte("some value of a row")}, nil))
	}
	w.Abort()
	require.NotZero(t, half.Len())
	require.ErrorIs(t, verify(t, half.Bytes()), archive.ErrInvalid)
}

func TestNothingHidesBesideTheFiles(t *testing.T) {
	t.Parallel()
	b := small(t)
	require.ErrorIs(t, verify(t, append([]byte("MZ a program"), b...)), archive.ErrInvalid)
	require.ErrorIs(t, verify(t, append(bytes.Clone(b), "more"...)), archive.ErrInvalid)
	// again packs the same files with another writer, and with whatever change is asked for.
	again := func(change func(*zip.Writer, *zip.File, *zip.FileHeader) bool) []byte {
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		require.NoError(t, err)
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		for _, f := range z.File {
			h := f.FileHeader
			if !change(w, f, &h) {
				continue
			}
			to, err := w.CreateRaw(&h)
			require.NoError(t, err)
			raw, err := f.OpenRaw()
			require.NoError(t, err)
			_, err = io.Copy(to, raw)
			require.NoError(t, err)
		}
		require.NoError(t, w.Close())
		return out.Bytes()
	}
	require.NoError(t, verify(t, again(func(*zip.Writer, *zip.File, *zip.FileHeader) bool { return true })))
	for name, change := range map[string]func(*zip.Writer, *zip.File, *zip.FileHeader) bool{
		"a file more": func(w *zip.Writer, f *zip.File, _ *zip.FileHeader) bool {
			if f.Name == "index.html" {
				to, _ := w.Create("data/evil.exe")
				_, _ = to.Write([]byte("x"))
			}
			return true
		},
		"a file less":  func(_ *zip.Writer, f *zip.File, _ *zip.FileHeader) bool { return f.Name != "data/001-t-0001.csv" },
		"no signature": func(_ *zip.Writer, f *zip.File, _ *zip.FileHeader) bool { return f.Name != "manifest.sig" },
		"a file twice": func(w *zip.Writer, f *zip.File, _ *zip.FileHeader) bool {
			return f.Name != "index.html" || w.Copy(f) == nil
		},
		"a comment": func(_ *zip.Writer, _ *zip.File, h *zip.FileHeader) bool { h.Comment = "c"; return true },
		"an extra":  func(_ *zip.Writer, _ *zip.File, h *zip.FileHeader) bool { h.Extra = []byte{9, 9, 1, 0, 7}; return true },
		"a mode":    func(_ *zip.Writer, _ *zip.File, h *zip.FileHeader) bool { h.SetMode(0o777); return true },
		"a name":    func(_ *zip.Writer, _ *zip.File, h *zip.FileHeader) bool { h.Name = "../" + h.Name; return true },
	} {
		require.ErrorIs(t, verify(t, again(change)), archive.ErrInvalid, name)
	}
	// What stands behind the end of a packed file is seen, too.
	packed := again(func(w *zip.Writer, f *zip.File, h *zip.FileHeader) bool {
		if f.Name != "manifest.sig" {
			return true
		}
		raw, err := f.OpenRaw()
		require.NoError(t, err)
		all, err := io.ReadAll(raw)
		require.NoError(t, err)
		h.CompressedSize64 += 3
		to, err := w.CreateRaw(h)
		require.NoError(t, err)
		_, err = to.Write(append(all, "abc"...))
		require.NoError(t, err)
		return false
	})
	require.ErrorIs(t, verify(t, packed), archive.ErrInvalid)
}

func TestAnArchiveIsSignedByAKeyThatIsKnown(t *testing.T) {
	t.Parallel()
	b := small(t)
	_, stranger, err := archive.Key("example.com", ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)))
	require.NoError(t, err)
	_, err = archive.Verify(bytes.NewReader(b), int64(len(b)), stranger)
	require.ErrorIs(t, err, archive.ErrUnsigned)
	_, err = archive.Verify(bytes.NewReader(b), int64(len(b)))
	require.ErrorIs(t, err, archive.ErrUnsigned)
	_, key := signer(t)
	_, err = archive.Verify(bytes.NewReader(b), int64(len(b)), stranger, key)
	require.NoError(t, err)
	_, _, err = archive.Key("two words", ed25519.NewKeyFromSeed(make([]byte, 32)))
	require.ErrorIs(t, err, archive.ErrOptions)
	_, _, err = archive.Key("short", nil)
	require.ErrorIs(t, err, archive.ErrOptions)
}
