package archive

import (
	"crypto/sha256"
	"hash"
	"hash/crc32"

	"github.com/klauspost/compress/flate"
)

// stream turns the text of files into compressed parts, in a goroutine of its own: JSON Lines, CSV and HTML have one each. The parts of
// one stream come out in the order in which they were cut.
type stream struct {
	in   chan chunk
	out  chan part
	free chan []byte
	pool *pool

	// of who writes
	buf  []byte
	size int64 // of the file so far, what is in buf included
}

// chunk is a piece of a file.
type chunk struct {
	b   []byte
	end bool // it is the last one
}

// part is a file.
type part struct {
	size   int64
	crc    uint32
	packed int64
	sum    [sha256.Size]byte // of what is packed
	blocks [][]byte
}

const (
	chunkSize = 64 << 10
	chunks    = 4 // of a stream: one is written, one is packed, and two wait
	blockSize = 32 << 10
)

func newStream(p *pool) *stream {
	s := &stream{in: make(chan chunk, chunks-1), out: make(chan part, 1), free: make(chan []byte, chunks), pool: p, buf: make([]byte, 0, chunkSize)}
	for range chunks - 1 {
		s.free <- make([]byte, 0, chunkSize)
	}
	go s.run()
	return s
}

// wrote is called after text was appended to buf.
func (s *stream) wrote() {
	if len(s.buf) >= chunkSize*3/4 {
		s.send(false)
	}
}

func (s *stream) send(end bool) {
	s.size += int64(len(s.buf))
	s.in <- chunk{s.buf, end}
	s.buf = <-s.free
	if end {
		s.size = 0
	}
}

// long is how long the file is so far.
func (s *stream) long() int64 { return s.size + int64(len(s.buf)) }

func (s *stream) run() {
	defer close(s.out)
	var p part
	sum := sha256.New()
	pack, err := flate.NewWriter(&packed{&p, s.pool, sum}, flate.BestSpeed)
	if err != nil {
		panic(err) // of a level that does not exist
	}
	for c := range s.in {
		p.crc = crc32.Update(p.crc, crc32.IEEETable, c.b)
		p.size += int64(len(c.b))
		_, _ = pack.Write(c.b)      // into memory
		if cap(c.b) > 4*chunkSize { // of a long row
			c.b = make([]byte, 0, chunkSize)
		}
		s.free <- c.b[:0]
		if !c.end {
			continue
		}
		_ = pack.Close()
		sum.Sum(p.sum[:0])
		s.out <- p
		p = part{}
		sum.Reset()
		pack.Reset(&packed{&p, s.pool, sum})
	}
	s.pool.put(p.blocks) // of a file that was never cut
}

// packed collects what is compressed, in blocks that are used again.
type packed struct {
	*part
	*pool
	sum hash.Hash
}

func (w *packed) Write(b []byte) (int, error) {
	n := len(b)
	w.sum.Write(b)
	for len(b) > 0 {
		i := len(w.blocks) - 1
		if i < 0 || len(w.blocks[i]) == cap(w.blocks[i]) {
			w.blocks = append(w.blocks, w.get())
			i++
		}
		k := min(len(b), cap(w.blocks[i])-len(w.blocks[i]))
		w.blocks[i] = append(w.blocks[i], b[:k]...)
		b = b[k:]
	}
	w.part.packed += int64(n)
	return n, nil
}

// pool keeps blocks for the next file.
type pool struct{ free chan []byte }

func newPool() *pool { return &pool{make(chan []byte, 256)} }

func (p *pool) get() []byte {
	select {
	case b := <-p.free:
		return b
	default:
		return make([]byte, 0, blockSize)
	}
}

func (p *pool) put(blocks [][]byte) {
	for _, b := range blocks {
		select {
		case p.free <- b[:0]:
		default:
			return
		}
	}
}
