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
	} {
		for pad := range 130 {
			front, tail := strings.Repeat("a ", pad/2)+strings.Repeat(" ", pad%2), " and the text goes on, as texts do, for longer than a block"
			require.Equal(t, front+want, Default().String(front+text))
			require.Equal(t, front+want+tail, Default().String(front+text+tail))
		}
	}
}
