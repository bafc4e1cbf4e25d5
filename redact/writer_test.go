package redact

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// pieces are what the texts of the properties are made of: whole finds, halves of them, and what stands between.
var pieces = append([]string{`"`, `\`, `'`, " ", "\n", ",", ":", "=", "[", "]", "{", "}", `\n`, `\"`, `\\`, `\u0040`, "&#64;", "%40", "%3D", "@", "é", "\xff", "\u200b",
	"4111111111111111", "password", "token=", `"pin":12345`, "Bearer ", "eyJhbGciOiJIUzI1NiJ9.", "-----BEGIN PRIVATE " + "KEY-----\nMIIBVgIBADANBgkq", "-----END PRIVATE " + "KEY-----",
	"postgres://", "u:p@h", "<token>", "GB82", "ghp_", "[redacted:email]", "{\"a\":[1,", "ACME-", "acme-7", strings.Repeat("x", 900), strings.Repeat("4 ", 200), strings.Repeat("a=", 600),
	"password=\"" + strings.Repeat("y z", 700)}, planted...)

func drawText(t *rapid.T) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 40).Draw(t, "pieces"), "")
}

// acme finds "ACME-" with what follows it up to a space.
var acme = Rule{Name: "acme", Anchor: "ACME-", Window: 64, Match: func(p []byte, at int) (int, int, bool) {
	end := at + 5
	for end < len(p) && isWord(p[end]) {
		end++
	}
	return at, end, end > at+5
}}

func TestAWriterWritesWhatAppendReturnsHoweverTheTextIsCut(t *testing.T) {
	t.Parallel()
	all, err := New(With(IP, MAC), Add(acme))
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		text := drawText(t)
		for _, r := range []*Redactor{Default(), all} {
			var out bytes.Buffer
			w := r.Writer(&out)
			for rest := text; rest != ""; {
				n := rapid.IntRange(1, min(len(rest), 5000)).Draw(t, "n")
				k, err := w.Write([]byte(rest[:n]))
				require.NoError(t, err)
				require.Equal(t, n, k)
				rest = rest[n:]
			}
			require.NoError(t, w.Close())
			require.Equal(t, string(r.Append(nil, []byte(text))), out.String())
		}
	})
}

func TestALongTextOfOneRefrainIsWrittenAsTheWhole(t *testing.T) {
	t.Parallel()
	redactors := []*Redactor{Default(), everything(t), strict(t)}
	more := append([]string{"tok", "\x82", "1 ", "12-", "x", "AB12", "long-word-of-some-length_and.more"}, pieces...)
	rapid.Check(t, func(t *rapid.T) {
		refrain := strings.Join(rapid.SliceOfN(rapid.SampledFrom(more), 1, 5).Draw(t, "refrain"), "")
		text := []byte(strings.Repeat(refrain, 16_000/len(refrain)+1))
		step := rapid.IntRange(500, 6000).Draw(t, "step")
		for _, r := range redactors {
			var out bytes.Buffer
			w := r.Writer(&out)
			for rest := text; len(rest) > 0; {
				n := min(step, len(rest))
				_, err := w.Write(rest[:n])
				require.NoError(t, err)
				rest = rest[n:]
			}
			require.NoError(t, w.Close())
			whole := r.Append(nil, text)
			require.True(t, bytes.Equal(whole, out.Bytes()), "the Writer differs")
		}
	})
}

func TestAWriterHoldsBackLittle(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := Default().Writer(&out)
	for range 1000 {
		_, err := w.Write([]byte(strings.Repeat("a quiet line of a log, with nothing in it\n", 10)))
		require.NoError(t, err)
		require.Less(t, len(w.s.src), 64<<10)
	}
	require.Greater(t, out.Len(), 400<<10)
	require.NoError(t, w.Close())
	require.Equal(t, 420_000, out.Len())
}

type brokenWriter struct{ short bool }

func (b brokenWriter) Write(p []byte) (int, error) {
	if b.short {
		return len(p) / 2, nil
	}
	return 0, errors.New("disk full")
}

func TestAWriterReportsErrorsAndShortWrites(t *testing.T) {
	t.Parallel()
	for _, b := range []brokenWriter{{true}, {false}} {
		w := Default().Writer(b)
		_, err := w.Write([]byte("password=hunter2"))
		require.NoError(t, err)
		require.Error(t, w.Close())
		require.Error(t, w.Close())
		_, err = w.Write([]byte("x"))
		require.ErrorIs(t, err, io.ErrClosedPipe)
	}
}

func TestAPrivateKeyIsFoundAcrossWrites(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ/+AbCdEfGh\n", 700)
	text := "before\n-----BEGIN RSA PRIVATE " + "KEY-----\n" + body + "-----END RSA PRIVATE " + "KEY-----\nafter " + strings.Repeat("text ", 3000)
	var out bytes.Buffer
	w := Default().Writer(&out)
	for i := range len(text) {
		_, err := w.Write([]byte{text[i]})
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.True(t, Default().String(text) == out.String())
	require.False(t, strings.Contains(out.String(), "MIIE"))
	require.True(t, strings.Contains(out.String(), "after text text"))
}
