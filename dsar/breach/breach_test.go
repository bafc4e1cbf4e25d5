package breach_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar/breach"
	"github.com/bailiwick-dev/bailiwick/dsar/breach/breachtest"
	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemoryKeepsTheContractOfAStore(t *testing.T) {
	t.Parallel()
	breachtest.Store(t, func(testing.TB) breach.Store { return breach.NewMemory(nil) }, func(testing.TB) tenancy.ID { return tenancy.NewID() })
}

// recorder keeps events, or fails.
type recorder struct {
	events []audit.Event
	err    error
}

func (r *recorder) Record(_ context.Context, e audit.Event) error {
	if r.err == nil {
		r.events = append(r.events, e)
	}
	return r.err
}

type house struct {
	*breach.Register
	ctx context.Context
	rec *recorder
	now time.Time
	st  *breach.Memory
}

var (
	start   = time.Date(2026, 3, 6, 17, 0, 0, 0, time.UTC) // a Friday
	officer = audit.Party{Type: "user", ID: "u1", Person: true}
)

func newHouse(t require.TestingT) *house {
	h := &house{ctx: tenancy.With(context.Background(), tenancy.NewID()), rec: &recorder{}, now: start}
	h.st = breach.NewMemory(func() time.Time { return h.now })
	var err error
	h.Register, err = breach.New(h.st, breach.Options{Recorder: h.rec, Calendar: deadline.Calendar{Zone: time.UTC}})
	require.NoError(t, err)
	return h
}

// add writes an entry of now, under the next key.
func (h *house) add(e breach.Entry) (breach.Breach, error) {
	e.Breach, e.At, e.By = "2026-004", h.now, officer
	if e.Key == "" {
		e.Key = fmt.Sprint("k", len(h.rec.events))
	}
	return h.Add(h.ctx, e)
}

func (h *house) open(t require.TestingT, laws ...string) {
	_, err := h.add(breach.Entry{Kind: breach.Opened, Aware: start, Facts: "Ann's backup was readable", Laws: laws})
	require.NoError(t, err)
}

func (h *house) duty(t require.TestingT, id string) breach.Duty {
	duties, _, err := h.Duties(h.ctx, "2026-004")
	require.NoError(t, err)
	for _, d := range duties {
		if d.Rule.ID == id {
			return d
		}
	}
	require.Fail(t, "no duty", id)
	return breach.Duty{}
}

func TestTheAuthorityIsOwedNoticeIn72HoursUnlessTheRiskIsUnlikely(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, "eu-gdpr")
	d := h.duty(t, "eu-gdpr-authority")
	require.Equal(t, breach.Owed, d.Status)
	require.Equal(t, start.Add(72*time.Hour), d.Due.Until, "over the weekend")
	require.Equal(t, "GDPR art. 33(1)", d.Due.Cite)
	require.Equal(t, breach.Owed, h.duty(t, "eu-gdpr-subjects").Status, "not assessed is as high as it can be")
	require.True(t, h.duty(t, "eu-gdpr-subjects").Due.IsZero(), "no figure is invented")

	_, err := h.add(breach.Entry{Kind: breach.Assessed, Risk: breach.Likely, Reason: "addresses only"})
	require.NoError(t, err)
	require.Equal(t, breach.Owed, h.duty(t, "eu-gdpr-authority").Status)
	require.Equal(t, breach.NotOwed, h.duty(t, "eu-gdpr-subjects").Status)
	_, err = h.add(breach.Entry{Kind: breach.Assessed, Risk: breach.Unlikely, Reason: "it was encrypted"})
	require.NoError(t, err)
	require.Equal(t, breach.NotOwed, h.duty(t, "eu-gdpr-authority").Status)
}

func TestWhatIsLateNeedsAReason(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, "gb-ukgdpr")
	h.now = start.Add(72*time.Hour - time.Microsecond)
	_, late, err := h.Duties(h.ctx, "2026-004")
	require.NoError(t, err)
	require.False(t, late)
	h.now = start.Add(72 * time.Hour)
	_, late, err = h.Duties(h.ctx, "2026-004")
	require.NoError(t, err)
	require.True(t, late)
	e := breach.Entry{Kind: breach.Notified, Law: "gb-ukgdpr", To: breach.Authority}
	_, err = h.add(e)
	require.ErrorIs(t, err, breach.ErrLate)
	e.Reason = "the office was closed"
	_, err = h.add(e)
	require.NoError(t, err)
	d := h.duty(t, "gb-ukgdpr-authority")
	require.Equal(t, breach.Met, d.Status)
	require.True(t, d.Overdue(h.now), "it stays late")
}

