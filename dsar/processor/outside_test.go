package processor_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/processor"
	"github.com/stretchr/testify/require"
)

func TestAnErasureTellsProcessorsAndPassesOnWhatTheySay(t *testing.T) {
	t.Parallel()
	ctx := inTenant(t)
	f := newFar(t, func(n int, key string, w http.ResponseWriter, _ *http.Request) {
		switch n {
		case 0: // nothing is certain
		case 1:
			says(w, key, "accepted")
		default:
			says(w, key, "done")
		}
	})
	set := setOf(t, hasty, f.webhook(t))
	all := set.Outside(map[string]string{"email": processor.Email, "": processor.CustomerID})
	require.Len(t, all, 1)
	require.Equal(t, "mail", all[0].Name())
	telling := dsar.Telling{Key: "r1/mail", Request: dsar.Request{Law: "eu-gdpr"}, Person: dsar.Person{Kind: "user", Key: []string{"7"}, Known: map[string][]string{"email": {address, "old@example.org"}, "phone": {"+49"}}}}
	for _, want := range []dsar.Confirmation{dsar.Unconfirmed, dsar.Accepted, dsar.Confirmed, dsar.Confirmed} {
		r, err := all[0].Erase(ctx, telling)
		require.NoError(t, err)
		require.Equal(t, want, r.State)
		silent(t, r)
	}
	ids, bodies := f.seen()
	require.Len(t, ids, 3)
	require.Equal(t, ids[0], ids[1], "one key")
	for _, want := range []string{address, "old@example.org", `"7"`, `"gdpr"`, processor.CustomerID} {
		require.Contains(t, bodies[0], want)
	}
	require.NotContains(t, bodies[0], "+49", "what is not named is not told")
	require.False(t, strings.Contains(bodies[2], "lovelace"), "what was accepted is asked about without personal data")
}
