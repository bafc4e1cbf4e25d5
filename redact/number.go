package redact

// numberAt looks for the first card, national id or phone number that begins in src[start:end], a run of digits and the
// characters that group them ([0-9 .\-/]) that begins with a digit and holds at least 7 digits (5 when a ')' comes before it:
// area codes in brackets). It reads at most 64 bytes to either side of what it finds, whatever start and end say, so a long
// run may be asked for in parts that are cut before a digit. The span may begin up to 24 bytes before start ("+44 (0)20 …",
// "(212) …") and may end up to 16 bytes after end ("12345678Z", "131052-308T", "… ext. 42"). When it finds something and end
// is further, the caller asks again with start set behind the find.
//
// Kinds that are not in on are not looked for, so that one of them never hides another.
func numberAt(src []byte, start, end int, on *[lastKind]bool) (s, e int, kind Kind, rule string, ok bool) {
	first := true
	row := start // src[start:row] are digits with single spaces between
	for p := start; p < end; {
		if !isDigit(src[p]) {
			p++
			continue
		}
		if !first && src[p-1] == ' ' && isDigit(src[p-2]) {
			row = max(row, p)
			for row < len(src) && row < p+maxSpan && (isDigit(src[row]) || src[row] == ' ' && row+1 < len(src) && isDigit(src[row+1])) {
				row++
			}
			n := columnOf(src[p:row])
			if n == 0 && row-p >= maxSpan && inColumns(src, p) {
				n = 4
			}
			if n > 0 {
				p += n
				continue
			}
		}
		if !first && src[p-1] != ' ' && isDigit(src[p-2]) { // in a date, a code, a path: see freeBefore
			for p < end && isDigit(src[p]) {
				p++
			}
			continue
		}
		var g digitGroups
		next := g.read(src, p)
		if g.n > 0 {
			s, e, kind, rule = p, 0, 0, ""
			if on[Card] || on[NationalID] || on[BankAccount] {
				e, kind, rule = numberOf(src, p, &g, on)
			}
			if on[Phone] && (kind != Card || first) {
				if ps, pe, pr, found := phoneOf(src, p, &g, first, kind != Card); found && (kind == 0 || pe-ps > e-s && kind != Card || ps < s ||
					rule == "gb-nhs" && g.sep[1] == '-' && contextNear(src, p, e)&aboutNHS == 0) {
					s, e, kind, rule = ps, pe, Phone, pr
				}
			}
			if kind != 0 {
				return s, e, kind, rule, true
			}
		}
		p, first = next, false
	}
	return 0, 0, 0, "", false
}

// columnOf returns the length of the first group of the digits and spaces in row, when no number begins with it: columns go on
// before and behind it, so that it could be but a card, or a long group by itself. It returns 0 where a closer look is needed.
func columnOf(row []byte) (n int) {
	if len(row) < maxSpan {
		return 0
	}
	for n < 9 && row[n] != ' ' {
		n++
	}
	switch n {
	case 9:
		return 0
	case 1:
		if row[3] != ' ' && row[4] != ' ' && row[5] == ' ' { // 1 212 555 0100
			return 0
		}
	case 4, 6:
		if c := row[0]; c != '0' && c != '7' && (c != '1' || row[1] == '8') { // what issuers' numbers begin with
			return 0
		}
	}
	return n
}

// inColumns reports whether the four digits at src[p] follow four others, in a row without words near it: a card would have to
// be spoken of.
func inColumns(src []byte, p int) bool {
	return fourDigits(src[p:]) && src[p+4] == ' ' && columnBefore(src, p, ' ') &&
		letterless(src, max(0, p-contextBack), min(len(src), p+maxSpan+contextAhead))
}

// maxGroups, maxDigits and maxSpan bound what one number may take.
const (
	maxGroups = 8
	maxDigits = 19
	maxSpan   = 40
)

// digitGroups are the groups of digits that follow a place in a text, each set off from the one before by one separator.
type digitGroups struct {
	n    int                 // how many
	to   [maxGroups]uint8    // where each ends, from the place
	sum  [maxGroups]uint8    // how many digits there are up to its end
	sep  [maxGroups]byte     // what stands before it; 0 for the first
	d    [maxDigits + 1]byte // the values of the digits
	like [maxGroups]uint32   // the lengths of the groups up to it, see shape
	base int                 // the place
}

// read reads the groups at src[p] and returns where the next group may begin. It keeps none when the first is too long to be
// a number of anyone.
func (g *digitGroups) read(src []byte, p int) (next int) {
	g.base = p
	limit := min(len(src), p+maxSpan)
	i, count := p, 0
	for g.n < maxGroups {
		from := i
		for i < limit && isDigit(src[i]) {
			if count < len(g.d) {
				g.d[count] = src[i] - '0'
			}
			count++
			i++
		}
		if g.n == 0 {
			next = i
			if i == limit || count > maxDigits {
				for next < len(src) && isDigit(src[next]) {
					next++
				}
			}
		}
		if i == from || count > maxDigits || i == limit && i < len(src) && isDigit(src[i]) {
			return next
		}
		g.to[g.n], g.sum[g.n] = uint8(i-p), uint8(count)
		g.like[g.n] = uint32(i - from)
		if g.n > 0 {
			g.like[g.n] |= g.like[g.n-1] << 4
		} else if count > 15 {
			g.like[0] = 0xff // a long group begins no shape
		}
		g.n++
		if i+1 >= limit || !isGroupSep(src[i]) || !isDigit(src[i+1]) || g.n == maxGroups {
			return next
		}
		g.sep[g.n] = src[i]
		i++
	}
	return next
}

