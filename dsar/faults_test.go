package dsar_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsartest"
	"github.com/stretchr/testify/require"
)

// How a call of the store fails.
type fault string

const (
	refuses fault = "is not made"
	loses   fault = "is made, and its answer is lost"
	dies    fault = "is not made, nor any after it, until the process begins anew"
)

// faulty is a store of which one call fails.
type faulty struct {
	dsar.Store
	how          fault
	calls, fails int
	dead         bool
}

func (f *faulty) call(do func() error) error {
	f.calls++
	switch {
	case f.dead:
		return dsar.ErrUnavailable
	case f.calls != f.fails:
		return do()
	case f.how == loses:
		if err := do(); err != nil {
			return err
		}
		return dsar.ErrUnknown
	}
	f.dead = f.how == dies
	return dsar.ErrUnavailable
}

func call[T any](f *faulty, do func() (T, error)) (out T, err error) {
	err = f.call(func() (err error) { out, err = do(); return err })
	return out, err
}

func (f *faulty) Tx(ctx context.Context, do func(context.Context) error) error {
	return f.call(func() error { return f.Store.Tx(ctx, do) })
}
func (f *faulty) Now(ctx context.Context) (time.Time, error) {
	return call(f, func() (time.Time, error) { return f.Store.Now(ctx) })
}
func (f *faulty) Add(ctx context.Context, r dsar.RequestRow) (dsar.RequestRow, error) {
	return call(f, func() (dsar.RequestRow, error) { return f.Store.Add(ctx, r) })
}
func (f *faulty) Request(ctx context.Context, id dsar.ID) (dsar.RequestRow, error) {
	return call(f, func() (dsar.RequestRow, error) { return f.Store.Request(ctx, id) })
}
func (f *faulty) Update(ctx context.Context, r dsar.RequestRow) (dsar.RequestRow, error) {
	return call(f, func() (dsar.RequestRow, error) { return f.Store.Update(ctx, r) })
}
func (f *faulty) Requests(ctx context.Context, find dsar.Find) ([]dsar.RequestRow, error) {
	return call(f, func() ([]dsar.RequestRow, error) { return f.Store.Requests(ctx, find) })
}
func (f *faulty) Claim(ctx context.Context, c dsar.Claiming) ([]dsar.RequestRow, error) {
	return call(f, func() ([]dsar.RequestRow, error) { return f.Store.Claim(ctx, c) })
}
func (f *faulty) Free(ctx context.Context, id dsar.ID, lease string) error {
	return f.call(func() error { return f.Store.Free(ctx, id, lease) })
}
func (f *faulty) PutStep(ctx context.Context, s dsar.StepRow) error {
	return f.call(func() error { return f.Store.PutStep(ctx, s) })
}
func (f *faulty) Steps(ctx context.Context, id dsar.ID) ([]dsar.StepRow, error) {
	return call(f, func() ([]dsar.StepRow, error) { return f.Store.Steps(ctx, id) })
}
func (f *faulty) Append(ctx context.Context, e dsar.EventRow) (dsar.EventRow, error) {
	return call(f, func() (dsar.EventRow, error) { return f.Store.Append(ctx, e) })
}
func (f *faulty) Holds(ctx context.Context, ended bool) ([]dsar.HoldRow, error) {
	return call(f, func() ([]dsar.HoldRow, error) { return f.Store.Holds(ctx, ended) })
}
func (f *faulty) AddRestraint(ctx context.Context, r dsar.RestraintRow) error {
	return f.call(func() error { return f.Store.AddRestraint(ctx, r) })
}

// through takes a request of a kind from its intake to its end, whatever fails on the way, and returns it.
func (d *office) through(t testing.TB, f *faulty, k dsar.Kind) dsar.Request {
	const id = dsar.ID("r")
	var r dsar.Request
	again := func(do func() error) {
		t.Helper()
		var err error
		for range 5 {
			if err = do(); err == nil {
				return
			}
			f.dead = false
			d.pass(2 * time.Minute) // the lease of who died ends
		}
		require.NoError(t, err, "it does not get through")
	}
	again(func() (err error) {
		r, err = d.Open(d.ctx, dsar.Intake{ID: id, Kind: k, Person: dsartest.Jane()})
		return err
	})
	again(func() (err error) { _, err = d.Verified(d.ctx, id, shown(id)); return err })
	if k == dsar.Erasure {
		again(func() error {
			plan, err := d.Plan(d.ctx, id)
			if err == nil {
				_, err = d.Approve(d.ctx, id, plan.Hash, officer)
			}
			return err
		})
	}
	for range 200 {
		if _, err := d.Step(d.ctx); err != nil {
			f.dead = false
		}
		d.pass(8 * time.Hour)
		if row, err := d.store.Request(d.ctx, id); err == nil && row.State == dsar.Closed {
			again(func() (err error) { r, err = d.Request(d.ctx, id); return err })
			return r
		}
	}
	require.FailNow(t, "it does not end")
	return r
}

