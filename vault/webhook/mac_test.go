package webhook_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"

	"github.com/stretchr/testify/require"
)

// No test can hold a duration to it, so this one reads the code: what is compared with the signature that was computed goes
// through crypto/subtle, and nothing else looks at either.
func TestSignaturesAreComparedInConstantTime(t *testing.T) {
	t.Parallel()
	f, err := parser.ParseFile(token.NewFileSet(), "mac.go", nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	mentions := func(n ast.Node) (found bool) {
		ast.Inspect(n, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			found = found || ok && (id.Name == "want" || id.Name == "sig")
			return !found
		})
		return found
	}
	compared := 0
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			require.False(t, mentions(n), "compared by %s", n.Op)
		case *ast.CallExpr:
			s, ok := n.Fun.(*ast.SelectorExpr)
			if ok && s.Sel.Name == "ConstantTimeCompare" && mentions(n.Args[0]) && mentions(n.Args[1]) {
				compared++
				return false
			}
			_, conversion := n.Fun.(*ast.ArrayType)
			require.False(t, !conversion && len(n.Args) > 0 && mentions(n), "given to another function")
		}
		return true
	})
	require.Equal(t, 1, compared)
}
