package redact

import (
	"encoding/binary"
	"strings"
)

// numberOf returns the end and rule of the longest card or national id that begins at src[p], whose groups are g. A kind of 0
// says that there is none.
func numberOf(src []byte, p int, g *digitGroups, on *[lastKind]bool) (end int, kind Kind, rule string) {
	if !freeBefore(src, p) {
		return 0, 0, ""
	}
	within := p > 1 && isGroupSep(src[p-1]) && isDigit(src[p-2])
	for n := g.n; n > 0; n-- {
		total := int(g.sum[n-1])
		if total < 7 {
			break
		}
		q := p + int(g.to[n-1])
		if on[NationalID] && (total <= 9 && n <= 3 || total == 17 && n == 1) {
			if end, rule := suffixedID(src, g, n); rule != "" {
				return end, NationalID, rule
			}
		}
		if total < 9 || n > 1 && within && !isPrinted(g.shape(n)) || !freeAfter(src, q) {
			continue
		}
		if on[Card] && total >= 12 && cardOf(src, g, n) {
			return q, Card, "card"
		}
		if on[NationalID] && total < len(schemesOf) && !(n > 1 && within) {
			if rule := nationalID(src, g, n); rule != "" {
				return q, NationalID, rule
			}
		}
	}
	if (on[NationalID] || on[BankAccount]) && !within && g.sum[g.n-1] >= 7 {
		if n := g.named(); g.sum[n-1] >= 7 && g.sum[n-1] <= 18 && !looksLikeDate(g, n) {
			if q := p + int(g.to[n-1]); freeAfter(src, q) && !unitAfter(src, q) {
				switch what := namedID(src, p); {
				case what == nameOfAccount && on[BankAccount]:
					return q, BankAccount, "named-account"
				case (what == nameOfID || what == nameOfDigits || what == nameOfAbroad && g.sum[n-1] > 9) && on[NationalID]:
					return q, NationalID, "named-id"
				}
			}
		}
	}
	return 0, 0, ""
}

// isPrinted reports whether cards or ids are printed in groups of these lengths.
func isPrinted(shape uint32) bool {
	switch shape {
	case 0x4444, 0x465, 0x464, 0x44443, 0x4441, 0x445, 0x4442, 0x448, 0x613, // cards
		0x324, 0x333, 0x423, 0x64, 0x334, 0x451, 0x3322, 0x3223, 0x65, 0x22232, 0x632, 0x2333, 0x344, 0x3332, 0x4511, 0x452,
		0x84, 0x444, 0x67, 0x3442, 0x166, 0x643, 0x6421, 0x23342, 0x1222332, 0x2331, 0x281, 0x14521:
		return true
	}
	return false
}

// A scheme is one state's number: what it must look like and what else must be said for it.
type scheme struct {
	rule    string
	id      schemeID
	grouped string  // the shape that it is printed in, with separators, such as "3-2-4"; several are set off by '|'
	about   context // the words that must be near when it is not in that shape; 0 for none
}

// nationalID returns the rule of the scheme that the first n groups are a number of, or "".
//
// A number in the shape that its authority prints it in stands alone, and so does one whose check digits and dates let fewer
// than one number in fifty through. Every other one needs a word near it that says what it is: one of ten order numbers passes
// a single check digit.
func nationalID(src []byte, g *digitGroups, n int) string {
	total := int(g.sum[n-1])
	d := g.d[:total]
	mixed := n > 1 && (g.joined(n) == 0 || g.joined(n) == '/' || n > 5)
	var near context
	looked := false
	for i := range schemesOf[total] {
		s := &schemesOf[total][i]
		printed := n > 1 && g.printedAs(n, formsOf[total][i])
		if mixed && !printed {
			continue
		}
		if !printed && s.about != 0 { // most numbers have no such word near them: their check digits need not be looked at
			if !looked {
				near, looked = contextNear(src, g.base, g.base+int(g.to[n-1])), true
			}
			if near&(s.about|aboutID) == 0 {
				continue
			}
		}
		if !s.id.valid(d) {
			continue
		}
		if printed && (g.sep[1] != ' ' || !g.inTable(src, n) && !unitAfter(src, g.base+int(g.to[n-1]))) {
			return s.rule
		}
		if s.about == 0 && n == 1 && !g.compound(src) && !lastWordCounts(src, max(0, g.base-phoneBack), g.base) {
			return s.rule
		}
		if !looked {
			near, looked = contextNear(src, g.base, g.base+int(g.to[n-1])), true
		}
		if s.about != 0 && near&(s.about|aboutID) != 0 {
			return s.rule
		}
		if s.about == 0 && near != 0 && near&^(aboutProduct|aboutVersion|aboutMessage) != 0 {
			return s.rule
		}
	}
	return ""
}

// compound reports whether the first group is a part of the name of something: Worker:12345678901:Manager.
func (g *digitGroups) compound(src []byte) bool {
	q := g.base + int(g.to[0])
	return g.base > 0 && src[g.base-1] == ':' && q+1 < len(src) && src[q] == ':' && isLetter(src[q+1])
}

// A form is a way to print the digits of a number: the lengths of the groups as in digitGroups.shape, and what stands before each.
type form struct {
	like uint32
	sep  uint64
}

// printedAs reports whether the first n groups have one of the forms.
func (g *digitGroups) printedAs(n int, forms []form) bool {
	like, sep := g.shape(n), binary.LittleEndian.Uint64(g.sep[:])&(1<<(8*n)-1)
	for _, f := range forms {
		if f.like == like && f.sep == sep {
			return true
		}
	}
	return false
}

// formsOf are the forms of the schemes in schemesOf.
var formsOf = func() (t [len(schemesOf)][][]form) {
	for total, schemes := range schemesOf {
		for _, s := range schemes {
			t[total] = append(t[total], formsIn(s.grouped))
		}
	}
	return t
}()

// formsIn reads forms such as "3-2-4|3 2 4".
func formsIn(grouped string) (all []form) {
	for one := range strings.SplitSeq(grouped, "|") {
		var f form
		for k := 0; k < len(one); k++ {
			if c := one[k]; isDigit(c) {
				f.like = f.like<<4 | uint32(c-'0')
			} else {
				f.sep |= uint64(c) << (8 * (k/2 + 1))
			}
		}
		all = append(all, f)
	}
	return all
}
