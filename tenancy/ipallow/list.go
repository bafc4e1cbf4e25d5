package ipallow

import (
	"fmt"
	"net/netip"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gaissmai/bart"
)

// Bounds of one list, so that a tenant cannot fill the memory of a process that serves others.
const (
	MaxEntries = 16384 // networks in one list
	MaxNote    = 200   // bytes of one note
)

// Entry is one network of a list.
type Entry struct {
	Prefix netip.Prefix `json:"prefix"`
	// Note says whose network it is, for people: at most [MaxNote] bytes of printable text.
	Note string `json:"note,omitempty"`
}

// List is a compiled allowlist. It is immutable and safe for concurrent use. A nil List is an empty
// one: it contains no address.
type List struct {
	entries []Entry // sorted by prefix, no prefix twice
	table   table
}

// table is the trie that is asked for each request. It takes more memory than bart.Lite does, and a third less time.
type table = bart.Fast[struct{}]

// NewList compiles entries. Each prefix is brought into one form ([ParsePrefix] says how) and is
// refused if it has host bits set, is there twice, or is no network a client can be in. A list that as
// a whole covers all of IPv4's unicast addresses or all public ones of IPv6 restricts nobody and is
// refused however it is cut up: that is what [Policy].Open is for. Errors wrap [ErrList]; those about
// one entry are an [*EntryError] whose Line counts entries from 1.
func NewList(entries ...Entry) (*List, error) {
	lines := make([]int, len(entries))
	for i := range lines {
		lines[i] = i + 1
	}
	return compile(slices.Clone(entries), lines)
}

// compile takes over entries; lines says where each of them came from.
func compile(entries []Entry, lines []int) (*List, error) {
	if len(entries) > MaxEntries {
		return nil, fmt.Errorf("%w: %d networks, more than %d", ErrList, len(entries), MaxEntries)
	}
	l := &List{entries: entries}
	merged := new(bart.Lite)
	for i := range entries {
		e := &entries[i]
		var err error
		if e.Prefix, err = normalPrefix(e.Prefix); err != nil {
			return nil, atLine(err, lines[i])
		}
		e.Note = strings.TrimSpace(e.Note)
		if err := checkNote(e.Note); err != nil {
			return nil, atLine(err, lines[i])
		}
		if merged.Get(e.Prefix) {
			return nil, &EntryError{Line: lines[i], Reason: "the network is listed twice"}
		}
		l.table.Insert(e.Prefix, struct{}{})
		merged.Insert(e.Prefix)
	}
	if coversEveryone(merged) {
		return nil, fmt.Errorf("%w: it covers everyone", ErrList)
	}
	slices.SortFunc(entries, func(a, b Entry) int { return a.Prefix.Compare(b.Prefix) })
	return l, nil
}

// Contains reports whether a is in one of the networks. IPv4-mapped addresses count as the IPv4
// address they map, and a zone is ignored; the zero Addr is in none. It allocates nothing.
func (l *List) Contains(a netip.Addr) bool {
	return l != nil && l.table.Contains(a.Unmap())
}

// Lookup returns the smallest network of the list that a is in, to show people why it is let in.
func (l *List) Lookup(a netip.Addr) (Entry, bool) {
	if l == nil || !a.IsValid() {
		return Entry{}, false
	}
	a = a.Unmap()
	pfx, _, ok := l.table.LookupPrefixLPM(netip.PrefixFrom(a, a.BitLen()))
	if !ok {
		return Entry{}, false
	}
	i := sort.Search(len(l.entries), func(i int) bool { return l.entries[i].Prefix.Compare(pfx) >= 0 })
	return l.entries[i], true
}

// Len returns how many networks the list has.
func (l *List) Len() int {
	if l == nil {
		return 0
	}
	return len(l.entries)
}

// Entries returns a copy of the networks, sorted: IPv4 first, then by address and length.
func (l *List) Entries() []Entry {
	if l == nil {
		return nil
	}
	return slices.Clone(l.entries)
}

// Diff returns what must be added to l and removed from it to make it next. A network whose note
// changed is in both.
func (l *List) Diff(next *List) (added, removed []Entry) {
	var old, now []Entry
	if l != nil {
		old = l.entries
	}
	if next != nil {
		now = next.entries
	}
	for len(old) > 0 && len(now) > 0 {
		switch c := old[0].Prefix.Compare(now[0].Prefix); {
		case c < 0:
			removed, old = append(removed, old[0]), old[1:]
		case c > 0:
			added, now = append(added, now[0]), now[1:]
		default:
			if old[0].Note != now[0].Note {
				removed, added = append(removed, old[0]), append(added, now[0])
			}
			old, now = old[1:], now[1:]
		}
	}
	return append(added, now...), append(removed, old...)
}

// String says how long the list is. It does not print it, so that no log does by accident: see Text.
func (l *List) String() string { return fmt.Sprintf("ipallow.List(%d networks)", l.Len()) }

// GoString is String.
func (l *List) GoString() string { return l.String() }

func checkNote(s string) error {
	switch {
	case len(s) > MaxNote:
		return &EntryError{Reason: fmt.Sprintf("the note has more than %d bytes", MaxNote)}
	case !utf8.ValidString(s):
		return &EntryError{Reason: "the note is not UTF-8"}
	case strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		return &EntryError{Reason: "the note has a character that does not print"}
	}
	return nil
}

// everyone are the prefixes that together are all unicast addresses of IPv4, and those of IPv6 that
// are handed out to anyone.
var everyone = [2][]netip.Prefix{
	{netip.MustParsePrefix("0.0.0.0/1"), netip.MustParsePrefix("128.0.0.0/2"), netip.MustParsePrefix("192.0.0.0/3")},
	{netip.MustParsePrefix("2000::/3")},
}

// coversEveryone reports whether t lets in all of one family. It merges neighbours in t: two halves are the
// whole.
func coversEveryone(t *bart.Lite) bool {
	t.Aggregate()
	for _, family := range everyone {
		if !slices.ContainsFunc(family, func(p netip.Prefix) bool { return !t.LookupPrefix(p) }) {
			return true
		}
	}
	return false
}
