package redact_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	. "github.com/bailiwick-dev/bailiwick/redact"
)

func TestJSONIsRedactedWhereItStandsAndTheRestStays(t *testing.T) {
	t.Parallel()
	label := `"[redacted:credential]"`
	for in, want := range map[string]string{
		` { "a" : 1.50e+2 , "b":[ null,true ,"x"] } `:                                  ` { "a" : 1.50e+2 , "b":[ null,true ,"x"] } `,
		`{"password" : "` + plantedWord + `"}`:                                         `{"password" : ` + label + `}`,
		`{"password":12345,"pin":1234,"otp":"123456"}`:                                 `{"password":` + label + `,"pin":` + label + `,"otp":` + label + `}`,
		`{"password":null,"secret":"","token":"***","passwd":true}`:                    `{"password":null,"secret":"","token":"***","passwd":true}`,
		`{"token":{"a":"x"},"secrets":[ "a1b2", {"b":1} ],"credentials":{}}`:           `{"token":` + label + `,"secrets":[ ` + label + `, ` + label + ` ],"credentials":{}}`,
		`{"mail":"` + strings.Replace(plantedMail, "@", `\u0040`, 1) + `"}`:            `{"mail":"[redacted:email]"}`,
		`{"pass\u0077ord":"` + plantedWord + `"}`:                                      `{"pass\u0077ord":` + label + `}`,
		`{"n":41111111` + `11111111,"m":4111}`:                                         `{"n":"[redacted:card]","m":4111}`,
		`{"name":"password","value":"` + plantedWord + `"}`:                            `{"name":"password","value":` + label + `}`,
		`{"s":"{\"token\":{\"a\":\"x y\"}}"}`:                                          `{"s":"{\"token\":\"[redacted:credential]\"}"}`,
		`{"tokens":512,"max_tokens":7,"next_page_token":"abc","public_key":"k"}`:       `{"tokens":512,"max_tokens":7,"next_page_token":"abc","public_key":"k"}`,
		"{\"a\":1}\n{\"password\":\"x9\"}\n":                                           "{\"a\":1}\n{\"password\":" + label + "}\n",
		`{"` + plantedMail + `":1}`:                                                    `{"[redacted:email]":1}`,
		`"line\nof ` + plantedMail + ` and \"more\" \ud83d\ude00"`:                     `"line\nof [redacted:email] and \"more\" 😀"`,
		`{"cookie":"a=b1; c=d2"}`:                                                      `{"cookie":"a=[redacted:credential]; c=[redacted:credential]"}`,
		`{"set-cookie":["sid=abc123; Path=/; HttpOnly"]}`:                              `{"set-cookie":["sid=[redacted:credential]; Path=/; HttpOnly"]}`,
		`{"token":"expired","signature":"required","session":"closed","auth":"basic"}`: `{"token":"expired","signature":"required","session":"closed","auth":"basic"}`,
	} {
		got, err := Default().JSON([]byte("before "), []byte(in))
		require.NoError(t, err, in)
		require.Equal(t, "before "+want, string(got))
		again, err := Default().JSON(nil, got[7:])
		require.NoError(t, err)
		require.Equal(t, want, string(again), "once more")
	}
}

func TestWhatIsNotJSONIsRefusedAndNothingOfItComesOut(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", " ", "{", "}", `{"a"}`, `{"a":}`, `{"a":1,}`, `[1,]`, `[1 2]`, `{a:1}`, `"a`, `"\x"`, `"\u12g4"`, "\"a\nb\"",
		"01", "1.", "-", "1e", "tru", "nul", "+1", `{"password":"` + plantedWord, `{"token":{"a":"` + plantedWord + `"`, `["` + plantedMail + `"`} {
		got, err := Default().JSON([]byte("x"), []byte(in))
		require.ErrorIs(t, err, ErrJSON, in)
		require.Equal(t, "x", string(got))
		noneOf(t, err.Error())
	}
}

func TestJSONBeyondTheLimitsIsLabels(t *testing.T) {
	t.Parallel()
	r, err := New(Limits(4, 20, 500))
	require.NoError(t, err)
	mail := `"` + plantedMail + `"`
	for _, in := range []string{
		strings.Repeat("[", 9) + mail + strings.Repeat("]", 9),
		"[" + strings.Repeat(mail+",", 99) + mail + "]",
		`{"a":` + strings.Repeat(`{"a":`, 20_000) + mail + strings.Repeat("}", 20_000) + "}",
		`["` + strings.Repeat("plain ", 200) + plantedMail + `"]`,
	} {
		got, err := r.JSON(nil, []byte(in))
		require.NoError(t, err)
		require.Contains(t, string(got), `"[redacted:limit]"`)
		require.True(t, json.Valid(got))
		noneOf(t, string(got))
	}
}

func FuzzJSONStaysJSON(f *testing.F) {
	for _, s := range []string{
		`{"password":"x","n":[1,2.5e3,{"token":{"a":null}}],"s":"{\"pin\":1234}"}`, "{\"a\":1}\n[true]", `"\u0040\ud83d\ude00\\"`,
		`{"name":"secret","value":"a\"b"}`, `{"cookie":"a=b; c"}`, `[-0.1e-7,"a@b.example"]`, `{"url":"https://a:b@c.example/?sig=1234567"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		before := bytes.Clone(in)
		out, err := Default().JSON(nil, in)
		require.Equal(t, before, in)
		if json.Valid(in) {
			require.NoError(t, err)
			require.True(t, json.Valid(out), "%s", out)
			again, err := Default().JSON(nil, out)
			require.NoError(t, err)
			require.Equal(t, string(out), string(again))
		} else if err == nil { // several values
			for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
				var v json.RawMessage
				require.NoError(t, d.Decode(&v))
			}
		}
	})
}
