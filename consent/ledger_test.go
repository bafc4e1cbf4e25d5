package consent

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// A recorded store counts, and fails when it is told to.
type recorded struct {
	*Memory
	mu    sync.Mutex
	fails error
}

func (s *recorded) set(err error) { s.mu.Lock(); s.fails = err; s.mu.Unlock() }
func (s *recorded) err() error    { s.mu.Lock(); defer s.mu.Unlock(); return s.fails }

func (s *recorded) Tx(ctx context.Context, f func(ctx context.Context) error) error {
	if err := s.err(); err != nil {
		return err
	}
	return s.Memory.Tx(ctx, f)
}

func (s *recorded) State(ctx context.Context, who Who) (State, error) {
	if err := s.err(); err != nil {
		return State{}, err
	}
	return s.Memory.State(ctx, who)
}

// newLedger returns a store whose clock is the manager's.
func newLedger(t testing.TB, change func(*Config)) (*browser, *recorded) {
	s := &recorded{Memory: NewMemory()}
	b := newBrowser(t, func(c *Config) {
		c.Store, c.Pseudonyms = s, testKey("p1")
		if change != nil {
			change(c)
		}
	})
	var seconds atomic.Int64
	b.m.now = func() time.Time { return noon.Add(time.Duration(seconds.Load()) * time.Second) }
	s.now = func() time.Time { return noon.Add(time.Duration(seconds.Add(1)) * time.Second) }
	return b, s
}

// another returns another browser of the same site.
func (b *browser) another(user string) *browser {
	return &browser{t: b.t, m: b.m, tenant: b.tenant, user: user}
}

func (b *browser) ctx() context.Context { return tenancy.With(b.t.Context(), b.tenant) }

func (b *browser) ledger() []Entry {
	es, err := b.m.c.Store.Ledger(b.ctx(), 0, 1e6)
	require.NoError(b.t, err)
	v, err := b.m.Verify(b.ctx())
	require.NoError(b.t, err)
	require.True(b.t, v.OK(), "%v", v.Broken)
	require.EqualValues(b.t, len(es), v.Entries)
	return es
}

func methodsOf(es []Entry) (out []Method) {
	for _, e := range es {
		out = append(out, e.Method)
	}
	return out
}

func historyOf(t testing.TB, b *browser, user string) (out []Entry) {
	for e, err := range b.m.History(b.ctx(), user) {
		require.NoError(t, err)
		out = append(out, e)
	}
	return out
}

func TestTheLedgerSaysWhatWasShownAndWhatWasSaid(t *testing.T) {
	t.Parallel()
	b, s := newLedger(t, nil)
	d, err := b.choose(Answer{Grant: Of(Analytics, Functional)})
	require.NoError(t, err)
	require.True(t, d.Allows(Analytics))
	es := b.ledger()
	require.Len(t, es, 1)
	e := es[0]
	doc, _ := b.m.c.Registry.Document(noon, "en")
	require.Equal(t, Entry{Seq: 1, Key: e.Key, Subject: e.Subject, Method: Chosen, Granted: Of(Analytics, Functional), Denied: Of(Marketing, replay),
		Policy: 1, Text: doc.Hash, At: e.At, Expires: e.At.Add(180 * 24 * time.Hour), Hash: e.Hash}, e)
	require.NotZero(t, e.Subject)
	shown, err := b.m.Text(b.ctx(), e.Text)
	require.NoError(t, err)
	require.Equal(t, doc, shown)
	_, err = s.Document(b.ctx(), Hash{1})
	require.ErrorIs(t, err, ErrNotFound)
	require.True(t, b.get().Allows(Functional))
	require.Len(t, b.ledger(), 1, "a request that answers nothing is not recorded")
}

func TestWhoRefusedAndIsNotKnownIsNotRecorded(t *testing.T) {
	t.Parallel()
	b, _ := newLedger(t, nil)
	_, err := b.choose(Answer{})
	require.NoError(t, err)
	b.gpc = true
	b.get()
	require.Empty(t, b.ledger())
	// Who granted is, and so is their withdrawal.
	b = b.another("")
	_, err = b.choose(Answer{Grant: every})
	require.NoError(t, err)
	_, err = b.choose(Answer{})
	require.NoError(t, err)
	es := b.ledger()
	require.Equal(t, []Method{Accepted, Withdrawn}, methodsOf(es))
	require.Equal(t, es[0].Subject, es[1].Subject)
	c, _ := b.m.sealer.open(b.cookie, "acme")
	require.Zero(t, c.ID, "and the browser is not known any more")
}

