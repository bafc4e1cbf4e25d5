package supportgrant

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func sample() Intent {
	return Intent{Grant: uuid.MustParse("0190d3a5-7f2e-7c3a-9d41-0a1b2c3d4e5f"), Tenant: tenancy.MustParseID("acme"), Staff: "sam", Approver: "olga",
		Ticket: "T-17", Reason: "Posts do not show up", Scope: ScopeOf(Posts, Account), Life: time.Hour, Nonce: [32]byte{1, 2, 3}}
}

// A digest that was signed once must be computed again in ten years. This one was computed by another program, from the description.
func TestTheDigestOfAnIntentNeverChanges(t *testing.T) {
	t.Parallel()
	i := sample()
	d := i.Digest()
	require.Equal(t, "11ae06d942626bea9b176ca7ece976fa32c63893cc42056770870e6510eb4e41", hex.EncodeToString(d[:]))
	i.Scope = ScopeOf(Account, Posts)
	require.Equal(t, d, i.Digest())
}

func TestAnythingElseThatIsShownHasAnotherDigest(t *testing.T) {
	t.Parallel()
	seen := map[[32]byte]string{}
	for name, change := range map[string]func(*Intent){
		"nothing":      func(*Intent) {},
		"grant":        func(i *Intent) { i.Grant[15]++ },
		"tenant":       func(i *Intent) { i.Tenant = tenancy.MustParseID("acme2") },
		"staff":        func(i *Intent) { i.Staff = "sue" },
		"approver":     func(i *Intent) { i.Approver = "otto" },
		"ticket":       func(i *Intent) { i.Ticket = "T-18" },
		"reason":       func(i *Intent) { i.Reason += " " },
		"scope more":   func(i *Intent) { i.Scope = ScopeOf(Posts, Account, Analytics) },
		"scope less":   func(i *Intent) { i.Scope = ScopeOf(Posts) },
		"no scope":     func(i *Intent) { i.Scope = Scope{} },
		"life":         func(i *Intent) { i.Life++ },
		"care":         func(i *Intent) { i.Care = true },
		"nonce":        func(i *Intent) { i.Nonce[31]++ },
		"moved border": func(i *Intent) { i.Staff, i.Approver = "samo", "lga" },
		"swapped":      func(i *Intent) { i.Staff, i.Approver = i.Approver, i.Staff },
		"ticket moved": func(i *Intent) { i.Ticket, i.Reason = i.Ticket+"P", i.Reason[1:] },
	} {
		i := sample()
		change(&i)
		d := i.Digest()
		require.Empty(t, seen[d], "%s and %s", seen[d], name)
		seen[d] = name
	}
}

func TestTwoIntentsHaveOneDigestOnlyIfTheyAreOne(t *testing.T) {
	t.Parallel()
	short := rapid.StringOfN(rapid.RuneFrom([]rune("ab\x00")), 0, 3, -1)
	draw := rapid.Custom(func(t *rapid.T) Intent {
		i := Intent{Staff: Person(short.Draw(t, "staff")), Approver: Person(short.Draw(t, "approver")), Ticket: short.Draw(t, "ticket"), Reason: short.Draw(t, "reason"),
			Life: time.Duration(rapid.IntRange(0, 2).Draw(t, "life")), Care: rapid.Bool().Draw(t, "care")}
		i.Scope.mask = uint64(rapid.IntRange(0, 31).Draw(t, "scope"))
		return i
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw.Draw(t, "a"), draw.Draw(t, "b")
		if (a == b) != (a.Digest() == b.Digest()) {
			t.Fatalf("%v and %v", a, b)
		}
	})
}
