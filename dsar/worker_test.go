package dsar_test

import (
	"bytes"
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsartest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

func TestWhatIsWrittenDuringAnErasureIsErasedToo(t *testing.T) {
	t.Parallel()
	d := newOffice(t, nil)
	proofs := 0
	d.app.After = func(call string) error {
		if call == "prove" {
			proofs++
		}
		return nil
	}
	d.app.Fault = func(call string) error {
		if call == "prove" && proofs < 2 {
			d.app.Add(d.ctx, dsartest.Jane(), 4) // by somebody who still has a session
		}
		return nil
	}
	r := d.approved(t)
	require.Equal(t, dsar.Done, d.settle(t, r.ID).Outcome)
	require.Zero(t, d.app.Rows(d.ctx, dsartest.Jane()))
	require.Equal(t, 3, proofs)
	signed, err := d.Receipt(d.ctx, r.ID)
	require.NoError(t, err)
	require.Contains(t, string(signed), "ticket delete 18", "all rounds together")
}

func TestNothingIsSignedWhileSomethingIsLeft(t *testing.T) {
	t.Parallel()
	d := newOffice(t, nil)
	d.app.Fault = func(call string) error {
		if call == "prove" {
			d.app.Add(d.ctx, dsartest.Jane(), 1)
		}
		return nil
	}
	r := d.approved(t)
	for range 100 {
		_, _ = d.Step(d.ctx)
		d.pass(6 * time.Hour)
	}
	now := d.now(t, r.ID)
	require.Equal(t, dsar.Working, now.State)
	require.Greater(t, now.Tries, 5, "which somebody can see")
	require.Empty(t, d.app.Tombstones())
	_, err := d.Receipt(d.ctx, r.ID)
	require.ErrorIs(t, err, dsar.ErrNotFound)
}

func TestAPlanThatIsNotWhatWouldBeDoneGoesBackToBeApproved(t *testing.T) {
	t.Parallel()
	d := newOffice(t, nil)
	r := d.verified(t, dsar.Erasure, nil)
	plan, err := d.Plan(d.ctx, r.ID)
	require.NoError(t, err)
	d.app.Add(d.ctx, dsartest.Jane(), 1)
	_, err = d.Approve(d.ctx, r.ID, plan.Hash, officer)
	require.ErrorIs(t, err, dsar.ErrPlan)
	require.False(t, d.app.Hidden(d.ctx, dsartest.Jane()))
	r = d.approvedAs(t, r)
	same, err := d.Approve(d.ctx, r.ID, r.Plan, officer)
	require.NoError(t, err)
	require.Equal(t, r.Until, same.Until)
	d.app.Add(d.ctx, dsartest.Jane(), 1) // before it begins
	d.pass(4 * 24 * time.Hour)
	_, err = d.Step(d.ctx)
	require.ErrorIs(t, err, dsar.ErrPlan)
	now := d.now(t, r.ID)
	require.Equal(t, dsar.Verified, now.State)
	require.Empty(t, now.Plan)
	require.Zero(t, d.app.Count("outside mail"), "nothing was begun")
	r = d.approvedAs(t, r)
	require.Equal(t, dsar.Done, d.settle(t, r.ID).Outcome)
	require.Equal(t, 1, d.app.Count("hide"))
}

func TestAWorkerThatLosesItsLeaseStops(t *testing.T) {
	t.Parallel()
	d := newOffice(t, func(o *dsar.Options) { o.Lease = time.Second })
	r := d.verified(t, dsar.Access, nil)
	entered, stopped := make(chan struct{}), make(chan struct{})
	var first atomic.Bool
	d.app.Fault = func(call string) error {
		if call == "outbox" {
			if first.CompareAndSwap(false, true) {
				close(entered)
				<-stopped
			}
		}
		return nil
	}
	result := make(chan error, 1)
	go func() { _, err := d.Step(d.ctx); result <- err }()
	<-entered
	_, err := d.Withdraw(d.ctx, r.ID, officer)
	require.ErrorIs(t, err, dsar.ErrTooLate, "it is being exported")
	d.pass(time.Minute)          // the first worker hangs, for longer than its lease
	second, err := d.Step(d.ctx) // which is another's then
	require.NoError(t, err)
	require.Equal(t, 1, second)
	require.Equal(t, dsar.Closed, d.now(t, r.ID).State)
	close(stopped)
	require.ErrorIs(t, <-result, dsar.ErrLease)
	events, _, err := d.History(d.ctx, r.ID)
	require.NoError(t, err)
	exports := 0
	for _, e := range events {
		if e.Kind == "dsar.step" && e.What == "export" {
			exports++
		}
	}
	require.Equal(t, 1, exports, "what the first did counts for nothing")
}

func TestRunDoesWhatIsDueOfEachTenantUntilItIsStopped(t *testing.T) {
	t.Parallel()
	d := newOffice(t, func(o *dsar.Options) { o.Undo = -1 })
	other := tenancy.With(context.Background(), tenancy.NewID())
	d.app.Add(other, dsartest.Jane(), 5)
	var ids []tenancy.ID
	for _, ctx := range []context.Context{d.ctx, other} {
		id, err := tenancy.From(ctx)
		require.NoError(t, err)
		ids = append(ids, id)
		r, err := d.Open(ctx, dsar.Intake{ID: "r", Kind: dsar.Access, Person: dsartest.Jane()})
		require.NoError(t, err)
		_, err = d.Verified(ctx, r.ID, shown(r.ID))
		require.NoError(t, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- d.Run(ctx, time.Millisecond, func(context.Context) ([]tenancy.ID, error) { return ids, nil })
	}()
	require.Eventually(t, func() bool {
		for _, ctx := range []context.Context{d.ctx, other} {
			if r, err := d.Request(ctx, "r"); err != nil || r.State != dsar.Closed {
				return false
			}
		}
		return true
	}, time.Minute, time.Millisecond)
	stop()
	require.NoError(t, <-ended)
	require.ElementsMatch(t, []string{"r: 10 rows of map[email:[jane.doe@example.test]]", "r: 5 rows of map[email:[jane.doe@example.test]]"}, d.app.Exports())
	require.Error(t, d.Run(ctx, 0, nil))
}

func TestAnExportIsWrittenOnceAndToWhoAsksForIt(t *testing.T) {
	t.Parallel()
	d := newOffice(t, func(o *dsar.Options) { o.Outbox = nil })
	r := d.verified(t, dsar.Access, nil)
	for range 3 {
		d.step(t)
		d.pass(time.Hour)
	}
	require.Equal(t, dsar.Working, d.now(t, r.ID).State, "it waits for the application")
	for k, end := range map[dsar.Kind]dsar.Outcome{dsar.Access: dsar.Withdrawn, dsar.Portability: dsar.Refused} {
		other := newOffice(t, func(o *dsar.Options) { o.Outbox = nil })
		r := other.verified(t, k, nil)
		other.step(t)
		var err error
		if end == dsar.Withdrawn {
			_, err = other.Withdraw(other.ctx, r.ID, officer)
		} else {
			_, err = other.Refuse(other.ctx, r.ID, dsar.Refusal{Ground: dsar.RightsOthers, Text: "It is all about others."}, officer)
		}
		require.NoError(t, err, "nobody has begun")
		_, err = other.Export(other.ctx, r.ID, &bytes.Buffer{})
		require.ErrorIs(t, err, dsar.ErrState)
		require.Equal(t, end, other.settle(t, r.ID).Outcome)
	}
	d.app.Change(func() { d.app.Fault = func(call string) error { return map[string]error{"export": errOops}[call] } })
	var out bytes.Buffer
	_, err := d.Export(d.ctx, r.ID, &out)
	require.ErrorIs(t, err, errOops)
	d.app.Change(func() { d.app.Fault = func(call string) error { return map[string]error{"tell ended": errOops}[call] } })
	done, err := d.Export(d.ctx, r.ID, &out)
	require.NoError(t, err, "that the person is told is the worker's")
	require.EqualValues(t, 10, done.Rows)
	require.Contains(t, out.String(), "10 rows")
	_, err = d.Export(d.ctx, r.ID, &out)
	require.ErrorIs(t, err, dsar.ErrState)
	d.app.Change(func() { d.app.Fault = nil })
	require.Equal(t, dsar.Done, d.settle(t, r.ID).Outcome)
	require.NoError(t, d.store.Tx(d.ctx, func(ctx context.Context) error {
		for _, f := range []func() error{
			func() error { _, err := d.Export(ctx, r.ID, &out); return err }, func() error { _, err := d.Plan(ctx, r.ID); return err },
			func() error { _, err := d.Approve(ctx, r.ID, "x", officer); return err }, func() error { _, err := d.Step(ctx); return err },
			func() error { _, err := d.Extend(ctx, r.ID, "x", officer); return err },
		} {
			require.ErrorIs(t, f(), dsar.ErrInTransaction)
		}
		return nil
	}))
}
