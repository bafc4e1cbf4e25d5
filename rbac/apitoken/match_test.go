package apitoken_test

import (
	"crypto/sha256"
	"go/ast"
	"go/parser"
	"go/token"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOnlyTheWholeTokenMatches(t *testing.T) {
	t.Parallel()
	made := live.Mint()
	raw := made.Secret.Reveal()
	require.Equal(t, [32]byte(sha256.Sum256([]byte(raw))), made.Hash)
	require.True(t, live.Match(raw, made.Hash))
	for i := range raw {
		b := []byte(raw)
		b[i] ^= 1
		require.False(t, live.Match(string(b), made.Hash))
		require.False(t, live.Match(raw[:i], made.Hash))
	}
	for i := range made.Hash {
		wrong := made.Hash
		wrong[i] ^= 0x80
		require.False(t, live.Match(raw, wrong))
	}
}

// What a server compares with where it knows no such token.
func TestNothingMatchesTheZeroHash(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"", published, live.Mint().Secret.Reveal()} {
		require.False(t, live.Match(raw, [32]byte{}))
	}
}

// No test can hold a duration to it, so this one reads the code: of the two sums nothing is asked but by crypto/subtle.
func TestHashesAreComparedInConstantTime(t *testing.T) {
	t.Parallel()
	f, err := parser.ParseFile(token.NewFileSet(), "match.go", nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	compared := 0
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt:
			t.Errorf("match.go branches: %T", n)
		case *ast.BinaryExpr:
			call, ok := n.X.(*ast.CallExpr)
			require.True(t, ok && call.Fun.(*ast.SelectorExpr).Sel.Name == "ConstantTimeCompare", "compared by %s", n.Op)
			compared++
		case *ast.CallExpr:
			s, ok := n.Fun.(*ast.SelectorExpr)
			require.True(t, !ok || s.Sel.Name == "ConstantTimeCompare" || s.Sel.Name == "Sum256", "given to another function")
		}
		return true
	})
	require.Equal(t, 1, compared)
}
