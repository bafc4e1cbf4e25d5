package vault

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestAPasswordHasItsLengthAndOneOfEachSet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(32, 200).Draw(t, "n")
		sets := rapid.SliceOfN(rapid.Map(rapid.StringMatching(`[!-~]{1,30}`), func(s string) Charset { return Charset(s) }), 0, 8).Draw(t, "sets")
		alphabet := Lowercase + Uppercase + Digits
		if len(sets) > 0 {
			alphabet = ""
			for _, s := range sets {
				alphabet += s
			}
		}
		p, err := NewPassword(n, sets...)
		kinds := map[rune]bool{}
		for _, c := range alphabet {
			kinds[c] = true
		}
		if float64(n)*math.Log2(float64(len(kinds))) < 128 {
			require.ErrorIs(t, err, ErrPassword)
			return
		}
		require.NoError(t, err)
		require.Len(t, p.Reveal(), n)
		require.Empty(t, strings.Trim(p.Reveal(), string(alphabet)))
		for _, s := range sets {
			require.True(t, strings.ContainsAny(p.Reveal(), string(s)))
		}
		require.NotContains(t, fmt.Sprintf("%v %+v %#v %s", p, &p, []any{p}, p), p.Reveal())
	})
}

func TestAPasswordThatWouldBeWeakIsNotMade(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n    int
		sets []Charset
		made bool
	}{
		{32, nil, true}, {1024, nil, true}, {31, nil, false}, {1025, nil, false}, {0, nil, false}, {-1, nil, false}, {math.MaxInt, nil, false},
		{32, []Charset{"0123456789abcdef"}, true}, {32, []Charset{"0123456789abcde"}, false}, {38, []Charset{Digits}, false}, {39, []Charset{Digits}, true},
		{32, []Charset{"aaaaaaaaaaaaaaaa"}, false}, {64, []Charset{"a"}, false}, {127, []Charset{"ab"}, false}, {128, []Charset{"ab"}, true},
		{32, []Charset{Lowercase, ""}, false}, {32, []Charset{Lowercase + " "}, false}, {32, []Charset{Lowercase + "\n"}, false}, {32, []Charset{Lowercase + "\x00"}, false},
		{32, []Charset{Lowercase + "é"}, false}, {32, []Charset{Lowercase + "\x7f"}, false}, {32, []Charset{Lowercase, "!", "#", "%", "+", "=", "?", "@"}, true},
		{32, []Charset{Lowercase, "!", "#", "%", "+", "=", "?", "@", "_"}, false},
	} {
		p, err := NewPassword(c.n, c.sets...)
		if c.made {
			require.NoError(t, err, c)
			require.Len(t, p.Reveal(), c.n)
			continue
		}
		require.ErrorIs(t, err, ErrPassword, c)
		require.True(t, p.IsZero())
	}
}

// chiSquare fails if counts are further from equal than happens once in 10^12 times.
func chiSquare(t *testing.T, counts []int, about ...any) {
	t.Helper()
	total := 0
	for _, n := range counts {
		total += n
	}
	want, x := float64(total)/float64(len(counts)), 0.0
	for _, n := range counts {
		x += (float64(n) - want) * (float64(n) - want) / want
	}
	k := float64(len(counts) - 1)
	z := (math.Cbrt(x/k) - (1 - 2/(9*k))) / math.Sqrt(2/(9*k)) // Wilson and Hilferty: normal
	require.Less(t, z, 7.1, about...)
}

// A million characters of the usual size, fewer of others: a modulo would show at once for all that do not divide 256.
func TestNoCharacterOfAPasswordIsLikelierThanAnother(t *testing.T) {
	t.Parallel()
	all := ""
	for c := '!'; c <= '~'; c++ {
		all += string(c)
	}
	for k, passwords := range map[int]int{62: 1000, 10: 100, 26: 100, 66: 100, 85: 100, 94: 100} {
		counts := make([]int, k)
		for range passwords {
			p, err := NewPassword(1000, Charset(all[:k]))
			require.NoError(t, err)
			for _, c := range p.Reveal() {
				counts[c-'!']++
			}
		}
		chiSquare(t, counts, k, " characters")
	}
}

// The default sets, at every place: putting the digit that is missing somewhere would show at that place.
func TestNoPlaceOfAPasswordIsDifferent(t *testing.T) {
	t.Parallel()
	var digits, upper [32]int
	for range 20_000 {
		p, err := NewPassword(32)
		require.NoError(t, err)
		for i, c := range p.Reveal() {
			switch {
			case c <= '9':
				digits[i]++
			case c <= 'Z':
				upper[i]++
			}
		}
	}
	chiSquare(t, digits[:], "digits")
	chiSquare(t, upper[:], "capitals")
}

func TestNoTwoPasswordsAreTheSame(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 2_000 {
		p, err := NewPassword(32)
		require.NoError(t, err)
		require.False(t, seen[p.Reveal()[:16]])
		seen[p.Reveal()[:16]] = true
	}
}

// Passwords that have one of each set are counted by inclusion and exclusion.
func TestTheEntropyOfAPasswordIsWhatItSays(t *testing.T) {
	t.Parallel()
	sets := []int{len(Lowercase), len(Uppercase), len(Digits)}
	count := new(big.Int)
	for without := range 1 << len(sets) {
		k, sign := 0, int64(1)
		for i, size := range sets {
			if without>>i&1 == 0 {
				k += size
			} else {
				sign = -sign
			}
		}
		term := new(big.Int).Exp(big.NewInt(int64(k)), big.NewInt(32), nil)
		count.Add(count, term.Mul(term, big.NewInt(sign)))
	}
	mantissa := new(big.Float)
	bits := float64(new(big.Float).SetInt(count).MantExp(mantissa))
	m, _ := mantissa.Float64()
	bits += math.Log2(m)
	require.GreaterOrEqual(t, bits, 190.0)
	require.InDelta(t, 32*math.Log2(62), bits, 0.01)
}
