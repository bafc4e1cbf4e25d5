package proof

import "io"

// stream looks for the patterns in bytes that come in parts: what goes over the end of a part is found, and nothing is found twice.
type stream struct {
	m    *matcher
	hit  func(form int, alone bool)
	buf  []byte
	from int // what was looked at already
}

// beyond is what is kept to see what stands beside a pattern.
const beyond = 16

func (s *stream) write(b []byte) {
	s.buf = append(s.buf, b...)
	keep := s.m.longest() + beyond
	if len(s.buf) < 4*keep {
		return
	}
	s.look(len(s.buf) - keep)
	drop := len(s.buf) - 2*keep
	s.from -= drop
	s.buf = append(s.buf[:0], s.buf[drop:]...)
}

// look tells of patterns that begin before a place.
func (s *stream) look(until int) {
	s.m.each(s.buf, func(f, at int, alone bool) {
		if at >= s.from && at < until {
			s.hit(f, alone)
		}
	})
	s.from = max(s.from, until)
}

// end looks at what is left, and begins anew.
func (s *stream) end() {
	s.look(len(s.buf))
	s.buf, s.from = s.buf[:0], 0
}

// read looks through all that r has.
func (s *stream) read(r io.Reader) error {
	part := make([]byte, 256<<10)
	for {
		n, err := r.Read(part)
		s.write(part[:n])
		if err == io.EOF {
			s.end()
			return nil
		}
		if err != nil {
			return err
		}
	}
}
