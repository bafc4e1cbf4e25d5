package redact

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatHoldsALabelIsNotHiddenAgain(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"curl -u 5555 5555 " + "5555 4444 a=b",
		"curl -u '[redacted:card] x'",
		`password: [":5555 5555 ` + `5555 4444"]`,
		`the password is ":5555 5555 ` + `5555 4444"`,
		`UID=sa;PWD={k3t;` + `tle}{"i2":"8510145745"}`,
		// A value that was none, until something in it was hidden.
		"PW=$PW=!(", "pass=passwd=!(", "pw=__PASS:p_", "curl -u SKEY=e:K", "-u SERVER_KEY=q:w134x9Kq", `<ty name="pass=le">Kq`,
		"sqlcmd -P ://.alchemy.com/v2/E_KEY=9Kq.aB3w43x9Kq", "?token=3a40x9Kq#=token=es=3SECRET=aSSWO", "TOKEN=aB3gx9Kq =N=TOKEN=aB3led=t",
		"token wx9Kken=..s@p.eq", "://3h32x9Kq@(q@1.ed",
		// What is announced far ahead, and what lies between.
		"net use \\bPASS=le id", "password for 0.0.0.5 =\"ttle\"", `pw:{"i@t.om":"3d21x9Kq"}`, "kindSecret\ndata:\n pass:d: 4",
		`BasicAuth("ana@shop.example", "k3ttle")`,
		// Two ways to read one place.
		"passDisposition:ta name=\"pass\"\n\ne", "pwDisposition: name=\"pw\"\n\nt",
		// What is before a match, or in it, when what is behind is looked at.
		"password '\n 'password 'd'", `<Password "t">o[`, "8::.pass:0:", "0.0.0.5::6", "-pass-----BEGIN P PRIVATE-----RIVATE ----value",
		"name:PW\n    value:  mp\"0      value: \"k3ttle and lamp\"e_key:|\n    t6uDob//",
		// What speaks of a number, or makes a row of it, and is hidden.
		"4111 1111 1111 1@b.ec", "%204111 1111 1111 111104111 ssn", "0749-11 86 2520260614050943", "net use \\\\E_KEY=0364x9t: 88",
		"{\"name\":\"password\",\"value\":password==2524  2b__password: |\n  password: |\n  __",
		"6011275311" + "318101 pass=EAN", "53181730367" + "32650]tel 3456789$snowflake",
	} {
		for _, r := range []*Redactor{Default(), everything(t), strict(t)} {
			once := r.String(text)
			require.Equal(t, once, r.String(once), text)
		}
	}
}

func TestWhatLiesBetweenAKeyAndItsValueIsLookedAtToo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`BasicAuth("ana@shop.example", "k3ttle")`:                             `BasicAuth("[redacted:email]", "[redacted:credential]")`,
		`{"pw":{"ana@shop.example":"3d21x9Kq"}}`:                              `{"pw":{"[redacted:email]":"[redacted:credential]"}}`,
		"Cookie: a=b3Kq; mail=ana@shop.example":                               "Cookie: a=[redacted:credential]; mail=[redacted:credential]",
		`{"keys":[{"kty":"EC","x":"f83OJ3D2"},{"kty":"oct","k":"3w43x9Kq"}]}`: `{"keys":[{"kty":"EC","x":"f83OJ3D2"},{"kty":"oct","k":"[redacted:credential]"}]}`,
	} {
		require.Equal(t, want, Default().String(text))
	}
}

// A label is a wall to what is left, and to what is right of it too; what stands at some distance is found as ever.
func TestBesideALabelTheRestIsStillFound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"[redacted:email] password=hunter2aX pin: 4711 [redacted:ip]": "[redacted:email] password=[redacted:credential] pin: [redacted:credential] [redacted:ip]",
		"4111 1111 " + "1111 1111 [redacted:email] ana@shop.example":  "[redacted:card] [redacted:email] [redacted:email]",
		"[email~k1~abcdef] tel +44 20 7946 0958 [phone~k1~abcdef]":    "[email~k1~abcdef] tel [redacted:phone] [phone~k1~abcdef]",
		`{"a":"[redacted:token]","password":"k3ttle lamp"}`:           `{"a":"[redacted:token]","password":"[redacted:credential]"}`,
	} {
		require.Equal(t, want, Default().String(text))
	}
}