// length returns how many digits group k has.
func (g *digitGroups) length(k int) int {
	if k == 0 {
		return int(g.sum[0])
	}
	return int(g.sum[k]) - int(g.sum[k-1])
}

// shape returns the lengths of the first n groups as hexadecimal digits: 0x324 for 123-45-6789.
func (g *digitGroups) shape(n int) uint32 { return g.like[n-1] }

// joined returns the separator of the first n groups when it is the same everywhere, else 0.
func (g *digitGroups) joined(n int) byte {
	c := g.sep[1]
	for k := 2; k < n; k++ {
		if g.sep[k] != c {
			return 0
		}
	}
	return c
}

func isGroupSep(c byte) bool { return c == ' ' || c == '-' || c == '.' || c == '/' }

// freeBefore reports whether a number may begin at src[p]: what stands before belongs to no longer word or number.
func freeBefore(src []byte, p int) bool {
	if p == 0 {
		return true
	}
	c := src[p-1]
	var b byte // the one before c
	if p > 1 {
		b = src[p-2]
	}
	if p >= 3 && src[p-3] == '%' && isHex(b) && isHex(c) {
		return true // an escape in a URL
	}
	switch {
	case isDigit(c) || c == '_' || c == '$' || c == '%' || c == '@' || c == '\\':
		return false
	case c|0x20 >= 'a' && c|0x20 <= 'z':
		return b == '\\' && (c == 'n' || c == 'r' || c == 't') // an escape in a quoted string
	case c >= 0x80:
		return !isCurrencyBefore(src, p)
	case c == '-' || c == '.' || c == '+':
		return false // a sign, a fraction, or the rest of a longer id
	case c == '/':
		return !isDigit(b) && b != '_'
	case c == ':' && isDigit(b):
		return p+2 >= len(src) || isDigit(src[p+1]) && isDigit(src[p+2]) // not the minutes of a time
	}
	return true
}

// freeAfter reports whether a number may end before src[q].
func freeAfter(src []byte, q int) bool {
	if q >= len(src) {
		return true
	}
	c := src[q]
	var d byte // the one after c
	if q+1 < len(src) {
		d = src[q+1]
	}
	switch {
	case isWordByte(c) || c == '%' || c == '@':
		return false
	case c == '.' || c == '-':
		return !isWordByte(d)
	case c == '/' || c == ':':
		return !isDigit(d)
	case c >= 0x80:
		return !isCurrencyAt(src, q)
	}
	return true
}

// inTable reports whether the groups up to group n have neighbours in the same row of digits: a space and then more digits, on
// either side, as in the columns of a table.
func (g *digitGroups) inTable(src []byte, n int) bool {
	p, q := g.base, g.base+int(g.to[n-1])
	if p > 0 && src[p-1] == '[' && q < len(src) && src[q] == ']' {
		return true // a printed array
	}
	return p > 1 && src[p-1] == ' ' && isDigit(src[p-2]) || q+1 < len(src) && src[q] == ' ' && isDigit(src[q+1])
}

// isWordByte reports whether c is a letter or digit of ASCII or an underscore.
func isWordByte(c byte) bool { return class[c]&cAlnum != 0 || c == '_' }

// isCurrencyBefore reports whether €, £ or ¥ stands before src[p], and isCurrencyAt whether one stands at src[q].
func isCurrencyBefore(src []byte, p int) bool {
	return p >= 3 && isCurrencyAt(src[:p], p-3) || p >= 2 && isCurrencyAt(src[:p], p-2)
}

func isCurrencyAt(src []byte, q int) bool {
	if q+3 <= len(src) && src[q] == 0xE2 && src[q+1] == 0x82 && src[q+2] >= 0xA0 {
		return true
	}
	return q+2 <= len(src) && src[q] == 0xC2 && (src[q+1] == 0xA3 || src[q+1] == 0xA5)
}

// unitAfter reports whether an amount's unit follows at src[q] behind a space: numbers in groups of three are amounts more
// often than ids.
func unitAfter(src []byte, q int) bool {
	if q+2 >= len(src) || src[q] != ' ' {
		return q < len(src) && isCurrencyAt(src, q)
	}
	q++
	e := q
	for e < len(src) && e < q+8 && isLetter(src[e]) {
		e++
	}
	switch string(src[q:e]) {
	case "bytes", "byte", "B", "kB", "KB", "MB", "GB", "KiB", "MiB", "GiB", "ms", "ns", "us", "s", "rows", "records", "items", "ops",
		"EUR", "USD", "GBP", "SEK", "NOK", "DKK", "PLN", "CZK", "CHF", "€", "£", "kr", "zł", "Kč", "km", "m", "requests", "times":
		return true
	}
	return false
}
