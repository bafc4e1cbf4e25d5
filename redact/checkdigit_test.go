package redact

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// checked are the schemes that promise to notice every single wrong digit.
var checked = map[string]func([]byte) bool{
	"Luhn": luhn, "Verhoeff": verhoeff, "MOD 11,10": hybrid1110,
}

func TestACheckDigitNoticesEverySingleWrongDigit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"Luhn", "Verhoeff", "MOD 11,10"}).Draw(t, "scheme")
		passes := checked[name]
		d := rapid.SliceOfN(rapid.ByteRange(0, 9), 4, 18).Draw(t, "digits")
		good := 0
		for c := range byte(10) {
			d[len(d)-1] = c
			if passes(d) {
				good++
			}
		}
		require.Equal(t, 1, good, "one check digit fits")
		for !passes(d) {
			d[len(d)-1] = (d[len(d)-1] + 1) % 10
		}
		i := rapid.IntRange(0, len(d)-1).Draw(t, "place")
		d[i] = (d[i] + rapid.ByteRange(1, 9).Draw(t, "error")) % 10
		require.False(t, passes(d))
	})
}

func TestVerhoeffNoticesNeighboursThatChangePlaces(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SliceOfN(rapid.ByteRange(0, 9), 4, 18).Draw(t, "digits")
		for !verhoeff(d) {
			d[len(d)-1] = (d[len(d)-1] + 1) % 10
		}
		i := rapid.IntRange(0, len(d)-2).Draw(t, "place")
		same := d[i] == d[i+1]
		d[i], d[i+1] = d[i+1], d[i]
		require.Equal(t, same, verhoeff(d))
	})
}

func TestAnIBANNoticesWrongCharactersAndSwaps(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := []byte("GB00ABCD" + rapid.StringMatching(`[0-9]{14}`).Draw(t, "account"))
		for b[2], b[3] = '0', '2'; !mod97(0, append(slices.Clone(b[4:]), b[:4]...)); {
			if b[3]++; b[3] > '9' {
				b[2], b[3] = b[2]+1, '0'
			}
		}
		end, ok := ibanAt(b, 0)
		require.True(t, ok)
		require.Equal(t, len(b), end)
		i := rapid.IntRange(8, len(b)-1).Draw(t, "place")
		b[i] = '0' + (b[i]-'0'+rapid.ByteRange(1, 9).Draw(t, "error"))%10
		_, ok = ibanAt(b, 0)
		require.False(t, ok)
	})
}
