package redact

import (
	"bytes"
	"errors"
	"fmt"
)

// A Rule finds values of an application's own, as kind [Custom].
//
// Match is called once for each place where Anchor occurs, with the text around it: at most 64 bytes before the anchor
// and at most Window bytes from its first byte on. at is the anchor's place in it. Match returns the value's start and
// end within that text. It must depend on nothing else and keep nothing of the text, must not panic, and should take no
// more than linear time: that is what keeps the whole scan linear.
type Rule struct {
	Name   string // at most 64 letters, digits, dashes and underscores
	Anchor string // 2 to 64 bytes that every value has in it or near it
	Window int    // how far Match sees: len(Anchor) to 4096; 0 means 256
	Match  func(text []byte, at int) (start, end int, ok bool)
}

// Add adds a rule.
func Add(rule Rule) Option {
	return func(r *Redactor) error {
		if rule.Window == 0 {
			rule.Window = 256
		}
		switch {
		case rule.Match == nil:
			return errors.New("redact: a rule has no Match")
		case rule.Name == "" || len(rule.Name) > 64:
			return errors.New("redact: a rule's name has 1 to 64 characters")
		case len(rule.Anchor) < 2 || len(rule.Anchor) > 64:
			return fmt.Errorf("redact: rule %s: the anchor has 2 to 64 bytes", rule.Name)
		case rule.Window < len(rule.Anchor) || rule.Window > maxWindow:
			return fmt.Errorf("redact: rule %s: the window has %d to %d bytes", rule.Name, len(rule.Anchor), maxWindow)
		}
		for i := range len(rule.Name) {
			if c := class[rule.Name[i]]; c&cAlnum == 0 && c&cDash == 0 {
				return errors.New("redact: a rule's name has letters, digits, dashes and underscores only")
			}
		}
		r.rules = append(r.rules[:len(r.rules):len(r.rules)], rule)
		r.on[Custom] = true
		return nil
	}
}

// customFrom returns the first match of the application's rules whose anchor is at from or later and before the text's
// safe end, and the place where to look next.
func (s *scanner) customFrom(from int) (found, int, bool) {
	for {
		at, rule := len(s.src), -1
		for k := range s.r.rules {
			if i := s.anchor(k, from); i >= 0 && i < at {
				at, rule = i, k
			}
		}
		if rule < 0 || at >= s.safe {
			return found{}, max(from, min(at, s.safe)), false
		}
		r := &s.r.rules[rule]
		lo, hi := max(at-lookBehind, s.base), min(at+r.Window, len(s.src))
		start, end, ok := r.Match(s.src[lo:hi:hi], at-lo)
		start, end = start+lo, end+lo
		if ok && start >= lo && end <= hi && start < end {
			return found{start: start, end: end, kind: Custom, rule: r.Name}, at + 1, true
		}
		from = at + 1
	}
}

// anchor returns where the anchor of rule k occurs next, from on. It remembers the place, so that the text is searched
// once for each rule.
func (s *scanner) anchor(k, from int) int {
	if s.anchors == nil {
		s.anchors = make([]int, len(s.r.rules))
	}
	at := s.anchors[k]
	if at > from {
		return at - 1
	}
	i := bytes.Index(s.src[from:], []byte(s.r.rules[k].Anchor))
	if i < 0 {
		s.anchors[k] = len(s.src) + 1
		return -1
	}
	s.anchors[k] = from + i + 1
	return from + i
}