func TestAUsersNoHoldsInAllTheirBrowsersAndNoOldCookieBringsAYesBack(t *testing.T) {
	t.Parallel()
	a, _ := newLedger(t, nil)
	a.user = "ann"
	phone, tablet := a.another("ann"), a.another("ann")
	for _, b := range []*browser{a, phone} {
		_, err := b.choose(Answer{Grant: every})
		require.NoError(t, err)
		require.True(t, b.get().Allows(Marketing))
	}
	old := *phone
	_, err := a.m.WithdrawFor(a.ctx(), "ann", Marketing)
	require.NoError(t, err)
	for _, b := range []*browser{a, phone} {
		d := b.get()
		require.Equal(t, DeniedAccount, d.Why(Marketing))
		require.True(t, d.Allows(Analytics), "what else was granted stays")
	}
	// A new yes in one browser is one for that browser.
	d, err := a.choose(Answer{Grant: every})
	require.NoError(t, err)
	require.True(t, d.Allows(Marketing))
	require.True(t, a.get().Allows(Marketing))
	require.Equal(t, DeniedAccount, old.get().Why(Marketing), "an old cookie brings no yes back")
	require.Equal(t, DeniedNoChoice, tablet.get().Why(Marketing))
	require.True(t, tablet.get().Open().Has(Marketing))
	// A no in one browser is one for all.
	_, err = tablet.choose(Answer{Grant: Of(Functional)})
	require.NoError(t, err)
	require.Equal(t, Of(Essential, Functional), a.get().Allowed())
	require.Zero(t, a.another("ann").get().Open().Has(Marketing), "and nobody is asked again")
	require.Equal(t, []Method{Accepted, Withdrawn, Accepted, Chosen}, methodsOf(historyOf(t, a, "ann")), "two of the same in a minute are one")
}

func TestWithdrawingIsOneRequestAndKeepsTheRestAsOldAsItIs(t *testing.T) {
	t.Parallel()
	b, s := newLedger(t, nil)
	for _, user := range []string{"", "ann"} {
		b := b.another(user)
		_, err := b.choose(Answer{Grant: every})
		require.NoError(t, err)
		before, _ := b.m.sealer.open(b.cookie, "acme")
		var out Outcome
		b.do("POST", func(w http.ResponseWriter, r *http.Request) { out, err = b.m.Withdraw(w, r, Analytics) })
		require.NoError(t, err)
		require.Equal(t, Withdrawn, out.Entry.Method)
		require.Equal(t, Of(Essential, Functional, Marketing, replay), out.Allowed())
		require.Equal(t, out.Allowed(), b.get().Allowed())
		after, _ := b.m.sealer.open(b.cookie, "acme")
		require.Equal(t, before.At, after.At)
		// Also when the store is down: the browser obeys, and the error says that it is not on record.
		s.set(ErrUnavailable)
		b.user = "" // whose account cannot be asked about
		b.do("POST", func(w http.ResponseWriter, r *http.Request) { out, err = b.m.Withdraw(w, r) })
		s.set(nil)
		b.user = user
		if user == "" {
			require.ErrorIs(t, err, ErrUnavailable)
		}
		require.Equal(t, Of(Essential), b.get().Allowed())
	}
	b.user, b.cookie = "bob", ""
	b.do("POST", func(w http.ResponseWriter, r *http.Request) {
		out, err := b.m.Withdraw(w, r)
		require.NoError(t, err)
		require.Equal(t, Of(Essential), out.Allowed())
	})
	require.Zero(t, b.get().Open(), "who withdrew has answered")
}

func TestNoYesIsKeptThatTheLedgerDoesNotHave(t *testing.T) {
	t.Parallel()
	for _, user := range []string{"", "ann"} {
		b, s := newLedger(t, nil)
		b.user = user
		s.set(ErrUnavailable)
		_, err := b.choose(Answer{Grant: Of(Analytics)})
		require.ErrorIs(t, err, ErrUnavailable)
		require.Empty(t, b.set)
		s.set(nil)
		_, err = b.choose(Answer{Grant: Of(Analytics)})
		require.NoError(t, err)
		yes := b.cookie
		s.set(ErrUnavailable)
		_, err = b.choose(Answer{Grant: Of(Analytics, Functional)})
		require.ErrorIs(t, err, ErrUnavailable)
		require.Equal(t, yes, b.cookie)
		if user != "" {
			require.Equal(t, DeniedUnknown, b.get().Why(Analytics), "what a user said elsewhere is not known")
			require.Zero(t, b.get().Open())
		}
		_, err = b.choose(Answer{})
		require.Error(t, err)
		s.set(nil)
		require.False(t, b.get().Allows(Analytics), "a no is kept, whatever the store does")
	}
}

