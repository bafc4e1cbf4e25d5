package audit

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryDefinedActionIsListedOnce(t *testing.T) {
	t.Parallel()
	var names []string
	for _, a := range Defined() {
		known, ok := Lookup(a.String())
		require.True(t, ok)
		require.Equal(t, a, known)
		names = append(names, a.String())
	}
	require.True(t, slices.IsSorted(names))
	require.Contains(t, names, "audit.erased")
	require.Len(t, slices.Compact(slices.Clone(names)), len(names))
}
