package redact

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What one look found in vain, the next does not read again; what lies behind is found all the same.
func TestALookThatFoundNothingHidesNothingFromTheNext(t *testing.T) {
	t.Parallel()
	const secret = "Vq7-" + "turbine"
	for _, in := range []string{
		strings.Repeat("password:\n - a: b\n", 400) + " - " + secret + "\n",
		strings.Repeat("password:\n  - a: b\n - two words\n", 300) + " - " + secret + "\n",
		strings.Repeat("passwords:\n - two words\n", 300) + "passwords:\n  - " + secret + "\n",
		strings.Repeat("[redacted:x4@", 300) + " password=" + secret + "\n",
		strings.Repeat("secret=[", 300) + " password=" + secret + "\n",
		strings.Repeat("glpat-"+"a_b", 600) + " password=" + secret + "\n",
		strings.Repeat("cookie= ", 300) + "cookie: id=" + secret + "\n",
	} {
		require.NotContains(t, Default().String(in), secret, "%.40q", in)
	}
}

// A line that goes on beyond what a look may read is no element of a list.
func TestAListThatIsCutOffByTheWindowEndsBeforeIt(t *testing.T) {
	t.Parallel()
	in := "passwords:\n" + " - two wwwwwwwwwww\n" + strings.Repeat(" - two words\n", 313) + " - these are no password\n" + strings.Repeat("so what\n", 100)
	require.Equal(t, in, Default().String(in))
}

func TestNamesOfAnyLengthAreJudgedByTheirEnd(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxKey+6)
	for _, name := range []string{long, long + "_password"} {
		for _, in := range []string{"<" + name + ` a="b">Vq7-turbine<`, `<entry key="` + name + `">Vq7-turbine<`, name + "=Vq7-turbine", `{"` + name + `":"Vq7-turbine"}`} {
			require.Equal(t, name != long, !strings.Contains(Default().String(in), "turbine"), in)
		}
	}
}
