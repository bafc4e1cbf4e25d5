package rbac

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
)

// The model is a bucket of burst tokens that one is added to in every.
func TestAPaceDoesAsABucketDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		every := rapid.Int64Range(1, 1000).Draw(t, "every")
		burst := rapid.IntRange(1, 20).Draw(t, "burst")
		p := newPace(time.Duration(every), burst, 1)
		now, level := int64(0), float64(burst)
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			step := rapid.Int64Range(0, 3*every).Draw(t, "step")
			now += step
			level = min(float64(burst), level+float64(step)/float64(every))
			wait := take(p, now, "x")
			if level >= 1-1e-9 {
				level--
				require.Zero(t, wait)
				if rapid.IntRange(0, 9).Draw(t, "back") == 0 {
					giveBack(p, "x")
					level++
				}
			} else {
				require.InDelta(t, (1-level)*float64(every), float64(wait), 1)
			}
		}
	})
}

func TestAPaceTakesTheSameMemoryForAnyNumberOfKeys(t *testing.T) {
	t.Parallel()
	p := newPace(time.Second, 3, 64)
	let := 0
	for i := range 100_000 {
		if take(p, 0, fmt.Sprint(i)) == 0 {
			let++
		}
	}
	require.Len(t, p.cells, 64)
	require.LessOrEqual(t, let, 3*64, "many keys are let through no more often than the cells are")
}

func TestWhatIsRememberedOfTokensIsBounded(t *testing.T) {
	t.Parallel()
	var r recent[int]
	r.init(1024)
	form := apitoken.MustNew("desk", "test")
	kept := form.Mint().ID
	r.put(kept, 7)
	for range 20_000 {
		r.put(form.Mint().ID, 1)
		v, ok := r.get(kept)
		require.True(t, ok && v == 7, "what is asked for stays")
		n := 0
		for i := range r.parts {
			n += len(r.parts[i].new) + len(r.parts[i].old)
		}
		require.LessOrEqual(t, n, 1024+16)
	}
}
