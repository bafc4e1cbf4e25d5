package egress_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar/egress"
	"github.com/bailiwick-dev/bailiwick/dsar/egress/egresstest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

func TestMemoryKeepsTheContractOfAStore(t *testing.T) {
	t.Parallel()
	egresstest.Store(t, func(testing.TB) egress.Store { return egress.NewMemory(nil) }, func(testing.TB) tenancy.ID { return tenancy.NewID() })
}

// log is an audit log that can fail.
type log struct {
	mu     sync.Mutex
	events []audit.Event
	fails  string // the action that it does not take
}

var errLog = errors.New("the log is full")

func (l *log) Record(_ context.Context, e audit.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fails == e.Action.String() {
		return errLog
	}
	l.events = append(l.events, e)
	return nil
}

func (l *log) names() (out []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		out = append(out, e.Action.String()+" "+e.Outcome.String())
	}
	return out
}

// bucket is where the data goes.
type bucket struct {
	bytes.Buffer
	closed, aborted bool
	fails           error
}

func (b *bucket) Write(p []byte) (int, error) {
	if b.fails != nil {
		return 0, b.fails
	}
	return b.Buffer.Write(p)
}
func (b *bucket) Close() error { b.closed = true; return nil }

type undoing struct{ *bucket }

func (u undoing) Abort() error { u.aborted = true; return nil }

// desk is a guard with all that it needs.
type desk struct {
	*egress.Guard
	t     *testing.T
	ctx   context.Context
	log   *log
	now   time.Time
	b     *bucket
	key   *age.X25519Identity
	store egress.Store
	p     egress.Policy
}

func newDesk(t *testing.T, change ...func(*egress.Policy)) *desk {
	key, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	d := &desk{t: t, ctx: tenancy.With(t.Context(), tenancy.NewID()), log: &log{}, now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), b: &bucket{}, key: key}
	d.store = egress.NewMemory(func() time.Time { return d.now })
	d.p = egress.Policy{Once: egress.Limit{Rows: 1000, Bytes: 1 << 20}, Day: egress.Limit{Rows: 1500, Bytes: 2 << 20}, Alone: egress.Limit{Rows: 10, Bytes: 1 << 10},
		Sinks: []egress.Sink{{Name: "legal", Type: "s3", Destination: "s3://acme-legal", Recipient: key.Recipient().String(),
			Encrypt: func(w io.Writer) (io.WriteCloser, error) { return age.Encrypt(w, key.Recipient()) },
			Open:    func(context.Context, string) (io.WriteCloser, error) { return d.b, nil }}}}
	for _, c := range change {
		c(&d.p)
	}
	d.reopen()
	return d
}

func (d *desk) reopen() {
	g, err := egress.New(d.store, d.p, egress.Options{Recorder: d.log})
	require.NoError(d.t, err)
	d.Guard = g
}

func ask(id string, rows, size int64) egress.Ask {
	return egress.Ask{ID: id, By: "eve", Sink: "legal", Tables: []string{"ticket"}, Limit: egress.Limit{Rows: rows, Bytes: size}, Reason: "disclosure", Ticket: "LEGAL-17"}
}

// approved is an export that may begin.
func (d *desk) approved(a egress.Ask) egress.Export {
	e, err := d.Ask(d.ctx, a)
	require.NoError(d.t, err)
	if e.State == egress.Waiting {
		e, err = d.Approve(d.ctx, a.ID, e.Hash, "mallory")
		require.NoError(d.t, err)
	}
	require.Equal(d.t, egress.Approved, e.State)
	return e
}

