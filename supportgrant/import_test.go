package supportgrant

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What somebody chose about cookies changes no grant, and no grant changes what they chose: neither package knows the other.
func TestGrantsAndConsentKnowNothingOfEachOther(t *testing.T) {
	t.Parallel()
	const module = "github.com/bailiwick-dev/bailiwick/"
	for door, other := range map[string]string{"supportgrant": "consent", "consent": "supportgrant"} {
		out, err := exec.Command("go", "list", "-deps", "-test", module+door+"/...").CombinedOutput()
		require.NoError(t, err, string(out))
		require.Contains(t, string(out), module+door)
		for _, line := range strings.Fields(string(out)) {
			require.False(t, strings.HasPrefix(line, module+other), line)
		}
	}
}
