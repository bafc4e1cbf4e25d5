package audit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// A bundle is a tar stream of plain files (POSIX ustar) in which nothing is left to choice: mode, owner and time
// are fixed, so that the same log gives the same bytes, and a reader can refuse every byte that is not as it
// must be.

const tarBlock = 512

var tarZero [tarBlock]byte

// tarHeader fills h with the one header that a file of that name and size has.
func tarHeader(h *[tarBlock]byte, name []byte, size int64) {
	*h = tarZero
	copy(h[:100], name)
	copy(h[100:], "0000644\x000000000\x000000000\x00")
	octal(h[124:135], uint64(size))
	copy(h[136:], "00000000000\x00        0")
	copy(h[257:], "ustar\x0000")
	copy(h[329:], "0000000\x000000000\x00")
	sum := uint64(0)
	for _, c := range h {
		sum += uint64(c)
	}
	octal(h[148:154], sum)
	h[154], h[155] = 0, ' '
}

func octal(b []byte, n uint64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = '0' + byte(n&7)
		n >>= 3
	}
}

const maxTarFile = 1<<33 - 1 // what 11 octal digits hold

// tarWriter writes files. After an error it writes no more.
type tarWriter struct {
	w   io.Writer
	h   [tarBlock]byte
	err error
}

// file writes a file that consists of parts.
func (t *tarWriter) file(name string, parts ...[]byte) error {
	size := int64(0)
	for _, p := range parts {
		size += int64(len(p))
	}
	if len(name) > 100 || size > maxTarFile {
		return fmt.Errorf("audit: file %s of %d bytes does not fit in a bundle", name, size)
	}
	tarHeader(&t.h, []byte(name), size)
	t.put(t.h[:])
	for _, p := range parts {
		t.put(p)
	}
	if rest := size % tarBlock; rest != 0 {
		t.put(tarZero[rest:])
	}
	return t.err
}

// end writes the end of the stream.
func (t *tarWriter) end() error {
	t.put(tarZero[:])
	t.put(tarZero[:])
	return t.err
}

func (t *tarWriter) put(p []byte) {
	if t.err == nil {
		_, t.err = t.w.Write(p)
	}
}

var (
	errTarTorn = errors.New("the stream ends in the middle")
	errTarForm = errors.New("the stream is not a tar file as bundles are")
)

// tarReader reads what tarWriter writes and nothing else. It allocates nothing for what a header claims.
type tarReader struct {
	r      *bufio.Reader
	h      [tarBlock]byte
	want   [tarBlock]byte
	name   []byte // of the current file, until next
	left   int64  // bytes of it that were not read
	pad    int64
	offset int64 // in the stream, of what is read next
}

func newTarReader(r io.Reader) *tarReader {
	return &tarReader{r: bufio.NewReaderSize(r, 1<<15)}
}

// next goes to the next file. It returns io.EOF at a proper end, errTarTorn or errTarForm if there is none,
// or the error of the stream.
func (t *tarReader) next() error {
	if err := t.skip(); err != nil {
		return err
	}
	if err := t.full(t.h[:]); err != nil {
		return err
	}
	if t.h == tarZero {
		return t.finish()
	}
	n := bytes.IndexByte(t.h[:100], 0)
	if n < 0 {
		n = 100
	}
	size := int64(0)
	for _, c := range t.h[124:135] {
		if c < '0' || c > '7' {
			return errTarForm
		}
		size = size<<3 | int64(c-'0')
	}
	tarHeader(&t.want, t.h[:n], size)
	if n == 0 || t.h != t.want {
		return errTarForm
	}
	t.name, t.left, t.pad = t.h[:n], size, -size&(tarBlock-1)
	return nil
}

// finish is called after the first of the two blocks that end the stream.
func (t *tarReader) finish() error {
	if err := t.full(t.h[:]); err != nil {
		return err
	}
	if t.h != tarZero {
		return errTarForm
	}
	switch _, err := t.r.ReadByte(); err {
	case nil:
		return errTarForm
	case io.EOF:
		return io.EOF
	default:
		return err
	}
}

// full fills b from the stream.
func (t *tarReader) full(b []byte) error {
	n, err := io.ReadFull(t.r, b)
	t.offset += int64(n)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errTarTorn
	}
	return err
}

// Read reads from the current file.
func (t *tarReader) Read(b []byte) (int, error) {
	if t.left == 0 {
		return 0, io.EOF
	}
	if int64(len(b)) > t.left {
		b = b[:t.left]
	}
	n, err := t.r.Read(b)
	t.offset += int64(n)
	t.left -= int64(n)
	if err == io.EOF && t.left > 0 {
		err = errTarTorn
	} else if err == io.EOF {
		err = nil
	}
	return n, err
}

// readInto appends the rest of the current file to b, growing it as bytes arrive and never for what was claimed.
func (t *tarReader) readInto(b []byte) ([]byte, error) {
	const step = 1 << 16
	for t.left > 0 {
		if cap(b)-len(b) < int(min(t.left, step)) {
			b = append(b, make([]byte, min(t.left, max(step, int64(len(b)/2))))...)[:len(b)]
		}
		n, err := t.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err != nil {
			return b, err
		}
	}
	return b, nil
}

// skip leaves the rest of the current file and its padding, which must be zero.
func (t *tarReader) skip() error {
	for t.left > 0 {
		n, err := t.r.Discard(int(min(t.left, 1<<15)))
		t.offset += int64(n)
		t.left -= int64(n)
		if err == io.EOF {
			return errTarTorn
		} else if err != nil {
			return err
		}
	}
	if t.pad == 0 {
		return nil
	}
	b := t.want[:t.pad]
	t.pad = 0
	if err := t.full(b); err != nil {
		return err
	}
	if !bytes.Equal(b, tarZero[:len(b)]) {
		return errTarForm
	}
	return nil
}
