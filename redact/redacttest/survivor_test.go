package redacttest

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/ascii85"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"mime/quotedprintable"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
)

var ways = map[string]func(string) string{
	"plain":      func(s string) string { return s },
	"upper":      strings.ToUpper,
	"lower":      strings.ToLower,
	"json":       func(s string) string { b, _ := json.Marshal(s); return string(b) },
	"json u":     func(s string) string { return each(s, `\u%04x`) },
	"go x":       func(s string) string { return each(s, `\x%02x`) },
	"quoted":     func(s string) string { return fmt.Sprintf("%q", fmt.Sprintf("%q", s)) },
	"query":      url.QueryEscape,
	"percent":    func(s string) string { return each(s, "%%%02X") },
	"html":       html.EscapeString,
	"entities":   func(s string) string { return each(s, "&#%d;") },
	"entities x": func(s string) string { return each(s, "&#x%x;") },
	"base64":     func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64url":  func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte("\xff\xfe\xfb" + s)) },
	"base64 cut": func(s string) string { return base64.StdEncoding.EncodeToString([]byte("bob:" + s))[3:] },
	"hex":        func(s string) string { return hex.EncodeToString([]byte(s)) },
	"HEX":        func(s string) string { return fmt.Sprintf("%X", s) },
	"decimal":    func(s string) string { return fmt.Sprint([]byte(s)) },
	"go bytes":   func(s string) string { return fmt.Sprintf("%v %d", []byte(s), []byte(s)) },
	"printable": func(s string) string {
		var b bytes.Buffer
		w := quotedprintable.NewWriter(&b)
		_, _ = w.Write([]byte(s))
		_ = w.Close()
		return b.String()
	},
	"gzip": gzipped,
	"zlib": func(s string) string {
		var b bytes.Buffer
		w := zlib.NewWriter(&b)
		_, _ = w.Write([]byte(s))
		_ = w.Close()
		return b.String()
	},
	"second gzip":  func(s string) string { return gzipped("first") + "\n" + gzipped(s) },
	"go hex bytes": func(s string) string { return fmt.Sprintf("%#v", []byte(s)) },
	"hex spaced":   func(s string) string { return fmt.Sprintf("% x", s) },
	"hex colons":   func(s string) string { return strings.ReplaceAll(fmt.Sprintf("% X", s), " ", ":") },
	"octal":        func(s string) string { return each(s, `\%03o`) },
	"utf-16":       func(s string) string { return wide(s, binary.LittleEndian) },
	"utf-16 big":   func(s string) string { return wide(s, binary.BigEndian) },
	"base32":       func(s string) string { return base32.StdEncoding.EncodeToString([]byte("x" + s)) },
	"base32 low": func(s string) string {
		return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(s)))
	},
	"reversed": reversed,
	"base64 lines": func(s string) string {
		return lines(base64.StdEncoding.EncodeToString([]byte("some line before it "+s)), 19)
	},
	"zero width":    func(s string) string { return grouped(s, "\u200b") },
	"slashes":       func(s string) string { return grouped(s, "/") },
	"printable all": func(s string) string { return each(s, "=%02X") },
	"spaced":        func(s string) string { return grouped(s, " ") },
	"dashes":        func(s string) string { return grouped(s, "-") },
}

func gzipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

func wide(s string, order binary.AppendByteOrder) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

func lines(s string, n int) string {
	var b strings.Builder
	for len(s) > n {
		b.WriteString(s[:n] + "\r\n")
		s = s[n:]
	}
	return b.String() + s
}

func each(s, format string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		_, _ = fmt.Fprintf(&b, format, c)
	}
	return b.String()
}

func set(names ...string) map[string]bool {
	m := map[string]bool{}
	for _, n := range names {
		m[n] = true
	}
	return m
}

var (
	lossy      = set("upper", "lower", "spaced", "dashes", "slashes", "zero width", "reversed")
	binaryWays = set("gzip", "second gzip", "zlib", "utf-16", "utf-16 big")
	perByte    = set("json u", "entities", "entities x")
	forBinary  = set("base64", "base64url", "base64 lines", "base32", "hex", "HEX", "hex spaced", "hex colons")
)

func TestASurvivorIsSeenBehindEveryEncodingAndAnyTwo(t *testing.T) {
	t.Parallel()
	c := newCanary(7)
	for name, w := range ways {
		for _, value := range []string{c.word, c.token, c.digits, c.iban} {
			require.NotEmpty(t, survivor([]byte("some line with "+w(value)+" in it"), c), name)
			require.NotEmpty(t, survivor([]byte(w("a="+value[2:12]+" and more")), c), "%s, in part", name)
		}
		for name2, w2 := range ways {
			if name == "upper" || name == "lower" || lossy[name2] || binaryWays[name] && !forBinary[name2] || name == "zero width" && perByte[name2] {
				continue // what these make of an encoding cannot be read back by anybody
			}
			require.NotEmpty(t, survivor([]byte(w2("x "+w(c.word)+" y")), c), "%s in %s", name, name2)
		}
	}
}

func TestWhatIsNotACanaryIsNoSurvivor(t *testing.T) {
	t.Parallel()
	a, b := newCanary(1), newCanary(2)
	for name, w := range ways {
		require.Empty(t, survivor([]byte(w(b.word+" "+b.token+" "+b.digits+" "+b.iban)), a), name)
	}
	require.Empty(t, survivor([]byte("card ************"+a.digits[12:]+" of [redacted:email]"), a), "the last four may stay")
	require.Empty(t, survivor(nil, a))
	// What nobody decodes is out of reach: the limit is in the documentation.
	enc := make([]byte, ascii85.MaxEncodedLen(len(a.word)))
	require.Empty(t, survivor(enc[:ascii85.Encode(enc, []byte(a.word))], a))
	require.Empty(t, survivor([]byte(fmt.Sprint(utf16.Encode([]rune("bob")))), a))
}

func TestCanariesAreWellFormedAndDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for n := range uint64(2000) {
		c := newCanary(n)
		for _, s := range []string{c.word, c.token, c.digits, c.iban} {
			require.False(t, seen[s])
			seen[s] = true
		}
		require.Equal(t, luhn(c.digits[:15]), c.digits[15:])
		require.Equal(t, 1, mod97(c.iban[4:]+"1314"+c.iban[2:4]))
	}
	require.Equal(t, "1", luhn("411111111111111"))
	require.Equal(t, newCanary(3), newCanary(3), "a run can be repeated")
}

func FuzzSurvivor(f *testing.F) {
	c := newCanary(5)
	for _, w := range ways {
		f.Add([]byte(w("some " + c.word)))
	}
	f.Fuzz(func(t *testing.T, out []byte) {
		if len(out) > 4096 {
			return
		}
		how := survivor(out, c)
		if bytes.Contains(out, []byte(c.word[4:14])) {
			require.Equal(t, "as it is", how)
		}
	})
}
