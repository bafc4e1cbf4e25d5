package archive

import (
	"archive/zip"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"sync"

	"github.com/klauspost/compress/flate"
	"golang.org/x/mod/sumdb/note"
)

// Archive is an archive whose manifest was signed by a key that is known. It is safe for concurrent use, if its reader is.
type Archive struct {
	Manifest *Manifest
	Hash     string // of the manifest: "sha256:" and hex digits, as in [Sum]

	r    io.ReaderAt
	size int64
	zip  *zip.Reader
}

const (
	mostSignature = 64 << 10
	mostManifest  = 1 << 30
)

// Open reads the manifest of an archive that is not encrypted, or no longer (see [Decrypt]). One of the keys must have signed it. What the
// files hold is compared with it when they are read; [Verify] looks at all of them.
func Open(r io.ReaderAt, size int64, keys ...note.Verifier) (*Archive, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("%w: no ZIP file, or one that is cut off", ErrInvalid)
	}
	n := len(z.File) - 2
	if n < 1 || z.File[n].Name != manifestName || z.File[n+1].Name != signedName {
		return nil, fmt.Errorf("%w: it has no signed manifest", ErrInvalid)
	}
	sig, err := stored(z.File[n+1], mostSignature)
	if err != nil {
		return nil, err
	}
	want, err := signed(sig, keys)
	if err != nil {
		return nil, err
	}
	text, err := stored(z.File[n], mostManifest)
	if err != nil {
		return nil, err
	}
	if hexSum(sha256.Sum256(text)) != want {
		return nil, fmt.Errorf("%w: the manifest is not the one that was signed", ErrInvalid)
	}
	a := &Archive{Manifest: new(Manifest), Hash: "sha256:" + want, r: r, size: size, zip: z}
	if err := json.Unmarshal(text, a.Manifest); err != nil || a.Manifest.Format != format {
		return nil, fmt.Errorf("%w: the manifest is of another format", ErrInvalid)
	}
	return a, a.names()
}

// names compares the names and sizes of the files with the manifest.
func (a *Archive) names() error {
	files := a.zip.File[:len(a.zip.File)-2]
	if len(files) != len(a.Manifest.Files) {
		return fmt.Errorf("%w: there are other files than the manifest names", ErrInvalid)
	}
	for i, f := range a.Manifest.Files {
		z := files[i]
		if z.Name != f.Name || z.Method != zip.Deflate || f.Bytes < 0 || z.UncompressedSize64 != uint64(f.Bytes) || f.Packed < 0 || z.CompressedSize64 != uint64(f.Packed) ||
			fmt.Sprintf("%08x", z.CRC32) != f.CRC32 || f.Table < 0 || f.Table > len(a.Manifest.Tables) {
			return fmt.Errorf("%w: there are other files than the manifest names", ErrInvalid)
		}
	}
	return nil
}

// stored returns what a file holds that is not packed.
func stored(f *zip.File, most uint64) ([]byte, error) {
	if f.Method != zip.Store || f.UncompressedSize64 > most || f.CompressedSize64 != f.UncompressedSize64 {
		return nil, fmt.Errorf("%w: the manifest is too long, or packed", ErrInvalid)
	}
	raw, err := f.OpenRaw()
	if err != nil {
		return nil, fmt.Errorf("%w: a file is outside of it", ErrInvalid)
	}
	var b bytes.Buffer
	if _, err := io.Copy(&b, raw); err != nil || crc32.ChecksumIEEE(b.Bytes()) != f.CRC32 {
		return nil, fmt.Errorf("%w: the manifest cannot be read", ErrInvalid)
	}
	return b.Bytes(), nil
}

// unpacker reads a file of the archive.
type unpacker struct {
	*unpacking // nil: it is read
	left       int64
}

// unpacking is what reading takes, to be used again: an archive may have very many small files.
type unpacking struct {
	raw *bufio.Reader
	r   io.ReadCloser
	buf []byte
}

