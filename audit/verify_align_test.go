package audit

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// namedBy aligns leaves with a tile, and returns the places that are named with their rules, and how each event of
// the tile was found.
func namedBy(tile, leaves []treeHash) (named map[int]string, lies []int16) {
	v := &verifier{hashes: leaves, views: make([]leafView, len(leaves))}
	copy(v.tileRow[:], tile)
	v.align(0, len(tile), true)
	named = map[int]string{}
	for _, f := range v.doubts {
		named[int(f.Seq)] = f.Rule
	}
	return named, v.aligned.lies[:len(tile)]
}

func numbered(n int) (hs []treeHash) {
	for i := range n {
		hs = append(hs, treeHash{byte(i), byte(i >> 8), 1})
	}
	return hs
}

func TestOneChangeInATileNamesNoOtherPlace(t *testing.T) {
	t.Parallel()
	unknown := treeHash{9, 9, 9}
	for _, width := range []int{2, 3, 7, 255, 256} {
		tile := numbered(width)
		step := max(1, width/5)
		for i := 0; i < width; i += step {
			for k := 0; k < width; k += step {
				check := func(what string, want map[int]string, leaves []treeHash) {
					t.Helper()
					named, lies := namedBy(tile, leaves)
					require.Equal(t, want, named, "%s %d %d of %d", what, i, k, width)
					for p, at := range lies {
						known := at != noLeaf && leaves[at] != unknown
						if known != slices.Contains(leaves, tile[p]) || known && leaves[at] != tile[p] {
							require.Fail(t, what, "the hash at %d is said to lie at %d", p, at)
						}
					}
				}
				one := func(rule string, at int) map[int]string { return map[int]string{at: rule} }
				leaves := slices.Clone(tile)
				leaves[i] = unknown
				check("edit", one(RuleEdited, i), leaves)
				check("delete", one(RuleMissing, i), slices.Delete(slices.Clone(tile), i, i+1))
				check("insert", one(RuleExtra, i), slices.Insert(slices.Clone(tile), i, unknown))
				check("append", one(RuleExtra, width-1), append(slices.Clone(tile), unknown))
				if i == k {
					continue
				}
				leaves = slices.Clone(tile)
				leaves[i], leaves[k] = leaves[k], leaves[i]
				check("swap", map[int]string{i: RuleMoved, k: RuleMoved}, leaves)
				leaves = slices.Clone(tile)
				leaves[k] = leaves[i]
				check("put over", one(RuleMoved, k), leaves)
				if k > i+1 || k < i-1 {
					leaves = slices.Delete(slices.Clone(tile), i, i+1)
					check("move", one(RuleMoved, i), slices.Insert(leaves, k, tile[i]))
					check("put in twice", one(RuleExtra, k), slices.Insert(slices.Clone(tile), k, tile[i]))
				}
			}
		}
	}
}

func TestEditsAndDeletionsNameThePlacesTheyTouch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, tileWidth).Draw(t, "width")
		tile := numbered(width)
		leaves, want := []treeHash(nil), map[int]string{}
		for i, touched := 0, false; i < width; i++ {
			// Side by side an edit and a deletion cannot be told apart.
			what := rapid.IntRange(0, 9).Draw(t, "what")
			switch {
			case what == 0 && !touched:
				want[i], touched = RuleMissing, true
			case what == 1 && !touched:
				leaves = append(leaves, treeHash{byte(i), 7, 7})
				want[i], touched = RuleEdited, true
			default:
				leaves, touched = append(leaves, tile[i]), false
			}
		}
		named, _ := namedBy(tile, leaves)
		require.Equal(t, want, named)
	})
}

// Whatever the leaves are, none is the event of two places, and one that has another hash is named.
func TestAnyLeavesAreAlignedOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		few := rapid.Map(rapid.IntRange(0, 12), func(i int) treeHash { return treeHash{byte(i)} })
		tile := rapid.SliceOfN(few, 1, 40).Draw(t, "tile")
		leaves := rapid.SliceOfN(few, 0, 80).Draw(t, "leaves")
		named, lies := namedBy(tile, leaves)
		used := map[int16]bool{}
		for p, at := range lies {
			if at == noLeaf {
				require.NotEmpty(t, named[p])
				continue
			}
			require.False(t, used[at])
			used[at] = true
			if leaves[at] != tile[p] {
				require.NotEmpty(t, named[p])
			}
		}
		require.Equal(t, slices.Equal(tile, leaves), len(named) == 0)
	})
}
