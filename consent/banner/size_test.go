package banner

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Sizes are as they are sent, with the gzip of the standard library.
func TestScriptAndStyleAreSmall(t *testing.T) {
	t.Parallel()
	css, js := assetOf("banner", ".css", style), assetOf("banner", ".js", script)
	t.Logf("CSS %d bytes, gzip %d; script %d bytes, gzip %d", len(css.plain), len(css.small), len(js.plain), len(js.small))
	require.LessOrEqual(t, len(css.small), 1500)
	require.LessOrEqual(t, len(js.small), 3000)
}
