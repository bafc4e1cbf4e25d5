package redact

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// An address stays one however often the text around it was put into strings.
func TestAnAddressIsFoundBehindAnyNumberOfEscapes(t *testing.T) {
	t.Parallel()
	text := `{"to":"ana` + `\u0040` + `shop.example.com"}`
	for depth := range 5 {
		for name, out := range map[string]string{"String": Default().String(text), "Any": fmt.Sprint(Default().Any(map[string]any{"note": text}))} {
			require.NotContains(t, out, "shop.example", "%s, depth %d: %s", name, depth, text)
			require.Contains(t, out, "[redacted:email]", "%s, depth %d", name, depth)
		}
		var up any
		require.NoError(t, json.Unmarshal([]byte(Default().String(text)), &up), "depth %d", depth)
		b, err := json.Marshal(map[string]string{"body": text})
		require.NoError(t, err)
		text = string(b)
	}
	require.Equal(t, "to=[redacted:email]&x=1", Default().String("to=ana%2540"+"shop.example.com&x=1"))
}

func TestARunOfBackslashesIsNoAddress(t *testing.T) {
	t.Parallel()
	for _, s := range []string{strings.Repeat(`\`, 400), `a` + strings.Repeat(`\`, 40) + `u0040`, `C:\\users\\ana\\u0041shop.example.com`, `\\server\share`} {
		require.Equal(t, s, Default().String(s))
	}
}