func (d *desk) plain() ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(d.b.Bytes()), d.key)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func TestWhatLeavesIsEncryptedCountedAndRecordedBeforeItDoes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	e := d.approved(ask("x", 500, 1<<20))
	require.Equal(t, egress.Person("mallory"), e.Second)
	s, err := d.Open(d.ctx, "x", "eve")
	require.NoError(t, err)
	require.Equal(t, []string{"egress.asked success", "egress.approved success", "egress.begun attempted"}, d.log.names())
	for i := range 100 {
		require.NoError(t, s.Rows(1))
		_, err := fmt.Fprintf(s, "row %d of ada.lovelace@example.org\n", i)
		require.NoError(t, err)
	}
	e, err = s.Finish(d.ctx)
	require.NoError(t, err)
	require.NoError(t, s.Stop(d.ctx), "after the end it does nothing")
	require.Equal(t, egress.Finished, e.State)
	require.EqualValues(t, 100, e.Taken.Rows)
	require.NotContains(t, d.b.String(), "lovelace")
	text, err := d.plain()
	require.NoError(t, err)
	require.EqualValues(t, len(text), e.Taken.Bytes)
	require.Equal(t, 100, strings.Count(string(text), "lovelace"))
	there, err := d.Export(d.ctx, "x")
	require.NoError(t, err)
	require.Equal(t, e, there)
	require.Equal(t, "egress.ended success", d.log.names()[3])
	require.Equal(t, e.Digest, d.log.events[3].Data["digest"])
	_, err = d.Open(d.ctx, "x", "eve")
	require.ErrorIs(t, err, egress.ErrState, "an export is good once")
	_, err = s.Write([]byte("more"))
	require.ErrorIs(t, err, egress.ErrState)
}

// Nothing happens that the audit log did not take before.
func TestWhatCannotBeRecordedDoesNotHappen(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.log.fails = "egress.asked"
	_, err := d.Ask(d.ctx, ask("x", 500, 1))
	require.ErrorIs(t, err, errLog)
	_, err = d.Export(d.ctx, "x")
	require.ErrorIs(t, err, egress.ErrNotFound)
	d.log.fails = "egress.approved"
	e, err := d.Ask(d.ctx, ask("x", 500, 1))
	require.NoError(t, err)
	_, err = d.Approve(d.ctx, "x", e.Hash, "mallory")
	require.ErrorIs(t, err, errLog)
	d.log.fails = "egress.begun"
	d.approved(ask("x", 500, 1))
	_, err = d.Open(d.ctx, "x", "eve")
	require.ErrorIs(t, err, errLog)
	require.Zero(t, d.b.Len())
	require.False(t, d.b.closed)
	e, err = d.Export(d.ctx, "x")
	require.NoError(t, err)
	require.Equal(t, egress.Approved, e.State)
	d.log.fails = "egress.refused"
	_, err = d.Open(d.ctx, "x", "mallory")
	require.ErrorIs(t, err, egress.ErrUnapproved)
	require.ErrorIs(t, err, errLog, "a refusal that is not recorded says so")
}

