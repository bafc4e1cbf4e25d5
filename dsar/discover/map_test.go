package discover_test

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/discover"
	"github.com/bailiwick-dev/bailiwick/dsar/internal/shapes"
)

func TestEveryProposalIsAMapThatCompiles(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"tuned", "heldout"} {
		for _, l := range shapes.Load(t, folder) {
			for _, d := range []*discover.Proposal{discover.FromSchema(l.DB, discover.Options{Subjects: l.Roots}),
				discover.FromSchema(l.WithoutForeignKeys(), discover.Options{Subjects: l.Roots}), discover.FromSchema(l.DB, discover.Options{})} {
				m := d.Map()
				_, err := m.Compile()
				require.NoError(t, err, l.Name)
			}
		}
	}
}

func TestAProposalIsWrittenAsGo(t *testing.T) {
	t.Parallel()
	for _, l := range shapes.Load(t, "heldout") {
		var b bytes.Buffer
		require.NoError(t, discover.FromSchema(l.DB, discover.Options{Subjects: l.Roots}).WriteGo(&b, "shop"), l.Name)
		again, err := format.Source(b.Bytes())
		require.NoError(t, err)
		require.Equal(t, string(again), b.String(), "%s is not gofmt-ed", l.Name)
	}
}

// What needs a decision is never taken for granted: hops of two and more, "by", null, polymorphic.
func TestNothingDoubtfulIsAccepted(t *testing.T) {
	t.Parallel()
	for _, l := range shapes.Load(t, "tuned") {
		p := discover.FromSchema(l.DB, discover.Options{Subjects: l.Roots})
		for _, k := range p.Links {
			if !k.Accepted || k.Role == dsar.Reference {
				continue
			}
			at := l.Name + " " + k.Table + "." + k.Columns[0]
			require.Equal(t, 1, k.Hops, at)
			require.Empty(t, k.When, at)
			require.Empty(t, k.Path, at)
			require.Empty(t, k.Identifier, at)
			require.NotRegexp(t, `(?i)[a-z]_?by(_id|id)?$`, k.Columns[0])
			require.True(t, l.DB.Table(k.Table).Column(k.Columns[len(k.Columns)-1]).NotNull, at)
			require.Equal(t, dsar.Owner, k.Role, at)
		}
	}
}

func TestClassesAreWrittenByTheirNamesInRedact(t *testing.T) {
	t.Parallel()
	f, err := parser.ParseFile(token.NewFileSet(), "../../redact/class.go", nil, 0)
	require.NoError(t, err)
	have := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			for _, id := range v.Names {
				have[id.Name] = true
			}
		}
		return true
	})
	for class, name := range discover.ClassNames {
		require.True(t, have[name], "%s is written as %s", class, name)
	}
}