var unpackings = sync.Pool{New: func() any {
	raw := bufio.NewReaderSize(nil, blockSize)
	return &unpacking{raw, flate.NewReader(raw), make([]byte, blockSize)}
}}

// file opens a file that is, as it is packed, what was signed.
func (a *Archive) file(i int) (*unpacker, error) {
	outside := fmt.Errorf("%w: a file is outside of it", ErrInvalid)
	raw, err := a.zip.File[i].OpenRaw()
	if err != nil {
		return nil, outside
	}
	u := unpackings.Get().(*unpacking)
	sum := sha256.New()
	if _, err := io.CopyBuffer(sum, raw, u.buf); err != nil || hexSum([sha256.Size]byte(sum.Sum(nil))) != a.Manifest.Files[i].SHA256 {
		return nil, fmt.Errorf("%w: a file is not what was signed", ErrInvalid)
	}
	if raw, err = a.zip.File[i].OpenRaw(); err != nil {
		return nil, outside
	}
	u.raw.Reset(raw)
	if err := u.r.(flate.Resetter).Reset(u.raw, nil); err != nil {
		return nil, outside
	}
	return &unpacker{u, a.Manifest.Files[i].Bytes}, nil
}

func (u *unpacker) Read(b []byte) (int, error) {
	if u.unpacking == nil {
		return 0, io.EOF
	}
	n, err := u.r.Read(b)
	u.left -= int64(n)
	switch {
	case u.left < 0 || errors.Is(err, io.EOF) && u.left != 0:
		return 0, fmt.Errorf("%w: a file is longer or shorter than it says", ErrInvalid)
	case errors.Is(err, io.EOF):
		if _, err := u.raw.ReadByte(); !errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("%w: something stands behind what a file holds", ErrInvalid)
		}
		unpackings.Put(u.unpacking)
		u.unpacking = nil
		return n, io.EOF
	case err != nil:
		return 0, fmt.Errorf("%w: a file cannot be unpacked", ErrInvalid)
	}
	return n, nil
}

// Lines returns the rows of a table, each a JSON object as [Kind] says it is written, in the order of the archive. A line is good until the
// next one. No line is given of a file that is not what was signed; the last pair is then an error that wraps [ErrInvalid].
func (a *Archive) Lines(table string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		at, rows := 0, int64(0)
		for i, t := range a.Manifest.Tables {
			if t.Name == table {
				at, rows = i+1, t.Rows
			}
		}
		if at == 0 {
			yield(nil, fmt.Errorf("%w: there is no such table", ErrTable))
			return
		}
		for i, f := range a.Manifest.Files {
			if f.Table != at || !isLines(f.Name) {
				continue
			}
			n, ok := a.lines(i, yield)
			if rows -= n; !ok {
				return
			}
		}
		if rows != 0 {
			yield(nil, fmt.Errorf("%w: a table has other rows than the manifest says", ErrInvalid))
		}
	}
}

// lines yields those of one file.
func (a *Archive) lines(i int, yield func([]byte, error) bool) (n int64, more bool) {
	f := a.Manifest.Files[i]
	u, err := a.file(i)
	if err != nil {
		return 0, yield(nil, err) && false
	}
	b := bufio.NewReaderSize(u, chunkSize)
	var long []byte
	for {
		line, err := b.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			long = append(long, line...)
			continue
		case errors.Is(err, io.EOF) && len(line)+len(long) == 0:
			if n != f.Rows {
				return n, yield(nil, fmt.Errorf("%w: a file has other rows than the manifest says", ErrInvalid)) && false
			}
			return n, true
		case errors.Is(err, io.EOF):
			err = fmt.Errorf("%w: a line has no end", ErrInvalid)
		}
		if err != nil {
			return n, yield(nil, err) && false
		}
		if len(long) > 0 {
			line = append(long, line...)
			long = long[:0]
		}
		n++
		if !yield(line[:len(line)-1], nil) {
			return n, false
		}
	}
}
