package redact

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The examples are those that the authorities and standards print.
func TestFurtherStatesNumbersPassTheirCheckAndFailWithAnotherDigit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		number string
		passes func([]byte) bool
	}{
		{"039337423", ilID}, {"111111110", huTAJ}, {"049098576", nzIRD}, {"1201743399", isKennitala}, {"1237010180", atSVNR},
		{"1759013776", uaRNOKPP}, {"1234567894", ruINN}, {"123456789047", ruINN}, {"1714307103", ecCedula}, {"11223344595", ruSNILS},
		{"16117519997", lvPersonasKods}, {"33392005961", hybrid1110}, {"00113918205", luhn},
	} {
		d := make([]byte, len(c.number))
		for i := range c.number {
			d[i] = c.number[i] - '0'
		}
		require.True(t, c.passes(d), c.number)
		fit := 0
		for k := range byte(10) {
			d[1] = k
			if c.passes(d) {
				fit++
			}
		}
		require.LessOrEqual(t, fit, 2, c.number)
	}
}