func TestInAustraliaASuspicionIsAssessedInThirtyDays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b, err := h.add(breach.Entry{Kind: breach.Opened, Suspected: start, Facts: "odd log-ins", Laws: []string{"au-ndb"}})
	require.NoError(t, err)
	require.Equal(t, breach.StateSuspected, b.State)
	require.Equal(t, "2026-04-05", h.duty(t, "au-ndb-assessment").Due.Day.String())
	require.Equal(t, breach.Waiting, h.duty(t, "au-ndb-authority").Status)
	h.now = start.AddDate(0, 0, 9)
	b, err = h.add(breach.Entry{Kind: breach.Confirmed, Aware: h.now})
	require.NoError(t, err)
	require.Equal(t, breach.StateOpen, b.State)
	require.Equal(t, breach.Owed, h.duty(t, "au-ndb-authority").Status)
	_, err = h.add(breach.Entry{Kind: breach.Assessed, Risk: breach.High, Reason: "passports"})
	require.NoError(t, err)
	require.Equal(t, breach.Met, h.duty(t, "au-ndb-assessment").Status)
}

func TestAwarenessMovesToAnEarlierTimeOnly(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, "eu-gdpr")
	h.now = start.Add(time.Hour)
	_, err := h.add(breach.Entry{Kind: breach.Confirmed, Aware: h.now})
	require.ErrorIs(t, err, breach.ErrEntry)
	_, err = h.add(breach.Entry{Kind: breach.Supplemented, Facts: "more", Aware: start.Add(-time.Hour)})
	require.ErrorIs(t, err, breach.ErrEntry)
	_, err = h.add(breach.Entry{Kind: breach.Confirmed, Aware: start.Add(-time.Hour)})
	require.NoError(t, err)
	require.Equal(t, start.Add(71*time.Hour), h.duty(t, "eu-gdpr-authority").Due.Until)
	_, err = h.add(breach.Entry{Kind: breach.Confirmed, Aware: h.now.Add(time.Second)})
	require.ErrorIs(t, err, breach.ErrEntry, "the future")
}

func TestAnEntryThatLacksSomethingIsToldWhat(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, "eu-gdpr")
	for what, e := range map[string]breach.Entry{
		"closed needs Reason":                  {Kind: breach.Closed},
		"notified needs Law, and Authority or": {Kind: breach.Notified, Law: "eu-gdpr"},
		"assessed needs Risk and Reason":       {Kind: breach.Assessed, Risk: breach.High},
		"no such kind":                         {Kind: "guessed"},
	} {
		_, err := h.add(e)
		require.ErrorIs(t, err, breach.ErrEntry)
		require.ErrorContains(t, err, what)
	}
}

func TestABreachClosesWhenNothingIsOwed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, "eu-gdpr")
	closing := breach.Entry{Kind: breach.Closed, Reason: "done"}
	for _, e := range []breach.Entry{
		{Kind: breach.Notified, Law: "eu-gdpr", To: breach.Authority, Reference: "DPC-1"},
		{Kind: breach.Excused, Law: "eu-gdpr", To: breach.Subjects, Reason: "art. 34(3)(a): encrypted"},
	} {
		_, err := h.add(closing)
		require.ErrorIs(t, err, breach.ErrOpen)
		_, err = h.add(e)
		require.NoError(t, err)
	}
	b, err := h.add(closing)
	require.NoError(t, err)
	require.Equal(t, breach.StateClosed, b.State)
	_, err = h.add(breach.Entry{Kind: breach.Supplemented, Facts: "more"})
	require.ErrorIs(t, err, breach.ErrEntry)
	b, err = h.add(breach.Entry{Kind: breach.Reopened, Reason: "the key was lost too"})
	require.NoError(t, err)
	require.Equal(t, breach.StateOpen, b.State)
}

