package doctest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../.."

// A claim is a line of docs/claims.md: "- Sentence. [pkg.TestName, pkg.ExampleName]", pkg being the
// folder below the root.
var claim = regexp.MustCompile(`^- (.+[.!?]) \[([^\]]*)\]$`)

func TestEveryClaimNamesTestsThatExist(t *testing.T) {
	t.Parallel()
	tests := declared(t)
	text, err := os.ReadFile(filepath.Join(root, "docs/claims.md"))
	require.NoError(t, err)
	n := 0
	for i, line := range strings.Split(string(text), "\n") {
		if !strings.HasPrefix(line, "- ") {
			continue
		}
		n++
		m := claim.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("docs/claims.md:%d: not of the form «- Sentence. [package.Test, ...]»", i+1)
			continue
		}
		for name := range strings.SplitSeq(m[2], ",") {
			if !tests[strings.TrimSpace(name)] {
				t.Errorf("docs/claims.md:%d: there is no test %q", i+1, strings.TrimSpace(name))
			}
		}
	}
	require.Greater(t, n, 20, "docs/claims.md has hardly a claim")
}

// declared returns "folder.TestName" for every test, example and fuzz target of the repository.
func declared(t *testing.T) map[string]bool {
	t.Helper()
	tests := map[string]bool{}
	require.NoError(t, filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if ok && fn.Recv == nil && regexp.MustCompile(`^(Test|Example|Fuzz)`).MatchString(fn.Name.Name) {
				tests[filepath.ToSlash(dir)+"."+fn.Name.Name] = true
			}
		}
		return nil
	}))
	return tests
}
