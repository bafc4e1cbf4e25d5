package redact

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A block is found whatever stands before it, wherever it lies in the blocks of the scan.
func TestAPrivateKeyIsFoundBehindAnything(t *testing.T) {
	t.Parallel()
	line := strings.Repeat("q7Tz", 16)
	block := "-----BEGIN RSA PRIVATE " + "KEY-----\n" + line + "\n" + line + "\n-----END RSA PRIVATE " + "KEY-----"
	want := strings.Replace(block, line+"\n"+line, "[redacted:private_key]", 1)
	for _, before := range []string{"", " ", "\n", "field .", "X-Token-", "X-Token: x", "key", "a.b_c", "...", "------", "é", "[redacted:email]", "note=", "note: ",
		"password=", "password=x", "password: x-", "ana@shop.example.com-", "ghp_" + strings.Repeat("a1B", 12) + "-", `\n`, `{"x":"`, "x/", "Bearer ", "Bearer x"} {
		for pad := range 150 {
			for _, fill := range []string{" ", "x", "-", ". "} {
				text := strings.Repeat(fill, pad) + before + block + " and on"
				out := Default().String(text)
				require.NotContains(t, out, "q7Tz", "%q %d times before %q: %s", fill, pad, before, out)
				if pad == 0 && len(before) < 10 {
					require.Contains(t, out, want[10:], "%q", before)
				}
			}
		}
	}
}

func TestAPrivateKeyBehindAWordIsFoundAcrossWrites(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("q7Tz\n", 12_000)
	text := strings.Repeat("the train was late ", 300) + "X-Token------BEGIN PRIVATE " + "KEY-----\n" + body + "-----END PRIVATE " + "KEY-----\n" + strings.Repeat("and on ", 900)
	want := Default().String(text)
	require.NotContains(t, want, "q7Tz")
	for at := strings.Index(text, "X-Token"); at < strings.Index(text, "q7Tz"); at++ {
		var b strings.Builder
		w := Default().Writer(&b)
		for _, part := range []string{text[:at], text[at : at+1], text[at+1 : at+9000], text[at+9000:]} {
			_, err := io.WriteString(w, part)
			require.NoError(t, err)
		}
		require.NoError(t, w.Close())
		require.Equal(t, want, b.String(), at)
	}
}

func TestWhatIsNoPrivateKeyStays(t *testing.T) {
	t.Parallel()
	line := strings.Repeat("q7Tz", 16)
	for _, s := range []string{"x-----BEGIN PUBLIC KEY-----\n" + line + "\n-----END PUBLIC KEY-----", "x-----BEGIN CERTIFICATE-----\n" + line, "-----BEGINNING of PRIVATE-----\n", "x----BEGIN PRIVATE----"} {
		require.Equal(t, s, Default().String(s))
	}
}
