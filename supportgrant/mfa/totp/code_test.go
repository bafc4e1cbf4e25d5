package totp

import (
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/stretchr/testify/require"
)

var rfcSecret = []byte("12345678901234567890")

// Steps 50424280 and 50424281 of this secret have one code. Were it taken for the earlier step, it would be good once more.
func TestACodeOfTwoStepsUsesUpBoth(t *testing.T) {
	t.Parallel()
	c, ok := parse([]byte("070562"))
	require.True(t, ok)
	for _, step := range []int64{50424280, 50424281} {
		got, ok := match(rfcSecret, c, time.Unix(step*period, 0))
		require.True(t, ok)
		require.EqualValues(t, 50424281, got)
	}
}

func TestARightCodeAndAWrongOneAllocateTheSame(t *testing.T) {
	now := time.Unix(1234567890, 0)
	right, _ := parse([]byte("005924"))
	early, _ := parse([]byte("980357"))
	wrong, _ := parse([]byte("000000"))
	of := func(c code) float64 { return testing.AllocsPerRun(100, func() { match(rfcSecret, c, now) }) }
	require.Equal(t, of(right), of(wrong))
	require.Equal(t, of(right), of(early))
}

func TestASecretsNameIsItsOwnAndSaysNothing(t *testing.T) {
	t.Parallel()
	name := Authenticator(redact.NewSecret(rfcSecret))
	require.Equal(t, "cabd70aa21248922bc3e754eee4ff600", name)
	require.NotEqual(t, name, Authenticator(NewSecret()))
	require.NotEqual(t, Authenticator(NewSecret()), Authenticator(NewSecret()))
}

func BenchmarkMatch(b *testing.B) {
	now := time.Unix(1234567890, 0)
	for name, digits := range map[string]string{"right": "005924", "early": "980357", "wrong": "000000"} {
		c, _ := parse([]byte(digits))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				match(rfcSecret, c, now)
			}
		})
	}
}
