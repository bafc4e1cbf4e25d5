package vault

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

var file = Ref{Purpose: "files", ID: "1", Subject: "user:1"}

// sealStream seals content as NewWriter does, in pieces of some size.
func sealStream(t *testing.T, v *Vault, r Ref, content []byte, piece int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := v.NewWriter(as(t, "alpha"), r, &b)
	require.NoError(t, err)
	for rest := content; len(rest) > 0; rest = rest[min(piece, len(rest)):] {
		n, err := w.Write(rest[:min(piece, len(rest))])
		require.NoError(t, err)
		require.Equal(t, min(piece, len(rest)), n)
	}
	require.NoError(t, w.Close())
	require.NoError(t, w.Close())
	_, err = w.Write([]byte("x"))
	require.Error(t, err)
	return b.Bytes()
}

// openStreamOf opens a stream of file.
func openStreamOf(v *Vault, sealed []byte) ([]byte, error) {
	id, err := tenancy.ParseID("alpha")
	if err != nil {
		return nil, err
	}
	r, err := v.NewReader(tenancy.With(context.Background(), id), file, bytes.NewReader(sealed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func openStream(t *testing.T, v *Vault, r Ref, sealed io.Reader) ([]byte, error) {
	t.Helper()
	rd, err := v.NewReader(as(t, "alpha"), r, sealed)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(rd)
}

func TestAStreamComesBackWhole(t *testing.T) {
	t.Parallel()
	v := open(t, NewMemory(), newKeeper(t), Options{})
	for _, size := range []int{0, 1, chunkLen - 1, chunkLen, chunkLen + 1, 2 * chunkLen, 3*chunkLen + 5} {
		content := make([]byte, size)
		for i := range content {
			content[i] = byte(i * 7)
		}
		for _, piece := range []int{1 << 20, chunkLen, 1000} {
			sealed := sealStream(t, v, file, content, piece)
			for _, from := range []io.Reader{bytes.NewReader(sealed), iotest.HalfReader(bytes.NewReader(sealed)), iotest.DataErrReader(bytes.NewReader(sealed))} {
				got, err := openStream(t, v, file, from)
				require.NoError(t, err)
				require.True(t, bytes.Equal(content, got))
			}
		}
	}
	require.NoError(t, iotest.TestReader(func() io.Reader {
		r, err := v.NewReader(as(t, "alpha"), file, bytes.NewReader(sealStream(t, v, file, []byte("some content"), 5)))
		require.NoError(t, err)
		return r
	}(), []byte("some content")))
}

func TestAStreamThatWasCutOffOrRearrangedIsNoticed(t *testing.T) {
	t.Parallel()
	v := open(t, NewMemory(), newKeeper(t), Options{})
	content := bytes.Repeat([]byte("0123456789abcdef"), 2*chunkLen/16+10) // three chunks
	sealed := sealStream(t, v, file, content, 1<<20)
	chunk := func(i int) []byte {
		return sealed[headerLen+i*sealedChunk : min(len(sealed), headerLen+(i+1)*sealedChunk)]
	}
	head := sealed[:headerLen]
	other := sealStream(t, v, file, content, 1<<20)
	for name, bad := range map[string][]byte{
		"swapped":              bytes.Join([][]byte{head, chunk(1), chunk(0), chunk(2)}, nil),
		"left out":             bytes.Join([][]byte{head, chunk(0), chunk(2)}, nil),
		"twice":                bytes.Join([][]byte{head, chunk(0), chunk(0), chunk(1), chunk(2)}, nil),
		"without the last":     bytes.Join([][]byte{head, chunk(0), chunk(1)}, nil),
		"going on":             append(bytes.Clone(sealed), chunk(2)...),
		"an empty one behind":  append(bytes.Clone(sealed), make([]byte, nonceLen+tagLen)...),
		"a chunk of another":   bytes.Join([][]byte{head, chunk(0), other[headerLen+sealedChunk : headerLen+2*sealedChunk], chunk(2)}, nil),
		"the head of another":  append(bytes.Clone(other[:headerLen]), sealed[headerLen:]...),
		"no chunk":             head,
		"a value in its place": append([]byte{formatXAES}, sealed[1:]...),
	} {
		_, err := openStream(t, v, file, bytes.NewReader(bad))
		require.True(t, errors.Is(err, ErrNotAuthentic) || errors.Is(err, ErrMalformed) || errors.Is(err, ErrFormat), "%s: %v", name, err)
	}
	for n := 0; n < len(sealed); n += 1 + n%97 {
		_, err := openStream(t, v, file, bytes.NewReader(sealed[:n]))
		require.True(t, errors.Is(err, ErrNotAuthentic) || errors.Is(err, ErrMalformed), "%d: %v", n, err)
	}
	for i := headerLen; i < len(sealed); i += 1 + i%211 {
		bad := bytes.Clone(sealed)
		bad[i] ^= 0x10
		_, err := openStream(t, v, file, bytes.NewReader(bad))
		require.ErrorIs(t, err, ErrNotAuthentic)
	}
	for _, r := range []Ref{{Purpose: "files", ID: "2", Subject: "user:1"}, {Purpose: "other", ID: "1", Subject: "user:1"}, {Purpose: "files", ID: "1"}} {
		_, err := openStream(t, v, r, bytes.NewReader(sealed))
		require.ErrorIs(t, err, ErrNotAuthentic)
	}
	f, err := v.Field(as(t, "alpha"), "files")
	require.NoError(t, err)
	_, err = f.AppendOpen(as(t, "alpha"), nil, "1", "user:1", sealed)
	require.ErrorIs(t, err, ErrFormat)
}

// failing fails after some bytes.
type failing struct{ left int }

var errDisk = errors.New("disk full")

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errDisk
	}
	return len(p), nil
}

func TestAWriterThatFailedStaysFailed(t *testing.T) {
	t.Parallel()
	v := open(t, NewMemory(), newKeeper(t), Options{})
	w, err := v.NewWriter(as(t, "alpha"), file, &failing{left: chunkLen * 3 / 2})
	require.NoError(t, err)
	_, err = w.Write(make([]byte, 5*chunkLen))
	require.ErrorIs(t, err, errDisk)
	require.ErrorIs(t, w.Close(), errDisk)
	_, err = v.NewReader(as(t, "alpha"), file, iotest.ErrReader(errDisk))
	require.ErrorIs(t, err, errDisk)
}
