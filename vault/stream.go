package vault

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
)

// A sealed stream has its header once, and then chunks:
//
//	1 byte    2, the format
//	16 bytes  id of the key
//	12 bytes  salt, which no other stream has: each has an AES-256-GCM key of its own
//
// and of each 16 KiB, fewer in the last one, which may be empty if it is the first:
//
//	12 bytes  nonce
//	n bytes   ciphertext
//	16 bytes  tag, over what the stream is bound to, the chunk's number and whether it is the last
const (
	formatStream = 2
	chunkLen     = 16 << 10
	sealedChunk  = nonceLen + chunkLen + tagLen
	sealedStream = 'w'
)

var errStreamClosed = errors.New("vault: the stream is closed")

// chunks seals or opens the chunks of one stream.
type chunks struct {
	gcm   gcm
	bound []byte // context, number, last
}

func (v *Vault) newChunks(k *key, r Ref, ring *ring, salt *[saltLen]byte) chunks {
	bound := appendContext(nil, sealedStream, ring.tenant.String(), r.Purpose, r.ID, string(r.Subject))
	return chunks{k.x(salt), append(bound, make([]byte, 9)...)}
}

// next returns what the next chunk is bound to.
func (c *chunks) next(last bool) []byte {
	counter := c.bound[len(c.bound)-9:]
	if last {
		counter[8] = 1
	}
	return c.bound
}

func (c *chunks) count() {
	counter := c.bound[len(c.bound)-9:]
	binary.BigEndian.PutUint64(counter, binary.BigEndian.Uint64(counter)+1)
}

// NewWriter returns a writer that seals what is written to it for r, and writes that to w, in chunks of 16 KiB. It must be
// closed: what was not is taken for cut off. It does not close w. It is not safe for concurrent use.
func (v *Vault) NewWriter(ctx context.Context, r Ref, w io.Writer) (io.WriteCloser, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	ring, err := v.ring(ctx)
	if err != nil {
		return nil, err
	}
	k, _, err := ring.sealing(ctx, r)
	if err != nil {
		return nil, err
	}
	h := header{key: k.id}
	_, _ = rand.Read(h.salt[:])
	out := h.append(make([]byte, 0, headerLen+sealedChunk))
	out[0] = formatStream
	s := &streamWriter{to: w, chunks: v.newChunks(k, r, ring, &h.salt), out: out, plain: make([]byte, 0, chunkLen)}
	return &writeCloser{s.Write, s.Close}, nil
}

// writeCloser and reader are functions, because printers look into fields: what waits to be sealed, or was opened, is not in any.
type writeCloser struct {
	write func([]byte) (int, error)
	close func() error
}

func (w *writeCloser) Write(p []byte) (int, error) { return w.write(p) }

func (w *writeCloser) Close() error { return w.close() }

type reader struct{ read func([]byte) (int, error) }

func (r *reader) Read(p []byte) (int, error) { return r.read(p) }

type streamWriter struct {
	to     io.Writer
	chunks chunks
	plain  []byte // of the chunk that is not full, or is, and may be the last
	out    []byte // what is to be written before the next chunk: the header
	err    error
}

func (s *streamWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 && s.err == nil {
		if len(s.plain) == chunkLen {
			if s.flush(false); s.err != nil {
				break
			}
		}
		took := min(len(p), chunkLen-len(s.plain))
		s.plain, p = append(s.plain, p[:took]...), p[took:]
		n += took
	}
	return n, s.err
}

func (s *streamWriter) flush(last bool) {
	s.out = s.chunks.gcm.seal(s.out, nil, s.plain, s.chunks.next(last))
	s.chunks.count()
	_, s.err = s.to.Write(s.out)
	clear(s.plain)
	s.plain, s.out = s.plain[:0], s.out[:0]
}

func (s *streamWriter) Close() error {
	if errors.Is(s.err, errStreamClosed) {
		return nil
	}
	if s.err == nil {
		s.flush(true)
	}
	err := s.err
	clear(s.plain)
	if s.err == nil {
		s.err = errStreamClosed
	}
	return err
}

// NewReader returns a reader of what [Vault.NewWriter] sealed for r. It gives out nothing that it has not verified. A
// stream that was changed, reordered, cut off or went on is [ErrNotAuthentic] or [ErrMalformed] where that is noticed, and
// what was read before is not to be relied on until [io.EOF]. It is not safe for concurrent use.
func (v *Vault) NewReader(ctx context.Context, r Ref, from io.Reader) (io.Reader, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	ring, err := v.ring(ctx)
	if err != nil {
		return nil, err
	}
	var head [headerLen]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return nil, cutOff(err)
	}
	if head[0] != formatStream {
		return nil, ErrFormat
	}
	var h header
	copy(h.key[:], head[1:])
	copy(h.salt[:], head[1+keyIDLen:])
	k, err := ring.byID(ctx, h.key)
	if err != nil {
		return nil, err
	}
	s := &streamReader{from: from, chunks: v.newChunks(k, r, ring, &h.salt), in: make([]byte, 0, sealedChunk+1)}
	return &reader{s.Read}, nil
}

type streamReader struct {
	from   io.Reader
	chunks chunks
	in     []byte // a sealed chunk, and the first byte after it, by which it is known whether it is the last
	plain  []byte
	err    error
}

func (s *streamReader) Read(p []byte) (int, error) {
	for len(s.plain) == 0 {
		if s.err != nil {
			return 0, s.err
		}
		s.fill()
	}
	n := copy(p, s.plain)
	clear(s.plain[:n])
	s.plain = s.plain[n:]
	return n, nil
}

// fill opens the next chunk.
func (s *streamReader) fill() {
	had := len(s.in)
	n, err := io.ReadFull(s.from, s.in[had:cap(s.in)])
	s.in = s.in[:had+n]
	last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !last {
		s.err = err
		return
	}
	sealed := s.in
	if !last {
		sealed = s.in[:sealedChunk]
	}
	if len(sealed) < nonceLen+tagLen {
		s.err = ErrMalformed
		return
	}
	plain, err := s.chunks.gcm.open(s.plain[:0], nil, sealed, s.chunks.next(last))
	switch {
	case err != nil:
		s.err = ErrNotAuthentic
		return
	case last:
		s.err = io.EOF
	}
	s.chunks.count()
	s.plain = plain
	s.in = append(s.in[:0], s.in[len(sealed):]...)
}

// cutOff is what an error of reading is for who expected more.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrMalformed
	}
	return err
}