func TestASignalOfAUserIsRecordedOnceAndFollowsThem(t *testing.T) {
	t.Parallel()
	b, s := newLedger(t, nil)
	_, err := b.another("ann").choose(Answer{Grant: every})
	require.NoError(t, err)
	b.user, b.gpc = "ann", true
	var failed error
	b.m.c.Failed = func(_ context.Context, err error) { failed = err }
	s.set(ErrUnavailable)
	require.Equal(t, DeniedSignal, b.get().Why(Marketing))
	s.set(nil)
	require.NoError(t, failed, "what cannot be read is not written")
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			b := b.another("ann")
			b.gpc = true
			for range 500 {
				b.get()
			}
		})
	}
	wg.Wait()
	require.Equal(t, []Method{Accepted, Signalled}, methodsOf(b.ledger()))
	require.Empty(t, b.set, "and no cookie")
	other := b.another("ann")
	_, err = other.choose(Answer{Grant: every})
	require.NoError(t, err)
	d := other.get()
	require.Equal(t, DeniedAccount, d.Why(Marketing), "a signal in one browser holds in those without")
	require.True(t, d.Allows(Analytics))
	// Until the user says otherwise, in a second step.
	_, err = other.choose(Answer{Grant: every, Confirm: true})
	require.NoError(t, err)
	require.True(t, other.get().Allows(Marketing))
	require.Equal(t, Confirmed, b.ledger()[3].Method)
}

func TestABrowsersAnswersBecomeTheUsersAndDenialsWin(t *testing.T) {
	t.Parallel()
	b, _ := newLedger(t, nil)
	home := b.another("ann")
	_, err := home.choose(Answer{Grant: Of(Functional, Marketing)}) // and no to analytics and replay
	require.NoError(t, err)
	_, err = b.choose(Answer{Grant: Of(Functional, Analytics)}) // a shared device, nobody signed in
	require.NoError(t, err)
	require.True(t, b.get().Allows(Analytics))
	b.user = "ann"
	d := b.get()
	require.Equal(t, DeniedAccount, d.Why(Analytics), "a browser's yes does not override a user's no")
	require.True(t, d.Allows(Functional))
	require.Equal(t, DeniedAccount, home.get().Why(Marketing), "a browser's no does a user's yes")
	require.True(t, home.get().Allows(Functional))
	require.Equal(t, []Method{Chosen, Chosen, Linked}, methodsOf(b.ledger()))
	b.get()
	require.Len(t, b.ledger(), 3, "once")
	h := historyOf(t, b, "ann")
	require.Equal(t, []Method{Chosen, Chosen, Linked}, methodsOf(h))
	require.Equal(t, h[1].Subject, h[2].Browser)
	require.Equal(t, Of(Functional), h[2].Granted)
	// The next who signs in has none of it.
	b.user = "bob"
	require.Equal(t, DeniedOtherUser, b.get().Why(Functional))
	require.Empty(t, historyOf(t, b, "bob"))
}

func TestAnAnswerThatIsSentAgainIsOneEntry(t *testing.T) {
	t.Parallel()
	b, s := newLedger(t, nil)
	s.now = b.m.now
	b.user = "ann"
	again := *b
	_, err := b.choose(Answer{Grant: every})
	require.NoError(t, err)
	_, err = again.choose(Answer{Grant: every})
	require.NoError(t, err)
	require.Len(t, b.ledger(), 1)
	require.Equal(t, b.cookie[:30], again.cookie[:10]+b.cookie[10:30])
	// But not when the user said something else in between.
	other, third, fourth := again.another("ann"), again.another("ann"), again.another("ann")
	_, err = other.choose(Answer{})
	require.NoError(t, err)
	_, err = third.choose(Answer{Grant: every})
	require.NoError(t, err)
	_, err = fourth.choose(Answer{})
	require.NoError(t, err)
	require.Equal(t, []Method{Accepted, Withdrawn, Accepted, Withdrawn}, methodsOf(b.ledger()))
}

