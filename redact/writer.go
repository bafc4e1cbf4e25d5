package redact

import "io"

// A Writer writes text to another writer with what is sensitive replaced. However the text is cut into writes, the output
// is that of [Redactor.Append] over the whole. For that it holds back the last few KiB, and up to 64 KiB behind the
// beginning of a private key, until more text or Close comes. It is not safe for concurrent use.
type Writer struct {
	w      io.Writer
	s      scanner
	out    []byte
	from   int    // what is before it in s.src has been written
	put    int    // likewise, in s.text()
	part   []byte // the beginning of a character that may have to be folded
	tried  int    // how long s.src was when it was last scanned
	err    error
	closed bool
}

// Writer returns a Writer to w. Close it, or the end of the text is lost.
func (r *Redactor) Writer(w io.Writer) *Writer {
	var s scanner
	s.open(r, nil)
	s.final = false
	if r.strict {
		s.fold = new(folding)
	}
	return &Writer{w: w, s: s}
}

// step is how much text has to come before it is worth a scan.
const step = maxWindow

// Write takes p. An error is one of the underlying writer and stays, or io.ErrClosedPipe after Close.
func (w *Writer) Write(p []byte) (int, error) {
	if w.closed {
		return 0, io.ErrClosedPipe
	}
	done := 0
	for done < len(p) && w.err == nil {
		n := min(len(p)-done, 16<<10)
		w.take(p[done : done+n])
		done += n
		if len(w.s.src)-w.tried >= step {
			w.scan()
		}
	}
	return done, w.err
}

// take adds p to the text.
func (w *Writer) take(p []byte) {
	f := w.s.fold
	if f == nil {
		w.s.src = append(w.s.src, p...)
		return
	}
	for len(w.part) > 0 && len(p) > 0 {
		w.part, p = append(w.part, p[0]), p[1:]
		var n int
		w.s.src, n = f.add(w.s.src, w.part, false)
		w.part = w.part[:copy(w.part, w.part[n:])]
	}
	var n int
	w.s.src, n = f.add(w.s.src, p, false)
	w.part = append(w.part, p[n:]...)
}

// Flush scans and writes what is held back, as if the text ended here and what comes next were another text: a secret
// that is cut in two by it may not be found, and the output then differs from that of the whole.
func (w *Writer) Flush() error {
	if w.err != nil {
		return w.err
	}
	w.s.final = true
	if f := w.s.fold; f != nil {
		w.s.src, _ = f.add(w.s.src, w.part, true)
		w.part = w.part[:0]
	}
	w.scan()
	r, f := w.s.r, w.s.fold
	clear(w.s.src)
	src := w.s.src[:0]
	w.s = scanner{}
	w.s.open(r, src)
	if f != nil {
		clear(f.raw)
		w.s.fold = &folding{raw: f.raw[:0], from: f.from[:0]}
	}
	w.s.final, w.from, w.put, w.tried = false, 0, 0, 0
	return w.err
}

// Close writes what is held back. It does not close the underlying writer. Closing again does nothing.
func (w *Writer) Close() error {
	if w.closed {
		return w.err
	}
	w.closed = true
	return w.Flush()
}

// scan writes all that is decided and drops it.
func (w *Writer) scan() {
	s := &w.s
	w.tried = len(s.src)
	clear(s.anchors) // places that were not found yet
	s.safe = len(s.src)
	if !s.final {
		s.safe -= maxWindow + 2*lookBehind
	}
	w.out = w.out[:0]
	for {
		m, ok := s.next()
		if !ok {
			break
		}
		w.out = append(w.out, s.text()[w.put:s.origin(m.start)]...)
		w.out = s.write(w.out, &m)
		w.from, w.put = m.end, s.origin(m.end)
	}
	// A match may yet begin lookBehind bytes before the place the scan has come to.
	to := len(s.src)
	if !s.final {
		to = max(w.from, s.decided()-keepBehind)
	}
	if end := s.origin(to); end > w.put {
		w.out = append(w.out, s.text()[w.put:end]...)
		w.from, w.put = to, end
	}
	if len(w.out) > 0 {
		n, err := w.w.Write(w.out)
		if err == nil && n < len(w.out) {
			err = io.ErrShortWrite
		}
		w.err = err
		clear(w.out)
	}
	if cut := min(w.from, s.decided()) - keepBehind; cut > 2*step && !s.final {
		w.put -= s.origin(cut)
		s.drop(cut)
		w.from -= cut
		w.tried -= cut
	}
}

// drop forgets the first n bytes of the text.
func (s *scanner) drop(n int) {
	s.quoted.to(s.src, n)
	if s.fold != nil {
		s.fold.drop(n)
	}
	rest := copy(s.src, s.src[n:])
	clear(s.src[rest:])
	s.src = s.src[:rest]
	s.pos, s.floor, s.done, s.numEnd, s.rowEnd, s.ownPos = s.pos-n, max(s.floor-n, 0), max(s.done-n, 0), s.numEnd-n, s.rowEnd-n, s.ownPos-n
	s.before, s.behind = labelSought{}, labelSought{}
	s.barren = max(s.barren-n, 0)
	s.dry.from, s.dry.to = s.dry.from-n, s.dry.to-n
	s.cdataEnd.shift(n)
	s.kind.shift(n)
	s.bracket, s.closer, s.bare, s.run = sought{}, sought{}, stretch{}, tokenRun{}
	s.user.at, s.slash = -1, s.slash-n
	s.opts.at -= n
	s.opts.seen -= n
	s.ws, s.ls, s.le, s.quoted.at = max(s.ws-n, 0), max(s.ls-n, 0), max(s.le-n, 0), s.quoted.at-n
	s.hold.shift(n)
	s.own.shift(n)
	s.ahead.shift(n)
}

// shift moves m towards the beginning of the text by n bytes.
func (m *found) shift(n int) {
	m.start, m.end = m.start-n, m.end-n
	if m.quotes > 0 {
		m.quote -= n
	}
}

// decided is the place before which nothing is to be found any more, but for the look-behind.
func (s *scanner) decided() int {
	to := min(s.pos, s.safe)
	for _, m := range []found{s.hold, s.own} {
		if m.kind != 0 {
			to = min(to, m.start)
		}
	}
	return max(to, 0)
}