func TestTheAuditLogHasEveryEntrysHashAndNoText(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, "eu-gdpr")
	b, err := h.Breach(h.ctx, "2026-004")
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("%x", b.Entries[0].Hash), h.rec.events[0].Data["hash"])
	require.NotContains(t, fmt.Sprintf("%+v", h.rec.events), "Ann")

	h.rec.err = errors.New("the disk is full")
	_, err = h.add(breach.Entry{Kind: breach.Supplemented, Facts: "more"})
	require.ErrorIs(t, err, h.rec.err)
	b, err = h.Breach(h.ctx, "2026-004")
	require.NoError(t, err)
	require.Len(t, b.Entries, 1, "what is not recorded is not written")
	_, err = breach.New(h.st, breach.Options{Calendar: deadline.Calendar{Zone: time.UTC}})
	require.Error(t, err, "there is no register without a recorder")
}

func TestTheSameEntryAgainChangesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, "eu-gdpr")
	e := breach.Entry{Key: "more", Kind: breach.Supplemented, Facts: "more"}
	first, err := h.add(e)
	require.NoError(t, err)
	again, err := h.add(e)
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Len(t, h.rec.events, 2)
	e.Facts = "other"
	_, err = h.add(e)
	require.ErrorIs(t, err, breach.ErrKey)
}

// tampered is a store whose entries somebody changed.
type tampered struct {
	breach.Store
	change func([]breach.Entry) []breach.Entry
}

func (s tampered) Entries(ctx context.Context, id breach.ID) ([]breach.Entry, error) {
	entries, err := s.Store.Entries(ctx, id)
	return s.change(entries), err
}

func TestAnEntryThatWasChangedIsFoundOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(t, "eu-gdpr")
	for _, facts := range []string{"two", "three"} {
		_, err := h.add(breach.Entry{Kind: breach.Supplemented, Facts: facts})
		require.NoError(t, err)
	}
	for name, change := range map[string]func([]breach.Entry) []breach.Entry{
		"a text":      func(e []breach.Entry) []breach.Entry { e[1].Facts = "2"; return e },
		"a time":      func(e []breach.Entry) []breach.Entry { e[0].Aware = e[0].Aware.Add(time.Hour); return e },
		"no time":     func(e []breach.Entry) []breach.Entry { e[2].At = e[2].At.AddDate(20000, 0, 0); return e },
		"one gone":    func(e []breach.Entry) []breach.Entry { return append(e[:1], e[2]) },
		"swapped":     func(e []breach.Entry) []breach.Entry { e[1], e[2] = e[2], e[1]; return e },
		"first gone":  func(e []breach.Entry) []breach.Entry { return e[1:] },
		"own rehash":  func(e []breach.Entry) []breach.Entry { e[1].Facts = "2"; e[1].Hash = e[1].Digest(); return e },
		"other's own": func(e []breach.Entry) []breach.Entry { e[2].Breach = "x"; e[2].Hash = e[2].Digest(); return e },
	} {
		r, err := breach.New(tampered{h.st, change}, breach.Options{Recorder: h.rec, Calendar: deadline.Calendar{Zone: time.UTC}})
		require.NoError(t, err)
		_, err = r.Breach(h.ctx, "2026-004")
		require.ErrorIs(t, err, breach.ErrTampered, name)
	}
}

func TestEveryRowThatShipsCompilesAndBadOnesDoNot(t *testing.T) {
	t.Parallel()
	newHouse(t)
	for name, spoil := range map[string]func(*breach.Rule){
		"no cite":   func(r *breach.Rule) { r.Cite = "" },
		"no source": func(r *breach.Rule) { r.Source = "" },
		"nobody":    func(r *breach.Rule) { r.To = "" },
		"no event":  func(r *breach.Rule) { r.From = "" },
		"no words":  func(r *breach.Rule) { r.Period, r.Words = deadline.Period{}, "" },
		"twice":     func(r *breach.Rule) { r.ID = breach.Rules()[1].ID },
	} {
		rules := breach.Rules()
		spoil(&rules[0])
		_, err := breach.New(breach.NewMemory(nil), breach.Options{Recorder: &recorder{}, Calendar: deadline.Calendar{Zone: time.UTC}, Rules: rules})
		require.ErrorIs(t, err, breach.ErrRule, name)
	}
}

