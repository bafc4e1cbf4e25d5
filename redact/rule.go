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

// custom returns the next match of the application's rules, by anchor; at one anchor the longest.
func (s *scanner) custom() (best found, ok bool) {
	for !ok {
		at := len(s.src)
		for k := range s.r.rules {
			at = min(at, s.anchor(k))
		}
		if at >= s.safe {
			s.ownPos = max(s.ownPos, s.safe)
			return best, false
		}
		for k := range s.r.rules {
			r := &s.r.rules[k]
			if s.anchor(k) != at {
				continue
			}
			lo, hi := max(at-lookBehind, 0), min(at+r.Window, len(s.src))
			start, end, found1 := r.Match(s.src[lo:hi:hi], at-lo)
			start, end = start+lo, end+lo
			if found1 && start >= lo && end <= hi && start < end && end-start > best.end-best.start {
				best, ok = found{start: start, end: end, kind: Custom, rule: r.Name}, true
			}
		}
		s.ownPos = at + 1
	}
	return best, true
}

// anchor returns where the anchor of rule k occurs next, from ownPos on, or the text's length. It remembers the place,
// so that the text is searched once for each rule.
func (s *scanner) anchor(k int) int {
	if s.anchors == nil {
		s.anchors = make([]int, len(s.r.rules))
	}
	if at := s.anchors[k] - 1; at >= s.ownPos {
		return at
	}
	i := bytes.Index(s.src[min(s.ownPos, len(s.src)):], []byte(s.r.rules[k].Anchor))
	if i < 0 {
		i = len(s.src) - s.ownPos
	}
	s.anchors[k] = s.ownPos + i + 1
	return s.ownPos + i
}
