package processor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options change a [Set]. The zero Options is good.
type Options struct {
	Try     time.Duration // how long one attempt may take; 0: 30 seconds, and an export's 15 minutes
	First   time.Duration // about how long to wait after the first attempt, and twice as long after each further one; 0: 1 second
	Longest time.Duration // no longer than this, unless the processor asks for it; 0: 1 minute
	For     time.Duration // how long one call tries; 0: 2 minutes. What is not known then is tried by the next call
}

// Set is all processors that have to be told. It is safe for concurrent use.
type Set struct {
	store Store
	o     Options
	all   []Processor
}

// NewSet returns the set of ps. ErrOptions if two have one name, or one has none.
func NewSet(st Store, o Options, ps ...Processor) (*Set, error) {
	if st == nil || len(ps) == 0 {
		return nil, fmt.Errorf("%w: a set needs a store and processors", ErrOptions)
	}
	for _, d := range []struct {
		of   *time.Duration
		zero time.Duration
	}{{&o.First, time.Second}, {&o.Longest, time.Minute}, {&o.For, 2 * time.Minute}} {
		if *d.of == 0 {
			*d.of = d.zero
		}
	}
	if o.Try < 0 || o.First < 0 || o.Longest < o.First || o.For < 0 {
		return nil, fmt.Errorf("%w: times", ErrOptions)
	}
	s := &Set{st, o, slices.Clone(ps)}
	slices.SortFunc(s.all, func(a, b Processor) int { return strings.Compare(a.Name(), b.Name()) })
	for i, p := range s.all {
		if p.Name() == "" || i > 0 && s.all[i-1].Name() == p.Name() {
			return nil, fmt.Errorf("%w: a processor has no name, or another one's", ErrOptions)
		}
	}
	return s, nil
}

// Names returns the processors, sorted.
func (s *Set) Names() []string {
	var out []string
	for _, p := range s.all {
		out = append(out, p.Name())
	}
	return out
}

// Erase tells each processor to erase what it has, all at once, and returns what is known then, in the order of their names. Those that have
// answered before are not told again. An error is that of ctx or of the store; what processors answer, or do not, is in the calls.
func (s *Set) Erase(ctx context.Context, j Job) ([]Call, error) {
	return s.each(func(p Processor) (Call, error) {
		return s.tell(ctx, p, j, Erase, func(ctx context.Context, j Job) (Outcome, error) { return p.Erase(ctx, j) })
	})
}

// Export asks each processor for what it has, and writes it to what into returns for its name. That is called for each attempt: what an
// earlier one wrote is worthless. A processor that is Done was written to its end; one that is Accepted is asked again by the next call.
func (s *Set) Export(ctx context.Context, j Job, into func(processor string) (io.Writer, error)) ([]Call, error) {
	return s.each(func(p Processor) (Call, error) {
		return s.tell(ctx, p, j, Export, func(ctx context.Context, j Job) (Outcome, error) {
			w, err := into(p.Name())
			if err != nil {
				return Outcome{Why: "writer"}, err
			}
			return p.Export(ctx, j, w)
		})
	})
}

// Calls returns what is known of a request, in the order of processors and verbs. It asks nobody.
func (s *Set) Calls(ctx context.Context, request string) ([]Call, error) {
	return s.store.Calls(ctx, request)
}

// Check asks the processors once what became of a request's jobs that are not decided, and returns all of them. It needs no personal data.
// One that a processor has never heard of is Unconfirmed: the next Erase sends it again.
func (s *Set) Check(ctx context.Context, request string) ([]Call, error) {
	calls, err := s.store.Calls(ctx, request)
	if err != nil {
		return nil, err
	}
	var failed []error
	for i, c := range calls {
		p := s.named(c.Processor)
		if p == nil || c.State.Final() || c.State == Refused || c.Verb == Export || c.Tries == 0 {
			continue
		}
		calls[i], err = s.check(ctx, p, c)
		failed = append(failed, err)
	}
	return calls, errors.Join(failed...)
}

// check asks a processor what became of a call.
func (s *Set) check(ctx context.Context, p Processor, c Call) (Call, error) {
	out, _ := s.try(ctx, s.o.Try, func(ctx context.Context) (Outcome, error) {
		return p.Status(ctx, Job{Request: c.Request, Key: c.Key, Verb: c.Verb})
	})
	return s.settle(ctx, c.Key, func(c *Call) { c.answer(out) })
}

// Settle takes an answer that came by itself: a callback. The same again, or an older one that comes later, changes nothing. ErrNotFound if
// the processor was never told of the job.
func (s *Set) Settle(ctx context.Context, processor, key string, o Outcome) error {
	if !slices.Contains(states, o.State) {
		return ErrAnswer
	}
	c, err := s.store.Call(ctx, key)
	if err != nil {
		return err
	}
	if c.Processor != processor || s.named(processor) == nil {
		return ErrNotFound
	}
	if c.Verb == Export && o.State == Done { // it is there to be fetched, and was not yet
		o.State, o.Why = Accepted, "ready"
	}
	_, err = s.settle(ctx, key, func(c *Call) { c.answer(o) })
	return err
}

// Reopen makes a job that was refused one that the next call sends again, under the same key, because somebody has mended the reason.
func (s *Set) Reopen(ctx context.Context, key string) error {
	_, err := s.settle(ctx, key, func(c *Call) {
		if c.State == Refused {
			c.Outcome, c.Next = Outcome{State: Unconfirmed, Why: "reopened"}, time.Time{}
		}
	})
	return err
}

func (s *Set) named(name string) Processor {
	i := slices.IndexFunc(s.all, func(p Processor) bool { return p.Name() == name })
	if i < 0 {
		return nil
	}
	return s.all[i]
}

// each runs f for all processors at once.
func (s *Set) each(f func(Processor) (Call, error)) ([]Call, error) {
	calls, errs := make([]Call, len(s.all)), make([]error, len(s.all))
	var wg sync.WaitGroup
	for i, p := range s.all {
		wg.Go(func() { calls[i], errs[i] = f(p) })
	}
	wg.Wait()
	return calls, errors.Join(errs...)
}

// try runs one attempt in its time. What a processor returns is taken for what it is worth: an error leaves no success standing.
func (s *Set) try(ctx context.Context, within time.Duration, f func(context.Context) (Outcome, error)) (Outcome, error) {
	if within == 0 {
		within = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	o, err := f(ctx)
	switch {
	case o.State == "":
		o.State = Unconfirmed
	case !slices.Contains(states, o.State):
		return Outcome{State: Unconfirmed, Why: "answer"}, ErrAnswer
	}
	if err != nil && (o.State != Refused || !errors.Is(err, ErrRefused)) {
		o.State = Unconfirmed
		if o.Why == "" {
			o.Why, _ = failure(err)
		}
	}
	return o, err
}

var states = []State{Unconfirmed, Accepted, Refused, Nothing, Done}
