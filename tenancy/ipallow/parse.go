package ipallow

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// EntryError says what is wrong with one entry of a list. It wraps [ErrList]. Its text does not repeat
// the entry, which may be somebody's address.
type EntryError struct {
	Line   int    // from 1; 0 where there is one entry only
	Reason string // for people
	// Masked is the network meant, perhaps, where the fault is that host bits are set: 10.1.0.0/16 for
	// 10.1.2.3/16. It is there to be offered, not to be taken: 10.1.2.3/32 may have been meant.
	Masked netip.Prefix
}

func (e *EntryError) Error() string {
	if e.Line == 0 {
		return "ipallow: not an allowlist: " + e.Reason
	}
	return fmt.Sprintf("ipallow: not an allowlist: line %d: %s", e.Line, e.Reason)
}

// Unwrap makes the error an [ErrList].
func (e *EntryError) Unwrap() error { return ErrList }

func atLine(err error, line int) error {
	if e, ok := errors.AsType[*EntryError](err); ok {
		e.Line = line
	}
	return err
}

// ParsePrefix reads one network as people write it into a form: an address ("203.0.113.7", "2001:db8::1")
// or a network in CIDR notation ("203.0.113.0/24"), with white space around it ignored.
//
// IPv4-mapped IPv6 becomes IPv4. Refused, with an [*EntryError], are: host bits that are set, zones,
// ranges, IPv4 with leading zeros or fewer than four parts, IPv4-mapped networks larger than IPv4, the
// unspecified address, and the networks 0.0.0.0/0 and ::/0.
func ParsePrefix(s string) (netip.Prefix, error) {
	s = strings.TrimSpace(s)
	if len(s) > maxAddressElement {
		return netip.Prefix{}, &EntryError{Reason: "it is too long for a network"}
	}
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		switch {
		case err != nil:
			return netip.Prefix{}, &EntryError{Reason: "it is neither an address nor a network like 203.0.113.0/24"}
		case a.Zone() != "":
			return netip.Prefix{}, &EntryError{Reason: "an address in a list has no zone"}
		}
		return normalPrefix(netip.PrefixFrom(a, a.BitLen()))
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, &EntryError{Reason: "it is neither an address nor a network like 203.0.113.0/24"}
	}
	return normalPrefix(p)
}

// normalPrefix brings p into the one form that lists and lookups use, or says why it has none.
func normalPrefix(p netip.Prefix) (netip.Prefix, error) {
	if !p.IsValid() {
		return netip.Prefix{}, &EntryError{Reason: "it is not a network"}
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, &EntryError{Reason: "an IPv4-mapped network needs at least 96 bits"}
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	switch {
	case p.Bits() == 0:
		return netip.Prefix{}, &EntryError{Reason: "it is everyone"}
	case p != p.Masked():
		return netip.Prefix{}, &EntryError{Reason: "it has bits set after its length", Masked: p.Masked()}
	case p.IsSingleIP() && p.Addr().IsUnspecified():
		return netip.Prefix{}, &EntryError{Reason: "the unspecified address is nobody's"}
	}
	return p, nil
}

// maxText bounds what ParseList reads: every entry with the longest note, and room for comments.
const maxText = MaxEntries * (maxAddressElement + MaxNote)

// ParseList compiles the list written as text: one network a line as [ParsePrefix] reads it, then,
// after '#', its note. Empty lines and lines that begin with '#' are skipped. Text that is empty is an
// empty list. Errors are those of [NewList], with the number of the line.
func ParseList(text string) (*List, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrList, maxText)
	}
	var entries []Entry
	var lines []int
	n := 0
	for line := range strings.SplitSeq(text, "\n") {
		n++
		network, note, _ := strings.Cut(line, "#")
		if network = strings.TrimSpace(network); network == "" {
			continue
		}
		p, err := ParsePrefix(network)
		if err != nil {
			return nil, atLine(err, n)
		}
		if len(entries) == MaxEntries {
			return nil, fmt.Errorf("%w: more than %d networks", ErrList, MaxEntries)
		}
		entries = append(entries, Entry{Prefix: p, Note: note})
		lines = append(lines, n)
	}
	return compile(entries, lines)
}

// Text writes the list in the form [ParseList] reads, sorted; equal lists have equal text. It is for
// export and for stores.
func (l *List) Text() string {
	if l == nil {
		return ""
	}
	var b strings.Builder
	for _, e := range l.entries {
		if e.Prefix.IsSingleIP() {
			b.WriteString(e.Prefix.Addr().String())
		} else {
			b.WriteString(e.Prefix.String())
		}
		if e.Note != "" {
			b.WriteString(" # ")
			b.WriteString(e.Note)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
