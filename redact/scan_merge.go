package redact

// next returns the next match, fit to be replaced.
func (s *scanner) next() (found, bool) {
	for {
		m, ok := s.merged()
		if !ok {
			return m, false
		}
		if !s.settle(&m) {
			continue
		}
		s.done, s.floor = m.end, max(s.floor, m.end)
		s.skip(m.end)
		if len(s.r.allow) > 0 {
			if _, ok := s.r.allow[string(s.src[m.start:m.end])]; ok {
				continue
			}
		}
		if s.r.onMatch != nil {
			s.r.onMatch(m.kind, m.rule)
		}
		return m, true
	}
}

// merged returns the next match of the built-in rules and those of the application. Where two overlap, what both cover
// is one match, of the kind and rule of the longer, or else of the earlier kind.
func (s *scanner) merged() (found, bool) {
	if len(s.r.rules) == 0 || !s.r.on[Custom] {
		return s.scan()
	}
	for {
		if s.hold.kind == 0 {
			if m, ok := s.scan(); ok {
				s.hold = m
			}
		}
		for s.own.kind == 0 {
			m, ok := s.custom()
			if !ok {
				break
			}
			if m.end > s.done && !s.labelled(m.start, m.end) {
				s.own = m
			}
		}
		a, b := s.hold, s.own
		switch {
		case a.kind == 0 && b.kind == 0:
			return found{}, false
		case b.kind == 0 || a.kind != 0 && a.end <= b.start:
			if b.kind == 0 && !s.final && s.safe < a.end+lookBehind {
				return found{}, false // a rule may yet find something that overlaps
			}
			s.hold = found{}
			return a, true
		case a.kind == 0 || b.end <= a.start:
			if a.kind == 0 && !s.final && s.pos < b.end+lookBehind {
				return found{}, false
			}
			s.own = found{}
			return b, true
		}
		if b.end-b.start > a.end-a.start {
			a.kind, a.rule = b.kind, b.rule
		}
		a.start, a.end = min(a.start, b.start), max(a.end, b.end)
		a.quotes = 0
		s.hold, s.own = a, found{}
		s.skip(a.end)
	}
}
