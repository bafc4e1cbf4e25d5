package rls_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
)

func Example() {
	cfg := rls.Config{AppRole: "app", Tables: []rls.Table{{Name: "note"}}}
	statements, err := rls.SQL(cfg)
	if err != nil {
		panic(err)
	}
	fmt.Println(strings.Count(statements, "CREATE POLICY"), "policies, for a migration")
	// Output: 2 policies, for a migration
}

func TestTheExampleInTheDocsIsTheOneThatIsCompiled(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(doc), "//\n//\t")
	block, _, _ := strings.Cut("//\t"+rest, "\n//\n")
	example, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	require.Contains(t, string(example), "func Example() {\n"+strings.ReplaceAll(block, "//\t", "\t")+"\n")
}
