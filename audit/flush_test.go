package audit

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestEventsOfATransactionCommitWithItOrNotAtAll(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	l := logOver(t, s)
	ctx := inAcme(t)
	var pending []Receipt
	require.NoError(t, s.Tx(ctx, func(ctx context.Context) (err error) {
		pending, err = l.Append(ctx, Event{Action: docUpdate, Reason: "with it"})
		return err
	}))
	require.Len(t, pending, 1)
	require.True(t, pending[0].Pending)
	undone := errors.New("undone")
	require.ErrorIs(t, s.Tx(ctx, func(ctx context.Context) error {
		require.NoError(t, l.Record(ctx, Event{Action: docUpdate}))
		return undone
	}), undone)
	require.NoError(t, l.Flush(ctx))
	all := logged(t, ctx, s)
	require.Len(t, all, 1)
	require.Equal(t, pending[0].ID, all[0].ID)
}

func TestWhatATransactionRecordedGetsItsPlaceWithoutBeingAskedFor(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	l := logOver(t, s)
	told := make(chan int, 10)
	l.placed = func(tenant tenancy.ID, n int, _ []Placed) { told <- n }
	require.NoError(t, s.Tx(inAcme(t), func(ctx context.Context) error { return l.Record(ctx, Event{Action: docUpdate}) }))
	require.Equal(t, 1, <-told)
	require.Len(t, logged(t, inAcme(t), s), 1)
}

// Nobody can see what is not committed, so that an id can be given to another event meanwhile.
func TestAnEventThatWillHaveNoPlaceIsTold(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	l, said := logOver(t, s), new(tellTale)
	l.opts.Logger = slog.New(said)
	ctx := inAcme(t)
	id := uuid.New()
	for range 2 {
		require.NoError(t, s.Tx(ctx, func(in context.Context) error {
			if err := l.Record(in, Event{ID: id, Action: docUpdate}); err != nil {
				return err
			}
			err := l.Record(ctx, Event{ID: id, Action: docRead})
			id = uuid.New()
			return err
		}))
		require.NoError(t, s.Tx(ctx, func(ctx context.Context) error { return l.Record(ctx, Event{Action: docUpdate}) }))
		require.ErrorIs(t, l.Flush(ctx), ErrIDReused)
		require.ErrorIs(t, l.Flush(ctx), ErrIDReused)
	}
	require.Len(t, logged(t, ctx, s), 4, "the others have theirs")
	for _, err := range l.Events(ctx, Query{}) {
		require.NoError(t, err)
	}
	_, err := l.Checkpoint(ctx)
	require.NoError(t, err)
	l.busy.Wait()
	require.EqualValues(t, 1, said.errors.Load(), "once")
}

// tellTale counts what is told as an error.
type tellTale struct {
	slog.Handler
	errors atomic.Int32
}

func (h *tellTale) Enabled(context.Context, slog.Level) bool { return true }
func (h *tellTale) Handle(_ context.Context, r slog.Record) error {
	if r.Level >= slog.LevelError {
		h.errors.Add(1)
	}
	return nil
}

func TestFlushWaitsForWhatWasRecordedBeforeIt(t *testing.T) {
	t.Parallel()
	s, arrived, pass := gate()
	l := logOver(t, s)
	ctx := inAcme(t)
	wrote, flushed := make(chan error, 1), make(chan error, 1)
	go func() { wrote <- l.Record(ctx, Event{Action: docRead}) }()
	<-arrived
	go func() { flushed <- l.Flush(ctx) }()
	waiting(l, acme, 1)
	select {
	case <-flushed:
		t.Fatal("it did not wait")
	default:
	}
	pass <- struct{}{}
	require.NoError(t, <-flushed)
	require.NoError(t, <-wrote)
	require.Len(t, logged(t, ctx, s), 1)

	require.NoError(t, s.Tx(ctx, func(ctx context.Context) error {
		require.Error(t, l.Flush(ctx), "in a transaction")
		return nil
	}))
}

