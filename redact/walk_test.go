package redact

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTheShortestAnnouncedSecretIsNotTakenForHarmless(t *testing.T) {
	t.Parallel()
	s := "Basic " + "a1B2" + "c3D4"
	require.Len(t, s, shortText)
	require.NotEqual(t, s, Default().String(s))
	require.Equal(t, Default().String(s), Default().Any(s))
}

func TestATextTakenForHarmlessIsOneThatTheScanLeaves(t *testing.T) {
	w := Default().walk()
	defer w.done()
	word := rapid.SampledFrom([]string{"Basic", "Bearer", "bearer", "Token", "AKIA", "sk-", "ghp_", "GB82", "password", "pw", "ssn", "nhs", "tel", "+44",
		"eyJ", "SG.", "-----", "QQ123", "AB12", "tfn", "pin", "/", ",", "\"", "'", "[", "{", "(", "<", "~", "|", "*", "é", "０"})
	announced := rapid.Custom(func(t *rapid.T) string {
		scheme := rapid.SampledFrom([]string{"Basic ", "Bearer ", "bearer ", "Token ", "ApiKey ", "basic\t"}).Draw(t, "scheme")
		return scheme + rapid.StringMatching(`([a-z][0-9][A-Z]){1,4}[a-z]{0,3}`).Draw(t, "secret")
	})
	number := rapid.Custom(func(t *rapid.T) string {
		return rapid.StringMatching(`([A-Z]{0,2} ?[0-9]{2,3}[ -]?){1,4}[A-D]?`).Draw(t, "number")
	})
	named := rapid.Custom(func(t *rapid.T) string {
		name := rapid.SampledFrom([]string{"ssn ", "tel ", "nhs ", "tfn ", "card ", "nino ", "pw=", "pin: ", "pw: "}).Draw(t, "name")
		return name + rapid.StringMatching(`[A-Z]{0,2}[0-9]{3,9}|[a-z][0-9][A-Z]{2,5}`).Draw(t, "value")
	})
	address := rapid.StringMatching(`[a-z]{1,4}@[a-z]{2,4}\.(io|de|com)`)
	piece := rapid.OneOf(word, announced, number, named, address, rapid.StringMatching(`[a-zA-Z0-9 ._+/()-]{1,9}`), rapid.StringMatching(`[A-Z0-9]{1,9}`))
	rapid.Check(t, func(t *rapid.T) {
		s := ""
		for range rapid.IntRange(1, 4).Draw(t, "n") {
			s += piece.Draw(t, "piece")
		}
		if len(s) <= 64 && nothingIn([]byte(s)) {
			require.Equal(t, s, Default().String(s))
		}
		if s = s[:min(len(s), shortText-1)]; w.harmless(s) {
			require.Equal(t, s, Default().String(s))
		}
	})
}
