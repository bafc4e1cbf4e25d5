package consentsql

import (
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/stretchr/testify/require"
)

// What is read of a row is what would be written of it, byte for byte, and of anything else nothing.
func FuzzWhatAnEntrySaysIsReadAsItWasWritten(f *testing.F) {
	for _, e := range []consent.Entry{{Method: consent.Accepted, At: micro(1)}, {Method: 255, Granted: 65535, Denied: 65535, OptOut: true, Signal: true, Policy: 65535,
		At: micro(-1), Expires: micro(0), Given: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), Place: "Zürich", Regimes: `"<\>`}} {
		f.Add(saidOf(nil, &e, linesOf(&e)))
	}
	for _, s := range []string{"", "[", "[1", "[1,0,0,0,0,1,1,null,null,", `[256,0,0,0,0,1,1,null,null,"",""]`, `[1,65536,0,0,0,1,1,null,null,"",""]`, `[1,0,0,2,0,1,1,null,null,"",""]`,
		`[01,0,0,0,0,1,-0,null,null,"",""]`, `[1,0,0,0,0,1,null,null,null,"",""]`, `[1,0,0,0,0,1,99999999999999999999,null,null,"",""]`, `[-1,0,0,0,0,1,1,null,null,"",""]`,
		`[1,0,0,0,0,1,1,null,null,"","",1]`, `[1,0,0,0,0,1,1,null,null,1,""]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var e consent.Entry
		tail, ok := parseSaid(&e, b)
		if !ok {
			return
		}
		require.Equal(t, string(b), string(saidOf(nil, &e, tail)))
		if lines, ok := parseLines(tail); ok {
			e.Place, e.Regimes = lines[0], lines[1]
			again, ok := parseLines(linesOf(&e))
			require.True(t, ok)
			require.Equal(t, lines, again)
		}
	})
}