func TestForgettingLeavesTheLedgerAndNoWayToAPerson(t *testing.T) {
	t.Parallel()
	b, _ := newLedger(t, nil)
	b.user = "ann"
	_, err := b.choose(Answer{Grant: every})
	require.NoError(t, err)
	_, err = b.another("bob").choose(Answer{Grant: every})
	require.NoError(t, err)
	// Also to who has the key of the pseudonyms and thinks of ann, an entry's key does not say that it is hers.
	e, err := b.m.WithdrawFor(b.ctx(), "ann")
	require.NoError(t, err)
	guess := keyOf(Withdrawn.String(), b.m.pseudonyms.user("acme", "ann"), b.m.now(), uint64(e.Denied))
	require.NotEqual(t, guess, e.Key)
	require.NotEqual(t, (&State{}).key(guess), e.Key)
	found, err := b.m.Forget(b.ctx(), "ann")
	require.NoError(t, err)
	require.True(t, found)
	found, err = b.m.Forget(b.ctx(), "ann")
	require.NoError(t, err)
	require.False(t, found)
	require.Empty(t, historyOf(t, b, "ann"))
	require.Len(t, historyOf(t, b, "bob"), 1)
	es := b.ledger()
	require.Equal(t, []Method{Accepted, Accepted, Withdrawn, Forgotten}, methodsOf(es))
	// Who comes again is somebody new.
	_, err = b.choose(Answer{})
	require.NoError(t, err)
	require.NotEqual(t, es[0].Subject, b.ledger()[4].Subject)
}

func TestEveryAlterationOfTheLedgerIsFound(t *testing.T) {
	t.Parallel()
	b, s := newLedger(t, nil)
	for range 4 {
		_, err := b.another("").choose(Answer{Grant: every})
		require.NoError(t, err)
	}
	whole := s.tenants[acme].entries
	text := func() Hash { return Hash{1} }()
	for name, alter := range map[string]func(es []Entry) []Entry{
		"granted":  func(es []Entry) []Entry { es[1].Granted ^= 2; return es },
		"denied":   func(es []Entry) []Entry { es[1].Denied ^= 2; return es },
		"method":   func(es []Entry) []Entry { es[1].Method++; return es },
		"opt-out":  func(es []Entry) []Entry { es[1].OptOut = true; return es },
		"signal":   func(es []Entry) []Entry { es[1].Signal = true; return es },
		"policy":   func(es []Entry) []Entry { es[1].Policy++; return es },
		"text":     func(es []Entry) []Entry { es[1].Text = text; return es },
		"place":    func(es []Entry) []Entry { es[1].Place = "DE"; return es },
		"regimes":  func(es []Entry) []Entry { es[1].Regimes = "x"; return es },
		"time":     func(es []Entry) []Entry { es[1].At = es[1].At.Add(time.Microsecond); return es },
		"expiry":   func(es []Entry) []Entry { es[1].Expires = time.Time{}; return es },
		"key":      func(es []Entry) []Entry { es[1].Key[0]++; return es },
		"subject":  func(es []Entry) []Entry { es[1].Subject[0]++; return es },
		"browser":  func(es []Entry) []Entry { es[1].Browser[0]++; return es },
		"hash":     func(es []Entry) []Entry { es[1].Hash[0]++; return es },
		"removed":  func(es []Entry) []Entry { return append(es[:1], es[2:]...) },
		"swapped":  func(es []Entry) []Entry { es[1], es[2] = es[2], es[1]; return es },
		"of other": func(es []Entry) []Entry { e := es[1]; e.Seq = 3; es[2] = e; return es },
	} {
		s.tenants[acme].entries = alter(append([]Entry(nil), whole...))
		v, err := b.m.Verify(b.ctx())
		require.NoError(t, err)
		require.False(t, v.OK(), name)
		require.Contains(t, []uint64{2, 3}, v.Broken[0].Seq, name)
	}
	s.tenants[acme].entries = whole
	v, err := b.m.Verify(tenancy.With(t.Context(), tenancy.MustParseID("other")))
	require.NoError(t, err)
	require.Zero(t, v.Entries)
}

// A log keeps what it is told, or fails.
type recorderFunc func(context.Context, audit.Event) error

