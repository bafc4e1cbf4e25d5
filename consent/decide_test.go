package consent

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// history is five policies: 1; 2, material; 4, editorial, with a category more; 5, material and not in force at noon.
func history() []Policy {
	video := func(version uint16, material bool, from time.Time) Policy {
		p := shop(version, material, from)
		p.Categories = append(p.Categories, CategoryText{FirstOwn + 1, "video", en("Video")})
		p.Purposes = append(p.Purposes, Purpose{Key: "video", Category: FirstOwn + 1, Share: true, Text: en("Video")})
		return p
	}
	return []Policy{shop(1, true, day1), shop(2, true, day1.Add(time.Hour)), video(4, false, day1.Add(2*time.Hour)), video(5, true, noon.Add(time.Hour))}
}

var words = []string{"essential", "functional", "analytics", "marketing", "replay", "video", "6"}

func plain(ps []Policy) (out []oraclePolicy) {
	for _, p := range ps {
		o := oraclePolicy{version: int(p.Version), inForce: p.Effective, material: p.Material, lastsDays: 180}
		for _, q := range p.Purposes {
			o.asks = append(o.asks, words[q.Category])
			if q.Sale || q.Share || q.TargetedAds {
				o.ads = append(o.ads, words[q.Category])
			}
		}
		out = append(out, o)
	}
	return out
}

func inWords(s Set) (out []string) {
	for i, w := range words {
		if s&(1<<i) != 0 {
			out = append(out, w)
		}
	}
	return out
}

var (
	ann, bob = UserTag{1}, UserTag{2}
	tagNames = map[UserTag]string{{}: "", ann: "ann", bob: "bob"}
)

// Every combination of what Decide looks at, beside the rules written as text; under the race detector, which makes it take minutes, one in 23.
func TestDecideIsTheRulesAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	ps := history()
	r := registry(t, ps...)
	policies := plain(ps)
	all := []bool{false, true}
	granted := []Set{0, Of(Functional, Marketing), Of(Analytics, 5), Of(0, 1, 2, 3, 4, 5, 6)}
	denied := []Set{0, Of(Analytics), Of(Marketing, Functional), Of(0, 1, 2, 3, 4, 5, 6)}
	ages := []time.Duration{0, -5 * time.Minute, -5*time.Minute - time.Second, 180*24*time.Hour - time.Second, 180 * 24 * time.Hour, 100 * 365 * 24 * time.Hour}
	nows := []time.Time{noon, day1.Add(-time.Second), time.Unix(-1, 0), noon.Add(time.Hour)}
	n, step := 0, 1
	if raceDetector() {
		step = 23
	}
	var reasons [DeniedUnknown + 1]bool
	for _, now := range nows {
		for _, gpc := range all {
			for _, user := range []UserTag{{}, ann, bob} {
				for _, by := range []UserTag{{}, ann} {
					for _, version := range []uint16{0, 1, 2, 3, 4, 5, 6} {
						for _, yes := range granted {
							for _, age := range ages {
								for _, no := range denied {
									for flags := range 16 {
										if n++; n%step != 0 {
											continue
										}
										optOut, confirmed, accountOut := flags&1 != 0, flags&2 != 0, flags&4 != 0
										unknown := flags&8 != 0 && flags&3 != 3
										d := Decide(r, Signals{gpc, user, now}, Stored{
											Choice{Granted: yes, Policy: version, At: now.Add(-age), OptOut: optOut, Confirmed: confirmed, User: by},
											Account{no, accountOut, unknown}})
										o := oracleCase{policies, now, gpc, tagNames[user], version != 0, inWords(yes), int(version), now.Add(-age),
											tagNames[by], optOut, confirmed, inWords(no), accountOut, unknown}
										for c := Category(0); c < 7; c++ {
											want, says := o.verdict(words[c])
											got := d.Why(c)
											if got != want || d.Allows(c) != want.Allowed() || d.Allowed().Has(c) != want.Allowed() {
												t.Fatalf("%s: %v (allowed %v), but %s\n%+v", words[c], got, d.Allows(c), says, o)
											}
											reasons[got] = true
										}
									}
								}
							}
						}
					}
				}
			}
		}
	}
	require.Greater(t, n, 250_000)
	for r := AllowedEssential; r <= DeniedUnknown; r++ {
		require.True(t, reasons[r] || step > 1, "no case came to %v", r)
	}
}