// Pitfall of bulk exports: somebody approves what they asked for, or something else than what is then done.
func TestAnApprovalIsASecondPersonsAndForExactlyWhatWasAsked(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	e, err := d.Ask(d.ctx, ask("x", 500, 1<<20))
	require.NoError(t, err)
	require.Equal(t, egress.Waiting, e.State)
	_, err = d.Open(d.ctx, "x", "eve")
	require.ErrorIs(t, err, egress.ErrUnapproved)
	for _, self := range []egress.Person{"eve", "EVE", "Eve"} {
		_, err = d.Approve(d.ctx, "x", e.Hash, self)
		require.ErrorIs(t, err, egress.ErrOneself)
	}
	_, err = d.Approve(d.ctx, "x", "sha256:00", "mallory")
	require.ErrorIs(t, err, egress.ErrChanged)
	_, err = d.Approve(d.ctx, "x", e.Hash, "")
	require.ErrorIs(t, err, egress.ErrAsk)
	_, err = d.Approve(d.ctx, "y", e.Hash, "mallory")
	require.ErrorIs(t, err, egress.ErrNotFound)
	for _, change := range []func(*egress.Ask){
		func(a *egress.Ask) { a.Tables = []string{"ticket", "users"} }, func(a *egress.Ask) { a.Query = "SELECT 1" }, func(a *egress.Ask) { a.Limit.Rows++ }, func(a *egress.Ask) { a.Limit.Bytes-- },
		func(a *egress.Ask) { a.By = "bob" }, func(a *egress.Ask) { a.Reason = "other" }, func(a *egress.Ask) { a.Ticket = "other" },
	} {
		other := ask("x", 500, 1<<20)
		change(&other)
		_, err = d.Ask(d.ctx, other)
		require.ErrorIs(t, err, egress.ErrKey)
		other.ID = "z"
		z, err := newDesk(t, func(p *egress.Policy) { p.Once.Rows, p.Sinks = 1e6, d.p.Sinks }).Ask(d.ctx, other)
		require.NoError(t, err)
		require.NotEqual(t, e.Hash, z.Hash)
	}
	again, err := d.Ask(d.ctx, ask("x", 500, 1<<20))
	require.NoError(t, err)
	require.Equal(t, e, again)
	for range 2 {
		_, err = d.Approve(d.ctx, "x", e.Hash, "mallory")
		require.NoError(t, err)
	}
	_, err = d.Open(d.ctx, "x", "mallory")
	require.ErrorIs(t, err, egress.ErrUnapproved, "it is for who asked")

	// The sink now leads elsewhere, or somebody else can read it: nobody approved that.
	for _, change := range []func(*egress.Sink){
		func(s *egress.Sink) { s.Destination = "s3://evil" }, func(s *egress.Sink) { s.Recipient = "age1evil" }, func(s *egress.Sink) { s.Type = "ftp" },
	} {
		p := d.p
		p.Sinks = []egress.Sink{d.p.Sinks[0]}
		change(&p.Sinks[0])
		g, err := egress.New(d.store, p, egress.Options{Recorder: d.log})
		require.NoError(t, err)
		_, err = g.Open(d.ctx, "x", "eve")
		require.ErrorIs(t, err, egress.ErrChanged)
	}
	strict := d.p
	strict.Once = egress.Limit{Rows: 499, Bytes: 1 << 20}
	g, err := egress.New(d.store, strict, egress.Options{Recorder: d.log})
	require.NoError(t, err)
	_, err = g.Open(d.ctx, "x", "eve")
	require.ErrorIs(t, err, egress.ErrLimit)
	_, err = d.Open(d.ctx, "x", "eve")
	require.NoError(t, err)
	require.Zero(t, strings.Count(fmt.Sprint(d.log.names()), "egress.begun denied"))
}

func TestAnAskAndAnApprovalEnd(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	e, err := d.Ask(d.ctx, ask("x", 500, 1))
	require.NoError(t, err)
	d.now = d.now.Add(24 * time.Hour)
	_, err = d.Approve(d.ctx, "x", e.Hash, "mallory")
	require.ErrorIs(t, err, egress.ErrExpired)
	d.approved(ask("y", 500, 1))
	d.now = d.now.Add(24 * time.Hour)
	_, err = d.Open(d.ctx, "y", "eve")
	require.ErrorIs(t, err, egress.ErrExpired)
	d.approved(ask("z", 500, 1))
	_, err = d.Deny(d.ctx, "z", "trent")
	require.NoError(t, err)
	_, err = d.Open(d.ctx, "z", "eve")
	require.ErrorIs(t, err, egress.ErrState)
	e, err = d.Export(d.ctx, "z")
	require.NoError(t, err)
	_, err = d.Approve(d.ctx, "z", e.Hash, "mallory")
	require.ErrorIs(t, err, egress.ErrState, "what was denied stays so")
}

