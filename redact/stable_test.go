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
	} {
		once := Default().String(text)
		require.Equal(t, once, Default().String(once))
	}
}
