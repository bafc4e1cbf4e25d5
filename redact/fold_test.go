package redact

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func strict(t require.TestingT, opts ...Option) *Redactor {
	r, err := New(append([]Option{Strict()}, opts...)...)
	require.NoError(t, err)
	return r
}

// fullWidth returns s in full-width letters, digits and signs.
func fullWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r - '!' + 0xFF01
		}
		return r
	}, s)
}

func TestStrictSeesThroughCharactersThatHideAValueFromItAndNotFromAReader(t *testing.T) {
	t.Parallel()
	r := strict(t)
	mail := "ana.lopez@" + "shop.example.net"
	for _, hidden := range []string{
		"ana.lo\u200bpez@shop.exam\u00adple.net", "ana.lopez\u2060@shop.example.net", fullWidth(mail), "ana.lopez\uff20shop.example.net",
	} {
		require.Equal(t, "to [redacted:email], é", r.String("to "+hidden+", é"))
		require.NotContains(t, Default().String("to "+hidden+", é"), "to [redacted:email], é", "or the test shows nothing")
	}
	require.Equal(t, "card [redacted:card].", r.String("card 4111\u00a01111\u202f1111\u00a01111."))
	require.Equal(t, "card [redacted:card].", r.String("card "+fullWidth("4111111111111111")+"."))
	require.Equal(t, `{"pass`+"\u00ad"+`word":"[redacted:credential]","a":"`+"\u200b"+`"}`,
		r.String(`{"pass`+"\u00ad"+`word":"hun`+"\u200b"+`ter2","a":"`+"\u200b"+`"}`))
	for _, clean := range []string{"naïve – ‘quoted’ “text” … 日本語、テスト\u3000です \xc2", "\u200b", "\xe2\x80", "\xef\xbc"} {
		require.Equal(t, clean, r.String(clean))
	}
	in := []byte("x\u200b to ana.lo\u200bpez@" + "shop.example.net")
	for m := range r.Find(in) {
		require.Equal(t, "ana.lo\u200bpez@"+"shop.example.net", string(in[m.Start:m.End]))
	}
}

func TestAStrictWriterWritesWhatAppendReturnsHoweverTheTextIsCut(t *testing.T) {
	t.Parallel()
	r := strict(t, With(IP, MAC))
	signs := []string{"\u200b", "\u00a0", "\u00ad", "\uff11", "\uff20", "é", "\xe2", "\xe2\x80", "\xef\xbb\xbf", "\u3000", "日"}
	rapid.Check(t, func(t *rapid.T) {
		var text string
		for _, p := range rapid.SliceOfN(rapid.SampledFrom(append(signs, pieces...)), 0, 60).Draw(t, "pieces") {
			if rapid.IntRange(0, 3).Draw(t, "hide") == 0 && len(p) > 2 {
				p = p[:2] + rapid.SampledFrom(signs).Draw(t, "sign") + p[2:]
			}
			text += p
		}
		var out bytes.Buffer
		w := r.Writer(&out)
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, min(len(rest), 3000)).Draw(t, "n")
			_, err := w.Write([]byte(rest[:n]))
			require.NoError(t, err)
			rest = rest[n:]
		}
		require.NoError(t, w.Close())
		whole := string(r.Append(nil, []byte(text)))
		require.Equal(t, whole, out.String())
		require.Equal(t, whole, r.String(text))
		require.Equal(t, whole, r.String(whole))
	})
}