// Whatever is stored and sent, nothing is allowed but what the stored mask grants, and what is stored next grants no more.
func FuzzDecideGrantsNoMoreThanTheStoredMask(f *testing.F) {
	r := registry(f, history()...)
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 1000 { // so that a plain run tries some, too
		b := make([]byte, 64)
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		b = append(b, make([]byte, 64)...)
		u16 := func(i int) uint16 { return binary.LittleEndian.Uint16(b[i:]) }
		c := Choice{Granted: Set(u16(0)), Policy: u16(2) % 8, At: time.Unix(int64(binary.LittleEndian.Uint64(b[4:])), 0),
			OptOut: b[12]&1 != 0, Confirmed: b[12]&2 != 0, User: UserTag(b[16:24])}
		sig := Signals{GPC: b[12]&4 != 0, User: UserTag(b[24:32]), Now: time.Unix(int64(binary.LittleEndian.Uint64(b[32:])), 0)}
		if b[12]&8 != 0 {
			sig.User, sig.Now, c.At = c.User, noon, noon.Add(-time.Hour)
		}
		s := Stored{c, Account{Set(u16(40)), b[12]&16 != 0, b[12]&32 != 0}}
		d := Decide(r, sig, s)
		if more := d.Allowed() &^ (c.Granted | Of(Essential)); more != 0 {
			t.Fatalf("allows %016b beyond what was granted", more)
		}
		if more := d.Allowed() & (s.Account.Denied &^ Of(Essential)); more != 0 {
			t.Fatalf("allows %016b that the account denies", more)
		}
		next, changed := d.next(c)
		if next.Granted&^c.Granted != 0 || c.OptOut && !next.OptOut || next.Confirmed && !c.Confirmed {
			t.Fatal("what is stored next grants more")
		}
		if changed == (next == c) {
			t.Fatal("changed, and yet the same, or the reverse")
		}
		s.Choice = next
		again := Decide(r, sig, s)
		if again.Allowed() != d.Allowed() {
			t.Fatal("what is stored next decides otherwise for the same request")
		}
		if _, changed := again.next(next); changed {
			t.Fatal("what is stored changes with each request")
		}
	})
}

func yes(cs ...Category) Choice {
	return Choice{Granted: Of(cs...), Policy: 1, At: noon.Add(-time.Hour)}
}

func TestASignalBeatsAnEarlierYesInTheSameRequestAndKeepsTheRest(t *testing.T) {
	t.Parallel()
	r := registry(t)
	c := yes(Functional, Analytics, Marketing, replay)
	d := Decide(r, Signals{Now: noon}, Stored{Choice: c})
	require.True(t, d.Allows(Marketing))
	d = Decide(r, Signals{GPC: true, Now: noon}, Stored{Choice: c})
	require.Equal(t, Of(Essential, Functional, Analytics, replay), d.Allowed())
	require.Equal(t, DeniedSignal, d.Why(Marketing))
	present, honoured := d.Signal()
	require.True(t, present && honoured)
	// Its absence later is no new yes.
	c, changed := d.next(c)
	require.True(t, changed)
	d = Decide(r, Signals{Now: noon}, Stored{Choice: c})
	require.Equal(t, DeniedOptOut, d.Why(Marketing))
	require.Zero(t, d.Open(), "and nobody is asked again")
}

func TestAConfirmationIsForOneUserOnePolicyAndTheSignalItWasGivenUnder(t *testing.T) {
	t.Parallel()
	r := registry(t, history()[:3]...)
	c := Choice{Granted: Of(Marketing, Analytics), Policy: 4, At: noon.Add(-time.Hour), Confirmed: true, User: ann}
	gpc := Signals{GPC: true, User: ann, Now: noon}
	d := Decide(r, gpc, Stored{Choice: c})
	require.Equal(t, AllowedConfirmed, d.Why(Marketing))
	require.Equal(t, AllowedChoice, d.Why(Analytics))
	present, honoured := d.Signal()
	require.True(t, present && !honoured)
	_, changed := d.next(c)
	require.False(t, changed)

	for name, sig := range map[string]Signals{
		"nobody is known": {GPC: true, Now: noon}, "another user is known": {GPC: true, User: bob, Now: noon}} {
		d := Decide(r, sig, Stored{Choice: c})
		require.Equal(t, DeniedSignal, d.Why(Marketing), name)
		_, changed := d.next(c)
		require.False(t, changed, "%s: it is still the user's who gave it", name)
	}

	// The signal goes, and comes again.
	off := gpc
	off.GPC = false
	d = Decide(r, off, Stored{Choice: c})
	require.Equal(t, AllowedChoice, d.Why(Marketing))
	after, changed := d.next(c)
	require.True(t, changed)
	d = Decide(r, gpc, Stored{Choice: after})
	require.Equal(t, DeniedSignal, d.Why(Marketing))
	after, changed = d.next(after)
	require.True(t, changed)
	require.Equal(t, Of(Analytics), after.Granted)

	// A policy with other words only: the yes counts, the confirmation does not.
	c.Policy = 2
	d = Decide(r, gpc, Stored{Choice: c})
	require.Equal(t, DeniedSignal, d.Why(Marketing))
	require.Equal(t, AllowedChoice, d.Why(Analytics))
	after, changed = d.next(c)
	require.True(t, changed)
	require.False(t, after.Confirmed)
	require.True(t, after.OptOut)
}

func TestASignalAloneLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	d := Decide(registry(t), Signals{GPC: true, Now: noon}, Stored{})
	c, changed := d.next(Choice{})
	require.False(t, changed)
	require.Zero(t, c)
}

func TestAnAccountThatOptedOutStaysSoInABrowserWithoutTheSignal(t *testing.T) {
	t.Parallel()
	d := Decide(registry(t), Signals{User: ann, Now: noon}, Stored{yes(Functional, Marketing), Account{OptOut: true}})
	require.Equal(t, DeniedAccount, d.Why(Marketing))
	require.True(t, d.Allows(Functional))
}

func TestWhoIsAsked(t *testing.T) {
	t.Parallel()
	r := registry(t, history()[:3]...)
	every := Of(Functional, Analytics, Marketing, replay, FirstOwn+1)
	old := func(version uint16, granted ...Category) Choice {
		return Choice{Granted: Of(granted...), Policy: version, At: noon.Add(-time.Hour)}
	}
	expired := old(4, Functional)
	expired.At = noon.Add(-180 * 24 * time.Hour)
	refusal := old(4)
	refusal.At = expired.At
	for name, c := range map[string]struct {
		sig    Signals
		stored Stored
		want   Set
	}{
		"no choice":                     {Signals{}, Stored{}, every},
		"a choice":                      {Signals{}, Stored{Choice: old(4)}, 0},
		"no choice, but a signal":       {Signals{GPC: true}, Stored{}, Of(Functional, Analytics, replay)},
		"an editorial policy":           {Signals{}, Stored{Choice: old(2, Functional)}, Of(FirstOwn + 1)},
		"a yes to an old policy":        {Signals{}, Stored{Choice: old(1, Functional)}, Of(Functional, FirstOwn+1)},
		"a no to an old policy is kept": {Signals{}, Stored{Choice: old(1)}, Of(FirstOwn + 1)},
		"an unknown policy":             {Signals{}, Stored{Choice: old(3, Functional)}, every},
		"expired":                       {Signals{}, Stored{Choice: expired}, every},
		"an expired no":                 {Signals{}, Stored{Choice: refusal}, every},
		"the account said no":           {Signals{}, Stored{Account: Account{Denied: Of(Functional), OptOut: true}}, Of(Analytics, replay)},
	} {
		c.sig.Now = noon
		d := Decide(r, c.sig, c.stored)
		require.Equal(t, slices.Collect(c.want.All()), slices.Collect(d.Open().All()), name)
	}
	require.Zero(t, Decide(nil, Signals{Now: noon}, Stored{}).Open())
}

func TestWhereNothingWasDecidedOnlyTheEssentialIsAllowed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, d := range []Decision{{}, From(ctx), Decide(nil, Signals{Now: noon}, Stored{Choice: yes(Marketing)})} {
		require.Equal(t, Of(Essential), d.Allowed())
		require.True(t, d.Allows(Essential))
		require.Equal(t, AllowedEssential, d.Why(Essential))
		for c := Functional; c < 20; c++ {
			require.False(t, d.Allows(c))
			require.Equal(t, DeniedUndeclared, d.Why(c))
		}
		require.False(t, d.AllowsPurpose("login"))
		require.Zero(t, d.Version())
	}
	require.True(t, Allow(ctx, Essential))
	require.False(t, Allow(ctx, Functional))
	require.False(t, AllowPurpose(ctx, "login"))

	ctx = With(ctx, Decide(registry(t), Signals{Now: noon}, Stored{Choice: yes(Analytics)}))
	require.True(t, Allow(ctx, Essential))
	require.True(t, Allow(ctx, Analytics))
	require.False(t, Allow(ctx, Marketing))
	require.False(t, Allow(ctx, 200))
	require.True(t, AllowPurpose(ctx, "visits"))
	require.True(t, AllowPurpose(ctx, "login"))
	require.False(t, AllowPurpose(ctx, "ads"))
	require.False(t, AllowPurpose(ctx, "no such purpose"))
	require.EqualValues(t, 1, From(ctx).Version())
	require.Equal(t, AllowedChoice, From(ctx).Why(Analytics))
}

func TestReasonsHaveWords(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for r := AllowedEssential; r <= DeniedUnknown; r++ {
		s := r.String()
		require.Equal(t, r.Allowed(), len(s) > 8 && s[:8] == "allowed:", s)
		require.False(t, seen[s])
		seen[s] = true
	}
	require.False(t, Reason(0).Allowed())
	require.Equal(t, "consent.Reason(99)", Reason(99).String())
}

func TestDecidingAllocatesNothing(t *testing.T) {
	r := registry(t, history()...)
	s := Stored{Choice: yes(Analytics)}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		d := Decide(r, Signals{GPC: true, Now: noon}, s)
		if d.Why(Marketing) != DeniedSignal {
			panic("not denied")
		}
	}))
}
