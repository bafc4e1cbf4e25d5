package redact

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestABlockLeavesOutNothingWhereverItBegins(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a1b2c3d4e5f60718293a4b5c" + "6d7e8f90-us6":               "[redacted:token]",
		"a1b2c3d4e5f60718293a4b5c" + "6d7e8f90-12345678-abcdef12": "[redacted:token]",
		"4111111111" + "111111--x":                                "[redacted:card]--x",
		"(212) 555-" + "0142":                                     "[redacted:phone]",
		"Basic\t \tYW5hOmh1bnRlcjIh" + "cXVpbmNl":                 "Basic\t \t[redacted:credential]",
		"_token q7Zx2mPw" + "9vKd4Rty":                            "_token [redacted:credential]",
		// Keys and announcing words that are short, and keys that another of their kind is close to.
		"pin=4711 x":                         "pin=[redacted:credential] x",
		`"otp":"471147"`:                     `"otp":"[redacted:credential]"`,
		`at="12:30:45","pwd":"k3ttle9x"`:     `at="12:30:45","pwd":"[redacted:credential]"`,
		`\npin: 4711`:                        `\npin: [redacted:credential]`,
		"pw=k3ttle9x y":                      "pw=[redacted:credential] y",
		"secret_old=k3ttle9x":                "secret_old=[redacted:credential]",
		"contraseña=k3ttle9x":                "contraseña=[redacted:credential]",
		"userPassword: k3ttle9x":             "userPassword: [redacted:credential]",
		"db_pass1=k3ttle9x":                  "db_pass1=[redacted:credential]",
		"éssn: 219-" + "09-9998":             "éssn: [redacted:national_id]",
		"the otp is 471147":                  "the otp is [redacted:credential]",
		"login code is 471147":               "login code is [redacted:credential]",
		"471147 is your login code":          "[redacted:credential] is your login code",
		"net user ana k3ttleLamp9 /add":      "net user ana [redacted:credential] /add",
		"echo ana:k3ttleLamp9 | chpasswd":    "echo ana:[redacted:credential] | chpasswd",
		"Token q7Zx2mPw" + "9vKd4Rty":        "Token [redacted:credential]",
		"apikey q7Zx2mPw" + "9vKd4Rty":       "apikey [redacted:credential]",
		"passphrase 'k3ttle lamp 9'":         "passphrase '[redacted:credential]'",
		"(X11; card 4111111111" + "111111 x": "(X11; card [redacted:card] x",
	} {
		for pad := range 130 {
			front, tail := strings.Repeat("a ", pad/2)+strings.Repeat(" ", pad%2), " and the text goes on, as texts do, for longer than a block"
			require.Equal(t, front+want, Default().String(front+text))
			require.Equal(t, front+want+tail, Default().String(front+text+tail))
		}
	}
}

func TestAnOwnKeyOfOnePlainWordIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"ticket", "gizmo", "riddle", "abracadabra"} {
		r, err := New(Keys(word))
		require.NoError(t, err)
		require.Equal(t, "for the "+word+"=[redacted:credential] of", r.String("for the "+word+"=blue-horse of"))
	}
}
