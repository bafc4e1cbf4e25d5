package dsar_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
)

func TestTheTableOfRulesInTheDocsIsTheOneInTheCode(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	var want strings.Builder
	for _, r := range dsar.Rules() {
		fmt.Fprintf(&want, "//\t%s  %-7s  %s\n//\t                 %s\n", r.ID, r.Severity, r.Title, r.Remedy)
	}
	_, after, _ := strings.Cut(string(doc), "//\tDSR001")
	table, _, _ := strings.Cut("//\tDSR001"+after, "//\n")
	require.Equal(t, want.String(), table, "the table should read:\n%s", want.String())
}

func TestRuleIDsAreUniqueAndEachIsReportedSomewhere(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	used := map[string]bool{}
	for _, f := range files {
		if strings.HasPrefix(f.Name(), "verify") && !strings.HasSuffix(f.Name(), "_test.go") {
			b, err := os.ReadFile(f.Name())
			require.NoError(t, err)
			for _, id := range regexp.MustCompile(`"DSR\d{3}"`).FindAllString(string(b), -1) {
				used[strings.Trim(id, `"`)] = true
			}
		}
	}
	seen := map[string]bool{}
	for _, r := range dsar.Rules() {
		require.False(t, seen[r.ID], r.ID)
		seen[r.ID] = true
		require.True(t, used[r.ID], "nothing reports %s", r.ID)
	}
	require.Equal(t, len(used), len(seen))
}