func TestFlushDoesNotFailWithAnotherCallersEvents(t *testing.T) {
	t.Parallel()
	inner := NewMemory()
	arrived, pass := make(chan struct{}), make(chan struct{})
	l := logOver(t, &double{inner, func(context.Context, []Entry) ([]Placed, error) {
		arrived <- struct{}{}
		<-pass
		return nil, ErrUnavailable
	}})
	ctx := inAcme(t)
	errs := make(chan error, 3)
	record := func() { errs <- l.Record(ctx, Event{Action: docRead}) }
	go record()
	<-arrived
	go record()
	waiting(l, acme, 1)
	flushed := make(chan error, 1)
	go func() { flushed <- l.Flush(ctx) }()
	waiting(l, acme, 2)
	pass <- struct{}{}
	<-arrived
	pass <- struct{}{}
	require.NoError(t, <-flushed)
	require.ErrorIs(t, <-errs, ErrUnavailable)
	require.ErrorIs(t, <-errs, ErrUnavailable)
}

func TestCloseWaitsForWhatWasAcceptedAndRefusesTheRest(t *testing.T) {
	t.Parallel()
	s, arrived, pass := gate()
	l := logOver(t, s)
	ctx := inAcme(t)
	wrote, closed := make(chan error, 2), make(chan error, 1)
	record := func() { wrote <- l.Record(ctx, Event{Action: docRead}) }
	go record()
	<-arrived
	go record()
	waiting(l, acme, 1)
	go func() { closed <- l.Close(ctx) }()
	for !l.isClosed() {
	}
	require.ErrorIs(t, l.Record(ctx, Event{Action: docRead}), ErrClosed)
	require.ErrorIs(t, l.Flush(ctx), ErrClosed)
	require.ErrorIs(t, s.Tx(ctx, func(ctx context.Context) error { return l.Record(ctx, Event{Action: docRead}) }), ErrClosed)
	pass <- struct{}{}
	<-arrived
	pass <- struct{}{}
	require.NoError(t, <-closed)
	require.NoError(t, <-wrote)
	require.NoError(t, <-wrote)
	require.Len(t, logged(t, ctx, s), 2)
	require.NoError(t, l.Close(ctx))
}

func TestCloseThatCannotWaitTellsEachWriterWhatBecameOfItsEvent(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	inner := NewMemory()
	s := &double{inner, func(ctx context.Context, entries []Entry) ([]Placed, error) {
		close(arrived)
		<-ctx.Done() // a database that does not answer
		return nil, ctx.Err()
	}}
	l := logOver(t, s)
	ctx := inAcme(t)
	onItsWay, queued := make(chan error, 1), make(chan error, 1)
	go func() { onItsWay <- l.Record(ctx, Event{Action: docRead}) }()
	<-arrived
	go func() { queued <- l.Record(ctx, Event{Action: docRead}) }()
	waiting(l, acme, 1)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	require.ErrorIs(t, l.Close(ended), context.Canceled)
	require.ErrorIs(t, <-queued, ErrClosed)
	require.ErrorIs(t, <-onItsWay, ErrUnknown)
	require.Empty(t, logged(t, ctx, inner))
}

func TestABatchHasItsTenantAndItsWritersValuesButNotItsWritersEnd(t *testing.T) {
	t.Parallel()
	type key struct{}
	life, end := context.WithCancel(context.Background())
	defer end()
	writer, gone := context.WithCancel(context.WithValue(inAcme(t), key{}, "v"))
	gone()
	c := batchContext{life, writer}
	require.NoError(t, c.Err())
	require.Equal(t, "v", c.Value(key{}))
	tenant, err := tenancy.From(c)
	require.NoError(t, err)
	require.Equal(t, acme, tenant)
	child, cancel := context.WithCancel(c)
	defer cancel()
	end()
	<-child.Done()
	require.ErrorIs(t, context.Cause(child), context.Canceled)
}
