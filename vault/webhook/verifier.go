package webhook

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Options change a [Verifier]. The zero Options is the strict one.
type Options struct {
	// Tolerance is how far the time of a delivery may be from the clock, in either direction: from a second to a day.
	// 0 means 5 minutes.
	Tolerance time.Duration
	// MaxBody is how many bytes a body may have. 0 means 1 MiB.
	MaxBody int64
	// Seen reports whether a delivery came before, and remembers it, in one step. It is asked of signed deliveries only,
	// one question for each; an error refuses the delivery ([ErrReplayUnknown]). nil asks nobody.
	//
	// Remember ID and Time together, for twice the tolerance. Whoever captured a delivery can only send the same pair
	// again, while a sender who tries an event again, because your handler failed, sends its ID with a new Time. With
	// the ID alone you would refuse the event that you have not processed. A store for several endpoints remembers the
	// endpoint too.
	Seen func(context.Context, Delivery) (bool, error)
	// Refuse answers a request that [Verifier.Middleware] does not let through; nil is [Refuse].
	Refuse func(w http.ResponseWriter, r *http.Request, err error)
}

// Delivery is what a verified request says of itself.
type Delivery struct {
	ID   string    // of the event: the same each time it is tried
	Time time.Time // of this attempt, by the sender's clock, in whole seconds
}

// Verifier verifies deliveries to one endpoint. It is safe for concurrent use. The zero Verifier refuses everything.
type Verifier struct {
	keys []key
	opts Options
	made time.Time
}

// NewVerifier returns a verifier for s: "whsec_" or "whpk_". It accepts what either is good for if there are two.
// [ErrSecret] if one of them cannot verify.
//
// It takes a few microseconds, so that an application with one endpoint for each customer can make one for each request,
// of that customer's secrets.
func NewVerifier(s Secrets, o Options) (*Verifier, error) {
	keys, err := s.keys(verifyingKey)
	if err != nil {
		return nil, err
	}
	if o.Tolerance == 0 {
		o.Tolerance = 5 * time.Minute
	}
	if o.Tolerance < time.Second || o.Tolerance > 24*time.Hour {
		return nil, fmt.Errorf("webhook: a tolerance of %v is not between a second and a day", o.Tolerance)
	}
	if o.MaxBody == 0 {
		o.MaxBody = 1 << 20
	}
	if o.MaxBody < 0 {
		return nil, fmt.Errorf("webhook: a body of at most %d bytes", o.MaxBody)
	}
	return &Verifier{keys, o, time.Now()}, nil
}

// Verify says whether body came with h from somebody who has one of the secrets, now and, if [Options.Seen] is there, for
// the first time. body are the bytes as they were received: JSON that was parsed and written again does not verify. The
// keys of h are in their canonical form, as [http.Header.Set] writes them.
//
// The Delivery that comes with an error is empty.
func (v *Verifier) Verify(ctx context.Context, h http.Header, body []byte) (Delivery, error) {
	d, err := v.open(h)
	if err != nil {
		return Delivery{}, err
	}
	return v.check(ctx, d, body)
}

// open reads the headers and refuses what can be refused without the body.
func (v *Verifier) open(h http.Header) (head, error) {
	d, err := parseHead(h)
	if err != nil {
		return head{}, err
	}
	if age := latest(v.made, time.Now()).Sub(time.Unix(d.unix, 0)); age > v.opts.Tolerance || age < -v.opts.Tolerance {
		return head{}, ErrStale
	}
	return d, nil
}

func (v *Verifier) check(ctx context.Context, d head, body []byte) (Delivery, error) {
	if int64(len(body)) > v.opts.MaxBody {
		return Delivery{}, ErrTooLarge
	}
	if !v.signed(d, body) {
		return Delivery{}, ErrSignature
	}
	del := Delivery{d.id, time.Unix(d.unix, 0)}
	if v.opts.Seen != nil {
		switch seen, err := v.opts.Seen(ctx, del); {
		case err != nil:
			return Delivery{}, fmt.Errorf("%w: %w", ErrReplayUnknown, err)
		case seen:
			return Delivery{}, ErrReplayed
		}
	}
	return del, nil
}

func (v *Verifier) signed(d head, body []byte) bool {
	for _, k := range v.keys {
		if k.verify(d, body) {
			return true
		}
	}
	return false
}

// latest is the wall clock of now, but never earlier than the steady clock has got since made: a wall clock that is set
// back gives no delivery more time.
func latest(made, now time.Time) time.Time {
	steady := made.Round(0).Add(now.Sub(made))
	if now = now.Round(0); now.Before(steady) {
		return steady
	}
	return now
}
