package redacttest

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"html"
	"io"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// inRow is how much of a canary, in a row, is a leak: of digits more, for eight of them are in a time by chance. The last
// four digits of a card, which many show, are no leak.
const (
	inRow       = 8
	digitsInRow = 10
)

// survivor returns how the canary can be read in out: "" if it cannot, "as it is", or through which decodings.
func survivor(out []byte, c *canary) string {
	type text struct {
		b   []byte
		how string
	}
	seen := map[string]bool{string(out): true}
	todo := []text{{out, ""}}
	for depth := 0; depth < 3 && len(todo) > 0; depth++ {
		var next []text
		for _, t := range todo {
			if has(t.b, c) {
				if t.how == "" {
					return "as it is"
				}
				return "behind " + t.how
			}
			for _, d := range decoders {
				b := d.decode(t.b)
				if b == nil || seen[string(b)] {
					continue
				}
				seen[string(b)] = true
				how := d.name
				if t.how != "" {
					how = t.how + ", " + d.name
				}
				next = append(next, text{b, how})
			}
		}
		todo = next
	}
	for _, t := range todo {
		if has(t.b, c) {
			return "behind " + t.how
		}
	}
	return ""
}

// has reports whether b has part of a canary, in any case and with or without separators.
func has(b []byte, c *canary) bool {
	low := strings.ToLower(string(b))
	bare := strings.Map(func(r rune) rune {
		switch r {
		case ' ', '+', '-', '.', '_', '/', ':', ',', '|', '\n', '\r', '\t', '\u00a0', '\u00ad', '\u2009', '\u200b', '\u200c', '\u200d', '\u202f', '\u2060', '\ufeff':
			return -1
		}
		return r
	}, low)
	for _, n := range c.needles() {
		// Eight in a row hold one of the blocks of four that the canary is cut into: few outputs have any.
		for i := 0; i+inRow/2 <= len(n); i += inRow / 2 {
			block := n[i : i+inRow/2]
			if (strings.Contains(low, block) || strings.Contains(bare, block)) && (hasPart(low, n) || hasPart(bare, n)) {
				return true
			}
		}
	}
	return false
}

func hasPart(text, needle string) bool {
	n := inRow
	if d := needle[len(needle)/2]; d >= '0' && d <= '9' && needle[len(needle)/2+1] <= '9' {
		n = digitsInRow
	}
	for i := 0; i+n <= len(needle); i++ {
		if strings.Contains(text, needle[i:i+n]) {
			return true
		}
	}
	return false
}

var decoders = []struct {
	name   string
	decode func([]byte) []byte
}{
	{"escapes", unescape},
	{"percent-encoding", func(b []byte) []byte { return hexAfter(b, '%') }},
	{"quoted-printable", func(b []byte) []byte { return hexAfter(b, '=') }},
	{"HTML entities", func(b []byte) []byte {
		if bytes.IndexByte(b, '&') < 0 {
			return nil
		}
		return []byte(html.UnescapeString(string(b)))
	}},
	{"base64", func(b []byte) []byte { return runs(b, isBase64, fromBase64) }},
	{"lines of base64", func(b []byte) []byte {
		if one := bytes.ReplaceAll(bytes.ReplaceAll(bytes.TrimSpace(b), []byte("\n"), nil), []byte("\r"), nil); len(one) < len(bytes.TrimSpace(b)) {
			return runs(one, isBase64, fromBase64)
		}
		return nil
	}},
	{"hexadecimal", func(b []byte) []byte { return runs(b, isHex, fromHex) }},
	{"decimal bytes", decimals},
	{"bytes in hexadecimal", hexBytes},
	{"base32", func(b []byte) []byte { return runs(b, isBase32, fromBase32) }},
	{"UTF-16", narrow},
	{"gzip", gunzip},
	{"zlib", inflate},
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

func isBase64(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '+' || c == '/' || c == '-' || c == '_'
}

// unescape reads \uXXXX, \xXX, \NNN and a backslash before anything else, as JSON and Go write them.
func unescape(b []byte) []byte {
	if bytes.IndexByte(b, '\\') < 0 {
		return nil
	}
	var out []byte
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' || i+1 == len(b) {
			out = append(out, b[i])
			continue
		}
		i++
		n := map[byte]int{'u': 4, 'x': 2}[b[i]]
		if n > 0 && i+n < len(b) {
			if r, err := strconv.ParseUint(string(b[i+1:i+1+n]), 16, 32); err == nil {
				if i += n; n == 2 {
					out = append(out, byte(r))
				} else {
					out = utf8.AppendRune(out, rune(r))
				}
				continue
			}
		}
		if i+2 < len(b) && b[i] >= '0' && b[i] <= '3' {
			if r, err := strconv.ParseUint(string(b[i:i+3]), 8, 8); err == nil {
				out = append(out, byte(r))
				i += 2
				continue
			}
		}
		switch b[i] {
		case 'n', 'r', 't':
			out = append(out, '\n')
		default:
			out = append(out, b[i])
		}
	}
	return out
}