// Pitfall of bulk exports: the limit is looked at before, and what flows is another amount.
func TestTheStreamStopsAtItsLimitAndWhatIsThereDoesNotVerify(t *testing.T) {
	t.Parallel()
	for name, over := range map[string]func(s *egress.Stream) error{
		"rows":            func(s *egress.Stream) error { return s.Rows(11) },
		"rows one by one": func(s *egress.Stream) error { return errors.Join(s.Rows(10), s.Rows(1)) },
		"bytes":           func(s *egress.Stream) error { _, err := s.Write(make([]byte, 200_000)); return err },
		"rows below none": func(s *egress.Stream) error { return s.Rows(-1) },
	} {
		d := newDesk(t)
		d.approved(ask(name[:4], 10, 200_000))
		s, err := d.Open(d.ctx, name[:4], "eve")
		require.NoError(t, err)
		z := zip.NewWriter(s)
		f, err := z.CreateHeader(&zip.FileHeader{Name: "ticket.jsonl", Method: zip.Store})
		require.NoError(t, err)
		_, err = f.Write(bytes.Repeat([]byte("row\n"), 25_000))
		require.NoError(t, err)
		require.NoError(t, z.Flush())
		require.ErrorIs(t, over(s), egress.ErrLimit, name)
		require.ErrorIs(t, s.Rows(0), egress.ErrLimit, "it has failed for ever")
		require.ErrorIs(t, z.Close(), egress.ErrLimit)
		_, err = s.Finish(d.ctx)
		require.ErrorIs(t, err, egress.ErrLimit)
		require.True(t, d.b.closed)
		text, err := d.plain()
		require.Error(t, err, "it does not decrypt to its end")
		_, err = zip.NewReader(bytes.NewReader(text), int64(len(text)))
		require.Error(t, err, "and is no archive")
		e, err := d.Export(d.ctx, name[:4])
		require.NoError(t, err)
		require.Equal(t, egress.Stopped, e.State)
		require.Empty(t, e.Digest)
		require.GreaterOrEqual(t, e.Taken.Bytes, int64(100_000), "what left counts")
		require.Contains(t, d.log.names(), "egress.ended failure")
	}
}

func TestASinkThatFailsOrCanUndoLeavesAnExportThatStopped(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.p.Sinks[0].Open = func(context.Context, string) (io.WriteCloser, error) { return undoing{d.b}, nil }
	d.reopen()
	d.approved(ask("x", 500, 1<<20))
	s, err := d.Open(d.ctx, "x", "eve")
	require.NoError(t, err)
	d.b.fails = errors.New("no room")
	_, err = s.Write(make([]byte, 200_000))
	require.ErrorIs(t, err, d.b.fails)
	_, err = s.Finish(d.ctx)
	require.ErrorIs(t, err, d.b.fails)
	require.True(t, d.b.aborted)
	require.False(t, d.b.closed)
	e, err := d.Export(d.ctx, "x")
	require.NoError(t, err)
	require.Equal(t, egress.Stopped, e.State)

	down := errors.New("down")
	d.p.Sinks[0].Open = func(context.Context, string) (io.WriteCloser, error) { return nil, down }
	d.reopen()
	d.approved(ask("y", 500, 1<<20))
	_, err = d.Open(d.ctx, "y", "eve")
	require.ErrorIs(t, err, down)
	e, err = d.Export(d.ctx, "y")
	require.NoError(t, err)
	require.Equal(t, egress.Stopped, e.State)
	require.Zero(t, e.Taken)
}

type passes struct{ io.Writer }

func (passes) Close() error { return nil }

// byteByByte hands on each byte by itself.
type byteByByte struct{ io.Writer }

