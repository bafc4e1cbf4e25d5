package archive

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"sync/atomic"
	"time"
)

// order is a file that was cut: the sink puts files into the archive in the order in which they were.
type order struct {
	from *stream
	file File
}

// sink writes finished files to the archive, in a goroutine of its own.
type sink struct {
	zip    *zip.Writer
	pool   *pool
	orders chan order
	done   chan struct{}
	failed atomic.Pointer[error]
	at     time.Time

	files []byte // of the manifest: one line a file
	many  int
}

func newSink(w io.Writer, p *pool, at time.Time) *sink {
	s := &sink{zip: zip.NewWriter(w), pool: p, orders: make(chan order, 8), done: make(chan struct{}), at: at}
	go s.run()
	return s
}

// err is why nothing is written any more.
func (s *sink) err() error {
	if p := s.failed.Load(); p != nil {
		return *p
	}
	return nil
}

func (s *sink) run() {
	defer close(s.done)
	for o := range s.orders {
		p, ok := <-o.from.out
		if ok && s.err() == nil {
			if err := s.write(o.file, &p); err != nil {
				s.failed.Store(&err)
			}
		}
		s.pool.put(p.blocks)
	}
}

// write puts a file into the archive. Its sizes are known, so they stand before it, and the archive can be read from the front.
func (s *sink) write(f File, p *part) error {
	if p.size >= 1<<32-1 || p.packed >= 1<<32-1 {
		return fmt.Errorf("%w: a row of 4 GiB", ErrTable)
	}
	f.Bytes, f.CRC32, f.Packed, f.SHA256 = p.size, fmt.Sprintf("%08x", p.crc), p.packed, hexSum(p.sum)
	line, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if s.many++; s.many > 1 {
		s.files = append(s.files, ",\n"...)
	}
	s.files = append(append(s.files, "    "...), line...)
	return s.entry(f.Name, zip.Deflate, p)
}

// whole puts a text into the archive as it is: what is looked at before the signature is verified need not be unpacked.
func (s *sink) whole(name string, b []byte) error {
	return s.entry(name, zip.Store, &part{size: int64(len(b)), crc: crc32.ChecksumIEEE(b), packed: int64(len(b)), blocks: [][]byte{b}})
}

func (s *sink) entry(name string, method uint16, p *part) error {
	h := header(name, s.at)
	h.Method, h.CRC32, h.UncompressedSize64, h.CompressedSize64 = method, p.crc, uint64(p.size), uint64(p.packed)
	w, err := s.zip.CreateRaw(h)
	if err != nil {
		return err
	}
	for _, b := range p.blocks {
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// header is the one that every file has, but for its sizes.
func header(name string, at time.Time) *zip.FileHeader {
	h := &zip.FileHeader{Name: name, CreatorVersion: 20, ReaderVersion: 20}
	h.ModifiedDate = uint16(at.Day() + int(at.Month())<<5 + max(0, at.Year()-1980)<<9) //lint:ignore SA1019 CreateRaw takes the time from nowhere else
	h.ModifiedTime = uint16(at.Second()/2 + at.Minute()<<5 + at.Hour()<<11)            //lint:ignore SA1019 as above
	return h
}