// hexAfter reads two hexadecimal digits behind a mark as a byte.
func hexAfter(b []byte, mark byte) []byte {
	if bytes.IndexByte(b, mark) < 0 {
		return nil
	}
	var out []byte
	for i := 0; i < len(b); i++ {
		if b[i] == mark && i+2 < len(b) && isHex(b[i+1]) && isHex(b[i+2]) {
			n, _ := strconv.ParseUint(string(b[i+1:i+3]), 16, 8)
			out = append(out, byte(n))
			i += 2
			continue
		}
		out = append(out, b[i])
	}
	return out
}

// runs decodes each run of at least twelve bytes that is all of one kind.
func runs(b []byte, is func(byte) bool, decode func(out, run []byte) []byte) (out []byte) {
	for i := 0; i < len(b); {
		n := i
		for n < len(b) && is(b[n]) {
			n++
		}
		if n-i >= 12 {
			out = decode(out, b[i:n])
			out = append(out, ' ')
		}
		i = n + 1
	}
	return out
}

// fromBase64 tries each of the four places at which a run may have been cut.
func fromBase64(out, run []byte) []byte {
	run = bytes.ReplaceAll(bytes.ReplaceAll(run, []byte("-"), []byte("+")), []byte("_"), []byte("/"))
	for from := range 4 {
		part := run[min(from, len(run)):]
		part = part[:len(part)/4*4]
		d, _ := base64.StdEncoding.AppendDecode(nil, part)
		out = append(append(out, d...), ' ')
	}
	if rest := len(run) % 4; rest > 1 {
		d, _ := base64.RawStdEncoding.AppendDecode(nil, run)
		out = append(append(out, d...), ' ')
	}
	return out
}

func fromHex(out, run []byte) []byte {
	for from := range 2 {
		part := run[from:]
		d, _ := hex.AppendDecode(nil, part[:len(part)/2*2])
		out = append(append(out, d...), ' ')
	}
	return out
}

// decimals reads lists of numbers, as fmt prints bytes: [104 117 110].
func decimals(b []byte) (out []byte) {
	in := 0
	for _, f := range strings.FieldsFunc(string(b), func(r rune) bool { return r < '0' || r > '9' }) {
		if n, err := strconv.ParseUint(f, 10, 8); err == nil {
			out = append(out, byte(n))
			in++
		} else {
			out = append(out, ' ')
		}
	}
	if in < inRow {
		return nil
	}
	return out
}

// hexBytes reads lists of bytes in hexadecimal: 68 75 6e, 68:75:6e, []byte{0x68, 0x75, 0x6e}.
func hexBytes(b []byte) (out []byte) {
	row, most := 0, 0
	for _, f := range bytes.FieldsFunc(b, func(r rune) bool { return (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z') }) {
		digits, prefixed := bytes.CutPrefix(f, []byte("0x"))
		n, err := strconv.ParseUint(string(digits), 16, 8)
		if err != nil || len(digits) != 2 && !prefixed {
			out, row = append(out, ' '), 0
			continue
		}
		out = append(out, byte(n))
		row++
		most = max(most, row)
	}
	if most < inRow {
		return nil
	}
	return out
}

func isBase32(c byte) bool { return c >= '2' && c <= '7' || c|0x20 >= 'a' && c|0x20 <= 'z' }

// fromBase32 tries each of the eight places at which a run may have been cut.
func fromBase32(out, run []byte) []byte {
	run = bytes.ToUpper(run)
	for from := range 8 {
		part := run[from:]
		d, _ := base32.StdEncoding.AppendDecode(nil, part[:len(part)/8*8])
		out = append(append(out, d...), ' ')
	}
	d, _ := base32.StdEncoding.WithPadding(base32.NoPadding).AppendDecode(nil, run)
	return append(append(out, d...), ' ')
}

// narrow reads UTF-16, in both orders of bytes and from an even and an odd place on.
func narrow(b []byte) (out []byte) {
	if bytes.IndexByte(b, 0) < 0 {
		return nil
	}
	for from := range 2 {
		units := make([]uint16, 0, len(b)/2)
		for i := from; i+1 < len(b); i += 2 {
			units = append(units, uint16(b[i])|uint16(b[i+1])<<8)
		}
		out = append(append(out, string(utf16.Decode(units))...), ' ')
		for i, u := range units {
			units[i] = bits.ReverseBytes16(u)
		}
		out = append(append(out, string(utf16.Decode(units))...), ' ')
	}
	return out
}

func gunzip(b []byte) []byte {
	return unpacked(b, "\x1f\x8b\x08", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) })
}

func inflate(b []byte) (out []byte) {
	for _, level := range []string{"\x78\x01", "\x78\x5e", "\x78\x9c", "\x78\xda"} {
		out = append(out, unpacked(b, level, func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) })...)
	}
	return out
}

// unpacked reads what is packed behind each head, as far as it can be read.
func unpacked(b []byte, head string, open func(io.Reader) (io.Reader, error)) (out []byte) {
	for range 64 {
		i := bytes.Index(b, []byte(head))
		if i < 0 {
			break
		}
		if z, err := open(bytes.NewReader(b[i:])); err == nil {
			text, _ := io.ReadAll(io.LimitReader(z, 16<<20))
			out = append(append(out, text...), ' ')
		}
		b = b[i+len(head):]
	}
	return out
}
