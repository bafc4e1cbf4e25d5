package redact

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func everything(tb testing.TB) *Redactor {
	r, err := New(With(IP, MAC), Add(acme), Keys("ticket"))
	require.NoError(tb, err)
	return r
}

func seed(f *testing.F) {
	for _, p := range pieces {
		f.Add([]byte(p+" x="+p), uint16(len(p)))
	}
	f.Add([]byte(`{"a":[4111111111111111,-4111111111111111],"pin":1234,"x":"\u0041\npassword=a\"b","y":{"password":true}}`), uint16(7))
	f.Add([]byte("+61 2 5550 "+"4321 x=261 2 5550 "), uint16(9)) // the label says "phone" itself
	f.Add([]byte("p\u00adassword=\uff11\u200b2345678 ana\u200b@shop.example "), uint16(2))
	for _, name := range []string{"secrets.txt", "harmless.txt"} {
		lines, err := os.ReadFile("testdata/corpus/" + name)
		require.NoError(f, err)
		for i, l := range strings.Split(string(lines), "\n") {
			if _, l, ok := strings.Cut(l, "\t"); ok {
				l = strings.NewReplacer("«", "", "»", "", "⏎", "\n", "‹", "aB3", "›", "x9Kq").Replace(l)
				f.Add([]byte(l), uint16(i%64))
			}
		}
	}
	f.Add(bytes.Repeat([]byte("eyJhbGciOiJIUzI1NiJ9."), 12), uint16(5))
	f.Add([]byte(`"{\"card\":4111111111111111}"`), uint16(3))
}

// FuzzRedact holds the promises about any text: matches are in order and within it, Find and Append agree, the output is
// stable, valid UTF-8 stays so, JSON objects and arrays stay JSON, and a Writer says the same.
func FuzzRedact(f *testing.F) {
	seed(f)
	plain, all, folding := Default(), everything(f), strict(f)
	f.Fuzz(func(t *testing.T, text []byte, cut uint16) {
		for _, r := range []*Redactor{plain, all, folding} {
			out := r.Append(nil, text)
			at := 0
			for m := range r.Find(text) {
				require.True(t, at <= m.Start && m.Start < m.End && m.End <= len(text), "%+v", m)
				require.True(t, m.Kind.valid() && m.Rule != "")
				at = m.End
			}
			require.Equal(t, at == 0, bytes.Equal(out, text) && at == 0)
			require.Equal(t, string(out), r.String(string(text)))
			if again := r.Append(nil, out); !bytes.Equal(out, again) {
				t.Fatalf("not stable:\n%q\n%q\n%q", text, out, again)
			}
			if utf8.Valid(text) && !utf8.Valid(out) {
				t.Fatalf("UTF-8 was cut: %q\n%q", text, out)
			}
			if json.Valid(text) && !json.Valid(out) && bytes.ContainsAny(bytes.TrimSpace(text)[:1], "{[\"") {
				t.Fatalf("JSON was broken: %s\n%s", text, out)
			}
			var b bytes.Buffer
			w := r.Writer(&b)
			n := min(int(cut), len(text))
			for _, p := range [][]byte{text[:n], text[n:]} {
				_, err := w.Write(p)
				require.NoError(t, err)
			}
			require.NoError(t, w.Close())
			if !bytes.Equal(out, b.Bytes()) {
				t.Fatalf("the Writer differs: %q\n%q", out, b.Bytes())
			}
		}
	})
}

// FuzzWriter cuts long texts, made by repeating the fuzzer's, where windows end.
func FuzzWriter(f *testing.F) {
	seed(f)
	r := everything(f)
	f.Fuzz(func(t *testing.T, text []byte, step uint16) {
		if len(text) == 0 || len(text) > 2000 {
			return
		}
		long := bytes.Repeat(text, 20_000/len(text)+1)
		var b bytes.Buffer
		w := r.Writer(&b)
		for rest := long; len(rest) > 0; {
			n := min(int(step)+97, len(rest))
			_, err := w.Write(rest[:n])
			require.NoError(t, err)
			rest = rest[n:]
		}
		require.NoError(t, w.Close())
		require.True(t, bytes.Equal(r.Append(nil, long), b.Bytes()), "the Writer differs")
	})
}