func (f recorderFunc) Record(ctx context.Context, e audit.Event) error { return f(ctx, e) }

func TestTheAuditLogIsToldOfEachEntryOrThereIsNone(t *testing.T) {
	t.Parallel()
	var told []audit.Event
	var fails error
	b, s := newLedger(t, func(c *Config) {
		c.Recorder = recorderFunc(func(ctx context.Context, e audit.Event) error {
			require.True(t, c.Store.InTx(ctx))
			told = append(told, e)
			return fails
		})
	})
	b.user = "ann"
	_, err := b.choose(Answer{Grant: Of(Analytics)})
	require.NoError(t, err)
	require.Len(t, told, 1)
	require.Equal(t, audit.Party{Type: "user", ID: "ann", Person: true}, told[0].Actor)
	e := b.ledger()[0]
	require.Equal(t, e.Hash.String(), told[0].Data["hash"])
	require.Equal(t, []string{"analytics"}, told[0].Data["granted"])
	require.Equal(t, []string{"functional", "marketing", "replay"}, told[0].Data["denied"])
	fails = errors.New("the log is full")
	_, err = b.choose(Answer{Grant: every})
	require.ErrorIs(t, err, fails)
	require.Len(t, b.ledger(), 1)
	st, err := s.Memory.State(b.ctx(), b.m.pseudonyms.user("acme", "ann"))
	require.NoError(t, err)
	require.Equal(t, Of(Analytics), st.Granted)
}

func TestAStateIsWhatItsEntriesComeTo(t *testing.T) {
	t.Parallel()
	b, s := newLedger(t, nil)
	b.user = "ann"
	for _, a := range []Answer{{Grant: every}, {}, {Grant: Of(Analytics)}, {OptOut: true}, {Grant: every, Confirm: true}, {Grant: Of(Functional)}} {
		_, err := b.choose(a)
		require.NoError(t, err)
	}
	got, err := s.Memory.State(b.ctx(), b.m.pseudonyms.user("acme", "ann"))
	require.NoError(t, err)
	require.NotZero(t, got.Secret)
	want := State{Who: got.Who, Secret: got.Secret}
	for _, e := range b.ledger() {
		want.add(&e)
	}
	require.Equal(t, want, got)
}

func TestChoicesOfAnotherToolAreImportedOnceWithTheDayTheyWereGiven(t *testing.T) {
	t.Parallel()
	b, _ := newLedger(t, nil)
	text := []byte("We count visits.")
	given := day1.Add(time.Hour)
	list := []Import{
		{ID: "1", User: "ann", Granted: Of(Essential, Analytics), Denied: Of(Marketing), Policy: 1, Given: given, Text: Document{Language: "en", Body: text, Hash: sha256.Sum256(text)}},
		{ID: "2", User: "bob", OptOut: true, Given: given},
		{ID: "3", User: "ann", Granted: Of(Functional, Marketing), Given: given.Add(time.Hour)},
	}
	es, err := b.m.Import(b.ctx(), list...)
	require.NoError(t, err)
	require.Equal(t, es, b.ledger())
	require.Equal(t, []Method{Imported, Imported, Imported}, methodsOf(es))
	require.Equal(t, es[0].Subject, es[2].Subject)
	require.Equal(t, given, es[0].Given)
	require.Equal(t, given.Add(defaultLasts), es[0].Expires, "it is as old as it is")
	require.True(t, es[0].At.After(noon))
	require.Equal(t, Of(Analytics), es[0].Granted)
	require.Equal(t, Of(Marketing), es[1].Denied, "what an opt-out takes away is denied")
	require.Equal(t, Of(Functional), es[2].Granted, "their no stands")
	// Once more, in another order and with more of them, adds those only.
	more := []Import{list[2], {ID: "1", User: "carol", Denied: Of(Analytics), Given: given}, list[0], list[1]}
	again, err := b.m.Import(b.ctx(), more...)
	require.NoError(t, err)
	require.Equal(t, []Entry{es[2], b.ledger()[3], es[0], es[1]}, again)
	require.Len(t, b.ledger(), 4)
	rep, err := b.m.Verify(b.ctx())
	require.NoError(t, err)
	require.True(t, rep.OK())
	doc, err := b.m.Text(b.ctx(), es[0].Text)
	require.NoError(t, err)
	require.Equal(t, text, doc.Body)
	// Whose no was imported is refused in the next request, and whose yes was, is asked.
	b.user = "ann"
	_, err = b.choose(Answer{Grant: every})
	require.NoError(t, err)
	_, err = b.m.Import(b.ctx(), Import{ID: "9", User: "ann", Denied: Of(Analytics), Given: given})
	require.NoError(t, err)
	require.False(t, b.get().Allows(Analytics))
	require.True(t, b.get().Allows(Functional))
	carol := b.another("dora")
	_, err = b.m.Import(b.ctx(), Import{ID: "10", User: "dora", Granted: Of(Analytics), Given: given})
	require.NoError(t, err)
	require.False(t, carol.get().Allows(Analytics))
	// What is forgotten is not found by its ID.
	_, err = b.m.Forget(b.ctx(), "bob")
	require.NoError(t, err)
	n := len(b.ledger())
	es, err = b.m.Import(b.ctx(), list[1])
	require.NoError(t, err)
	require.Equal(t, uint64(n+1), es[0].Seq)
	b.m.c.Controller = Controller{"Shop Ltd", "privacy@shop.test", "https://shop.test/privacy"}
	receipt, err := b.m.Receipt(b.ctx(), b.ledger()[0])
	require.NoError(t, err)
	require.Contains(t, string(receipt), given.Format(time.RFC3339))
	require.Contains(t, string(receipt), "visits")
}