// what came of a request that went through.
func (d *office) whole(t testing.TB, r dsar.Request, what string) {
	require.Equal(t, dsar.Done, r.Outcome, what)
	events, steps, err := d.History(d.ctx, r.ID)
	require.NoError(t, err, what)
	tried, done := map[string]int{}, map[string]int{}
	for _, e := range events {
		switch e.Kind {
		case "dsar.step attempted":
			tried[e.What]++
		case "dsar.step":
			done[e.What]++
		}
	}
	for _, s := range steps {
		require.False(t, s.Done.IsZero(), "%s: %s", what, s.Name)
		require.Equal(t, 1, done[s.Name], "%s: %s", what, s.Name)
		require.Equal(t, s.Tries, tried[s.Name], "%s: %s", what, s.Name)
	}
	for step, calls := range map[string]string{"hide": "hide", "outside mail": "outside mail", "erase": "erase", "prove": "prove", "tombstone": "tombstone",
		"export": "export", "apply": "apply objection", "tell ended": "tell ended", "shred": "shred", "receipt": "receipt"} {
		require.LessOrEqual(t, d.app.Count(calls), tried[step], "%s: %s was done and not recorded before", what, step)
	}
	recorded := 0
	for _, e := range d.app.Events() {
		if e.Action.Name() == "dsar.step" && e.Outcome == audit.Success {
			recorded++
		}
	}
	require.GreaterOrEqual(t, recorded, len(steps), what)
	switch r.Kind {
	case dsar.Erasure:
		require.Zero(t, d.app.Rows(d.ctx, dsartest.Jane()), what)
		require.Len(t, d.app.Tombstones(), 1, what)
		signed, err := d.Receipt(d.ctx, r.ID)
		require.NoError(t, err, what)
		require.Contains(t, string(signed), "ticket delete 10", what)
		require.Contains(t, string(signed), "mail done", what)
	case dsar.Access:
		require.NotEmpty(t, d.app.Exports(), what)
	case dsar.Objection:
		restraints, err := d.Restricted(d.ctx, dsartest.Jane())
		require.NoError(t, err, what)
		require.Len(t, restraints, 1, what)
	}
	clean(t, what, d.rows(t))
}

func TestWhateverCallOfTheStoreFailsTheRequestGetsThroughAndEndsTheSame(t *testing.T) {
	t.Parallel()
	for _, k := range []dsar.Kind{dsar.Access, dsar.Erasure, dsar.Objection, dsar.KnowCategories} {
		for i, how := range []fault{refuses, loses, dies} {
			t.Run(k.String()+"/"+string(how), func(t *testing.T) {
				t.Parallel()
				first, stride := 1+3*i, 9 // between them they fail at every third call
				if os.Getenv("BAILIWICK_SOAK") == "1" {
					first, stride = 1, 1
				}
				for at := first; ; at += stride {
					d := newOffice(t, nil)
					f := &faulty{Store: d.store, how: how, fails: at}
					d.open(t, f, nil)
					r := d.through(t, f, k)
					failed := f.calls >= at
					f.fails = 0
					d.whole(t, r, string(how))
					if !failed {
						require.Greater(t, at, 40)
						break
					}
				}
			})
		}
	}
}

func TestWhateverFailsOutsideTheRequestGetsThroughAndEndsTheSame(t *testing.T) {
	t.Parallel()
	for _, k := range []dsar.Kind{dsar.Access, dsar.Erasure, dsar.Objection, dsar.KnowCategories} {
		for _, after := range []bool{false, true} {
			for at, most := 1, 1; at <= most; at++ {
				d := newOffice(t, nil)
				calls := 0
				fail := func(string) error {
					if calls++; calls == at {
						return errOops
					}
					return nil
				}
				if after {
					d.app.After = fail
				} else {
					d.app.Fault = fail
				}
				r := d.through(t, &faulty{}, k)
				d.whole(t, r, k.String())
				if calls > most {
					most = calls
				}
			}
		}
	}
}

func TestWhatCannotBeRecordedIsNotDone(t *testing.T) {
	t.Parallel()
	d := newOffice(t, nil)
	r := d.approved(t)
	d.pass(4 * 24 * time.Hour)
	before := d.app.Calls()
	d.app.Change(func() {
		d.app.Fault = func(call string) error {
			if call == "record dsar.step" {
				return errOops
			}
			return nil
		}
	})
	for range 5 {
		_, err := d.Step(d.ctx)
		require.ErrorIs(t, err, dsar.ErrUnavailable)
		d.pass(time.Hour)
	}
	require.Equal(t, before, d.app.Calls())
	d.app.Change(func() { d.app.Fault = func(string) error { return errOops } })
	for what, f := range map[string]func() error{
		"open": func() error {
			_, err := d.Open(d.ctx, dsar.Intake{Kind: dsar.Access, Person: dsartest.Jane()})
			return err
		},
		"withdraw": func() error { _, err := d.Withdraw(d.ctx, r.ID, officer); return err },
		"hold":     func() error { _, err := d.Hold(d.ctx, dsar.Hold{ID: "h", Basis: "x"}); return err },
		"lift":     func() error { return d.Lift(d.ctx, dsartest.Jane(), dsar.Objection, "", officer) },
		"period":   func() error { return d.SetRetention(d.ctx, "ticket", dsar.Period{Years: 1}, officer) },
	} {
		require.Error(t, f(), what)
	}
	require.Equal(t, dsar.Approved, d.now(t, r.ID).State)
	holds, err := d.Holds(d.ctx, true)
	require.NoError(t, err)
	require.Empty(t, holds)
	d.app.Change(func() { d.app.Fault = nil })
	require.Equal(t, dsar.Done, d.settle(t, r.ID).Outcome)
}
