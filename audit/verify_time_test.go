package audit_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/audittest"
	"github.com/stretchr/testify/require"
)

func TestAnEventThatIsDatedBackOrAheadIsShown(t *testing.T) {
	t.Parallel()
	signed := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	for _, x := range []struct {
		at    time.Time
		found bool
	}{
		{signed.Add(-audit.TimeSlack - time.Microsecond), true},
		{signed.Add(-audit.TimeSlack), false},
		{signed, false},
		{signed.Add(10*time.Second + audit.TimeSlack), false},
		{signed.Add(10*time.Second + audit.TimeSlack + time.Microsecond), true},
		{signed.AddDate(-1, 0, 0), true},
		{signed.AddDate(1, 0, 0), true},
	} {
		h := audittest.NewHistory(1, audittest.Plan{Events: 10})
		const before = len(`{"v":1,"tenant":"acme","id":"01234567-0123-0123-0123-012345678901","time":"`)
		for i := range h.Leaves {
			at := signed
			if i == 7 {
				at = x.at
			}
			h.Leaves[i] = bytes.Clone(h.Leaves[i])
			copy(h.Leaves[i][before:], at.Format("2006-01-02T15:04:05.000000Z"))
		}
		h.Rehash()
		h.Checkpoints = nil
		h.Sign(h.Signer(), 5, signed)
		h.Sign(h.Signer(), 10, signed.Add(10*time.Second))
		p := h.Policy
		p.Trusted = [][]byte{h.Checkpoints[1].Note}
		r := verify(t, h.Bundle(), p)
		require.Equal(t, audit.OK, r.Verdict, "it may have been recorded late: %s", r)
		if !x.found {
			require.Empty(t, r.Findings, fmt.Sprint(x.at))
			continue
		}
		require.Equal(t, map[string]int{audit.RuleTime: 1}, r.Count, fmt.Sprint(x.at))
		require.Equal(t, audit.Info, r.Findings[0].Severity)
		require.EqualValues(t, 7, r.Findings[0].Seq)
		require.EqualValues(t, 8, r.Findings[0].To)
	}
}
