package redact_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamedNumbersAreFoundWhereverTheyStand(t *testing.T) {
	t.Parallel()
	r := everything(t)
	for _, text := range []string{"the VAT number SK 202 274 96 19", "insurance AB 12 34 56 C", "tax id no. 12-3456789", "bank account number is 912803456"} {
		want := r.String(text)
		require.NotEqual(t, text, want)
		for n := range 130 {
			before := strings.Repeat("\n", n)
			require.Equal(t, before+want, r.String(before+text), n)
		}
	}
}