func (b byteByByte) Write(p []byte) (int, error) {
	for i := range p {
		if _, err := b.Writer.Write(p[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(p), nil
}

func TestAnEncryptThatDoesNotEncryptLetsNothingOut(t *testing.T) {
	t.Parallel()
	for _, encrypt := range []func(io.Writer) (io.WriteCloser, error){
		func(w io.Writer) (io.WriteCloser, error) { return passes{w}, nil },
		func(w io.Writer) (io.WriteCloser, error) { return passes{byteByByte{w}}, nil },
	} {
		d := newDesk(t, func(p *egress.Policy) { p.Sinks[0].Encrypt = encrypt })
		d.approved(ask("x", 500, 1<<20))
		s, err := d.Open(d.ctx, "x", "eve")
		require.NoError(t, err)
		_, _ = s.Write([]byte("ada.lovelace@example.org"))
		_, err = s.Finish(d.ctx)
		require.ErrorIs(t, err, egress.ErrPolicy)
		require.Zero(t, d.b.Len())
	}
	d := newDesk(t, func(p *egress.Policy) {
		p.Sinks[0].Encrypt = func(w io.Writer) (io.WriteCloser, error) { return passes{w}, nil }
	})
	d.approved(ask("x", 500, 1<<20))
	s, err := d.Open(d.ctx, "x", "eve")
	require.NoError(t, err)
	_, err = s.Write([]byte("short"))
	require.NoError(t, err)
	_, err = s.Finish(d.ctx)
	require.ErrorIs(t, err, egress.ErrPolicy, "too short to be held back for long")
	require.Zero(t, d.b.Len())
}

// Pitfall of bulk exports: many small ones, or several at once, add up to all there is.
func TestWhatAPersonTakesInADayAddsUp(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.approved(ask("a", 1000, 1))
	s, err := d.Open(d.ctx, "a", "eve")
	require.NoError(t, err)
	d.approved(ask("b", 501, 1))
	_, err = d.Open(d.ctx, "b", "eve")
	require.ErrorIs(t, err, egress.ErrLimit, "all that was asked for counts while it flows")
	require.NoError(t, s.Rows(900))
	_, err = s.Finish(d.ctx)
	require.NoError(t, err)
	d.b = &bucket{}
	_, err = d.Open(d.ctx, "b", "eve")
	require.NoError(t, err, "900 and 501 are within 1500")
	other := ask("c", 1000, 1)
	other.By = "bob"
	d.approved(other)
	_, err = d.Open(d.ctx, "c", "bob")
	require.NoError(t, err, "another person")
	d.now = d.now.Add(23 * time.Hour)
	d.approved(ask("d", 1000, 1))
	_, err = d.Open(d.ctx, "d", "eve")
	require.ErrorIs(t, err, egress.ErrLimit)
	d.now = d.now.Add(time.Hour + time.Microsecond)
	d.approved(ask("e", 1000, 1))
	_, err = d.Open(d.ctx, "e", "eve")
	require.NoError(t, err, "a day later")
}

func TestOfManyWhoBeginAtOnceNoMoreThanTheDaysLimitDo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.p.Sinks[0].Open = func(context.Context, string) (io.WriteCloser, error) { return &bucket{}, nil }
	d.reopen()
	const n = 8
	for i := range n {
		d.approved(ask(fmt.Sprint("x", i), 500, 1))
	}
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() { _, errs[i] = d.Open(d.ctx, fmt.Sprint("x", i), "eve") })
	}
	wg.Wait()
	begun := 0
	for _, err := range errs {
		if err == nil {
			begun++
		} else {
			require.ErrorIs(t, err, egress.ErrLimit)
		}
	}
	require.Equal(t, 3, begun)
}