// Whatever is tried, in whatever order: what was written stays, the chain holds, no awareness is later than one before it, and what is
// closed owes nothing.
func TestWhateverIsTriedTheRegisterOnlyGrows(t *testing.T) {
	t.Parallel()
	kinds := []breach.Kind{breach.Opened, breach.Supplemented, breach.Confirmed, breach.Assessed, breach.Notified, breach.Excused, breach.Closed, breach.Reopened, "other"}
	rapid.Check(t, func(r *rapid.T) {
		h := newHouse(r)
		var before breach.Breach
		for range rapid.IntRange(1, 25).Draw(r, "entries") {
			h.now = h.now.Add(time.Duration(rapid.IntRange(0, 40*60).Draw(r, "minutes")) * time.Minute)
			e := breach.Entry{Kind: rapid.SampledFrom(kinds).Draw(r, "kind"), Facts: "facts", Reason: rapid.SampledFrom([]string{"", "why"}).Draw(r, "reason"),
				Risk: breach.Risk(rapid.IntRange(0, 4).Draw(r, "risk")), Law: rapid.SampledFrom([]string{"", "eu-gdpr", "us-ca"}).Draw(r, "law"),
				To: rapid.SampledFrom([]breach.To{breach.Authority, breach.Subjects, breach.Assessors}).Draw(r, "to")}
			if rapid.Bool().Draw(r, "aware") {
				e.Aware = h.now.Add(-time.Duration(rapid.IntRange(-5, 500).Draw(r, "ago")) * time.Minute)
			}
			if e.Kind == breach.Opened {
				e.Suspected, e.Laws, e.Law = start, []string{"eu-gdpr", "au-ndb"}, ""
			}
			events := len(h.rec.events)
			after, err := h.add(e)
			if err != nil {
				require.Len(r, h.rec.events, events)
				continue
			}
			require.Len(r, after.Entries, len(before.Entries)+1)
			for i := range before.Entries {
				require.Equal(r, before.Entries[i], after.Entries[i])
			}
			require.True(r, before.Aware.IsZero() || !after.Aware.After(before.Aware))
			stored, err := h.Breach(h.ctx, "2026-004")
			require.NoError(r, err)
			require.Equal(r, after, stored)
			duties, _, err := h.Duties(h.ctx, "2026-004")
			require.NoError(r, err)
			for _, d := range duties {
				require.False(r, after.State == breach.StateClosed && d.Status == breach.Owed, d.Rule.ID)
			}
			before = after
		}
	})
}

func Example() {
	ctx := tenancy.With(context.Background(), tenancy.NewID())
	aware := time.Date(2026, 3, 6, 17, 0, 0, 0, time.UTC)
	store := breach.NewMemory(func() time.Time { return aware.Add(time.Hour) })
	register, err := breach.New(store, breach.Options{Recorder: &recorder{}, Calendar: deadline.Calendar{Zone: time.UTC}})
	if err != nil {
		panic(err)
	}
	_, err = register.Add(ctx, breach.Entry{Breach: "2026-004", Key: "open", Kind: breach.Opened, At: aware, By: audit.Party{Type: "user", ID: "dpo", Person: true},
		Aware: aware, Laws: []string{"eu-gdpr"}, Facts: "a backup was readable to anyone"})
	if err != nil {
		panic(err)
	}
	duties, late, err := register.Duties(ctx, "2026-004")
	if err != nil {
		panic(err)
	}
	for _, d := range duties {
		by := d.Rule.Words
		if !d.Due.IsZero() {
			by = d.Due.Until.Format("Mon 15:04")
		}
		fmt.Printf("%s, %s: %s (%s)\n", d.Rule.To, d.Status, by, d.Rule.Cite)
	}
	fmt.Println("late:", late)
	// Output:
	// authority, owed: Mon 17:00 (GDPR art. 33(1))
	// subjects, owed: without undue delay (GDPR art. 34(1))
	// late: false
}

func TestTheRegisterListsItsBreaches(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ids, err := h.List(h.ctx, "", 10)
	require.NoError(t, err)
	require.Empty(t, ids)
	h.open(t, "eu-gdpr")
	ids, err = h.List(h.ctx, "", 10)
	require.NoError(t, err)
	require.Equal(t, []breach.ID{"2026-004"}, ids)
	ids, err = h.List(h.ctx, "2026-004", 10)
	require.NoError(t, err)
	require.Empty(t, ids, "it begins after that one")
}