func TestWhatIsNoChoiceIsNotImported(t *testing.T) {
	t.Parallel()
	b, _ := newLedger(t, nil)
	good := Import{ID: "1", User: "ann", Granted: Of(Analytics), Denied: Of(Marketing), Policy: 1, Given: noon.Add(-time.Hour)}
	for name, change := range map[string]func(*Import){
		"no ID":           func(c *Import) { c.ID = "" },
		"nobody":          func(c *Import) { c.User = "" },
		"no time":         func(c *Import) { c.Given = time.Time{} },
		"the future":      func(c *Import) { c.Given = noon.Add(time.Hour) },
		"yes and no":      func(c *Import) { c.Denied = c.Granted },
		"nothing":         func(c *Import) { c.Granted, c.Denied = Of(Essential), 0 },
		"unknown policy":  func(c *Import) { c.Policy = 7 },
		"never asked":     func(c *Import) { c.Granted = Of(FirstOwn + 3) },
		"another's text":  func(c *Import) { c.Text = Document{Body: []byte("x"), Hash: Hash{1}} },
		"text, no hash":   func(c *Import) { c.Text = Document{Body: []byte("x")} },
		"hash of nothing": func(c *Import) { c.Text = Document{Hash: Hash{1}} },
	} {
		bad := good
		change(&bad)
		_, err := b.m.Import(b.ctx(), good, bad)
		require.ErrorIs(t, err, ErrImport, name)
		require.Empty(t, b.ledger(), name)
	}
	_, err := b.m.Import(b.ctx(), good)
	require.NoError(t, err)
	_, err = b.m.Import(context.Background(), good)
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
}

func TestAnAnswerIsNoPartOfATransactionThatMayBeUndone(t *testing.T) {
	t.Parallel()
	b, s := newLedger(t, nil)
	b.user = "ann"
	doc, _ := b.m.c.Registry.Document(b.m.now(), "en")
	undone := errors.New("undone")
	within := func(f func(w http.ResponseWriter, r *http.Request) error) {
		b.do("POST", func(w http.ResponseWriter, r *http.Request) {
			require.ErrorIs(t, s.Tx(r.Context(), func(ctx context.Context) error {
				require.ErrorIs(t, f(w, r.WithContext(ctx)), ErrInTransaction)
				return undone
			}), undone)
		})
	}
	within(func(w http.ResponseWriter, r *http.Request) error {
		_, err := b.m.Choose(w, r, Answer{Grant: Of(Analytics), Document: doc.Hash})
		return err
	})
	require.Empty(t, b.cookie)
	_, err := b.choose(Answer{Grant: Of(Analytics)})
	require.NoError(t, err)
	within(func(w http.ResponseWriter, r *http.Request) error { _, err := b.m.Withdraw(w, r); return err })
	require.False(t, b.get().Allows(Analytics), "a no is kept, whatever becomes of the transaction")
	require.Equal(t, []Method{Chosen}, methodsOf(b.ledger()))
}
