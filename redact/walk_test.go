package redact

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestATextTakenForHarmlessIsOneThatTheScanLeaves(t *testing.T) {
	w := Default().walk()
	defer w.done()
	word := rapid.SampledFrom([]string{"Basic", "Bearer", "bearer", "Token", "AKIA", "sk-", "ghp_", "GB82", "password", "pw", "ssn", "nhs", "tel", "+44",
		"eyJ", "SG.", "-----", "QQ123", "AB12", "tfn", "pin", "/", ",", "\"", "'", "[", "{", "(", "<", "~", "|", "*", "é", "０"})
	piece := rapid.OneOf(word, rapid.StringMatching(`[a-zA-Z0-9 ._+/()-]{1,9}`), rapid.StringMatching(`[A-Z0-9]{1,9}`))
	rapid.Check(t, func(t *rapid.T) {
		s := ""
		for range rapid.IntRange(1, 4).Draw(t, "n") {
			s += piece.Draw(t, "piece")
		}
		if s = s[:min(len(s), shortText-1)]; w.harmless(s) {
			require.Equal(t, s, Default().String(s))
		}
	})
}