func TestWhatIsIncompleteOrAgainstThePolicyIsRefusedAndRecorded(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, c := range []struct {
		change func(*egress.Ask)
		want   error
	}{
		{func(a *egress.Ask) { a.ID = "" }, egress.ErrAsk}, {func(a *egress.Ask) { a.ID = "a b" }, egress.ErrAsk}, {func(a *egress.Ask) { a.By = "" }, egress.ErrAsk},
		{func(a *egress.Ask) { a.Reason = " " }, egress.ErrAsk}, {func(a *egress.Ask) { a.Ticket = "" }, egress.ErrAsk}, {func(a *egress.Ask) { a.Tables = nil }, egress.ErrAsk},
		{func(a *egress.Ask) { a.Limit.Rows = 0 }, egress.ErrAsk}, {func(a *egress.Ask) { a.Limit.Bytes = -1 }, egress.ErrAsk}, {func(a *egress.Ask) { a.Sink = "usb" }, egress.ErrSink},
		{func(a *egress.Ask) { a.Limit.Rows = 1001 }, egress.ErrLimit}, {func(a *egress.Ask) { a.Limit.Bytes = 1<<20 + 1 }, egress.ErrLimit},
	} {
		a := ask("x", 500, 1)
		c.change(&a)
		before := len(d.log.names())
		_, err := d.Ask(d.ctx, a)
		require.ErrorIs(t, err, c.want)
		require.Equal(t, []string{"egress.refused denied"}, d.log.names()[before:])
		require.NotContains(t, fmt.Sprint(err), "LEGAL")
	}
	small, err := d.Ask(d.ctx, ask("small", 10, 1<<10))
	require.NoError(t, err)
	require.Equal(t, egress.Approved, small.State)
	for _, a := range []egress.Ask{ask("s1", 11, 1), ask("s2", 1, 1<<10+1)} {
		e, err := d.Ask(d.ctx, a)
		require.NoError(t, err)
		require.Equal(t, egress.Waiting, e.State)
	}
	no := errors.New("not she")
	g, err := egress.New(d.store, d.p, egress.Options{Recorder: d.log, May: func(_ context.Context, who egress.Person, act egress.Act, _ egress.Export) error {
		if who == "mallory" && act == egress.ActApprove {
			return no
		}
		return nil
	}})
	require.NoError(t, err)
	e, err := g.Ask(d.ctx, ask("m", 500, 1))
	require.NoError(t, err)
	_, err = g.Approve(d.ctx, "m", e.Hash, "mallory")
	require.ErrorIs(t, err, no)
	_, err = g.Approve(d.ctx, "m", e.Hash, "trent")
	require.NoError(t, err)
	_, err = g.Ask(t.Context(), ask("m", 1, 1))
	require.Error(t, err, "no tenant")
}

func TestTheLogHasNoQuery(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	a := ask("x", 5, 1)
	a.Query = "SELECT * FROM ticket WHERE email = 'ada.lovelace@example.org'"
	_, err := d.Ask(d.ctx, a)
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprintf("%+v", d.log.events), "lovelace")
	require.Contains(t, fmt.Sprintf("%+v", d.log.events), "sha256:")
}

func TestAPolicyThatLeavesSomethingOpenIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for i, change := range []func(*egress.Policy){
		func(p *egress.Policy) { p.Sinks = nil }, func(p *egress.Policy) { p.Sinks[0].Encrypt = nil }, func(p *egress.Policy) { p.Sinks[0].Open = nil },
		func(p *egress.Policy) { p.Sinks[0].Recipient = "" }, func(p *egress.Policy) { p.Sinks[0].Destination = "" }, func(p *egress.Policy) { p.Sinks = append(p.Sinks, p.Sinks[0]) },
		func(p *egress.Policy) { p.Once.Rows = 0 }, func(p *egress.Policy) { p.Day.Bytes = 0 }, func(p *egress.Policy) { p.Alone.Rows = -1 }, func(p *egress.Policy) { p.For = 8 * 24 * time.Hour },
	} {
		p := d.p
		p.Sinks = append([]egress.Sink{}, d.p.Sinks...)
		change(&p)
		_, err := egress.New(d.store, p, egress.Options{Recorder: d.log})
		require.ErrorIs(t, err, egress.ErrPolicy, i)
	}
	_, err := egress.New(d.store, d.p, egress.Options{})
	require.Error(t, err, "no audit log")
}
