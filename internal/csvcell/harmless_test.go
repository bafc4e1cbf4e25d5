package csvcell_test

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/internal/csvcell"
	"github.com/stretchr/testify/require"
)

func TestNoCellIsAFormula(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"=1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\ufeff=1", "\x00=1", "＝1", "＋1", "－1", "＠1", "|calc", "%0A", "'=1"} {
		require.Equal(t, "'"+s, csvcell.Harmless(s))
	}
	for _, s := range []string{"", "a", "a=1", "1", " a", "{"} {
		require.Equal(t, s, csvcell.Harmless(s))
	}
}
