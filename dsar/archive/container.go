package archive

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
)

// A ZIP file can hold more than its directory names: bytes before, between and behind the files, and headers that say something else to
// a program that reads from the front. So the container is written again, of the packed files as they are, and has to come out the same.
func (a *Archive) contained() error {
	c := &comparer{r: a.r}
	w, buf := zip.NewWriter(c), make([]byte, blockSize)
	for _, f := range a.zip.File {
		h := header(f.Name, a.Manifest.At)
		h.Method, h.CRC32, h.CompressedSize64, h.UncompressedSize64 = f.Method, f.CRC32, f.CompressedSize64, f.UncompressedSize64
		out, err := w.CreateRaw(h)
		if err != nil {
			return fmt.Errorf("%w: something stands between its files", ErrInvalid)
		}
		raw, err := f.OpenRaw()
		if err != nil {
			return fmt.Errorf("%w: a file is outside of it", ErrInvalid)
		}
		if _, err := io.CopyBuffer(out, raw, buf); err != nil {
			return fmt.Errorf("%w: something stands between its files", ErrInvalid)
		}
	}
	if err := w.Close(); err != nil || c.at != a.size {
		return fmt.Errorf("%w: something stands behind its files", ErrInvalid)
	}
	return nil
}

// comparer is written what must be there.
type comparer struct {
	r   io.ReaderAt
	at  int64
	buf [4 << 10]byte
}

func (c *comparer) Write(b []byte) (int, error) {
	for n := 0; n < len(b); {
		k := min(len(b)-n, len(c.buf))
		if got, _ := c.r.ReadAt(c.buf[:k], c.at); got != k || !bytes.Equal(c.buf[:k], b[n:n+k]) {
			return n, ErrInvalid
		}
		c.at += int64(k)
		n += k
	}
	return len(b), nil
}
