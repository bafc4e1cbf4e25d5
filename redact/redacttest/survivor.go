package redacttest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"html"
	"io"
	"strconv"
	"strings"
)

// inRow is how much of a canary, in a row, is a leak. The last four digits of a card, which many show, are not.
const inRow = 8

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
		case ' ', '+', '-', '.', '\u00a0', '\n', '\r', '\t':
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
	for i := 0; i+inRow <= len(needle); i++ {
		if strings.Contains(text, needle[i:i+inRow]) {
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
	{"hexadecimal", func(b []byte) []byte { return runs(b, isHex, fromHex) }},
	{"decimal bytes", decimals},
	{"gzip", gunzip},
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

func isBase64(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '+' || c == '/' || c == '-' || c == '_'
}

// unescape reads \uXXXX, \xXX and a backslash before anything else, as JSON and Go write them.
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
				out = append(out, string(rune(r))...)
				i += n
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

func gunzip(b []byte) []byte {
	i := bytes.Index(b, []byte{0x1f, 0x8b, 8})
	if i < 0 {
		return nil
	}
	z, err := gzip.NewReader(bytes.NewReader(b[i:]))
	if err != nil {
		return nil
	}
	out, _ := io.ReadAll(io.LimitReader(z, 16<<20))
	return out
}
