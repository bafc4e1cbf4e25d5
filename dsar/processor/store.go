package processor

import (
	"context"
	"time"
)

// Call is what is known of one job at one processor. It holds no personal data.
type Call struct {
	Key       string `json:"key"` // [Key]
	Request   string `json:"request"`
	Processor string `json:"processor"`
	Verb      Verb   `json:"verb"`
	Outcome
	Tries   int       `json:"tries"`         // how often it was sent
	Begun   time.Time `json:"begun"`         // by the store's clock
	Changed time.Time `json:"changed"`       // when its State changed last
	Next    time.Time `json:"next,omitzero"` // not to be sent again before
	Version int64     `json:"-"`             // counts the writes, from 1
}

// A Store keeps the calls of each tenant. [NewMemory] is one for tests. A store over SQL keeps one row a call, with (tenant, key) as its
// primary key.
//
// Every method works on what is ctx's tenant's, joins the transaction that ctx carries, and fails closed: without a tenant, or with a ctx that
// has ended, it does nothing. Times are kept to the microsecond, UTC. Implementations are safe for concurrent use by many processes.
type Store interface {
	// Now returns the time by the store's clock.
	Now(ctx context.Context) (time.Time, error)
	// Begin writes c, with Version 1, if there is no call with its Key, and returns the one there is then.
	Begin(ctx context.Context, c Call) (Call, error)
	// Call returns the call with the key, or ErrNotFound.
	Call(ctx context.Context, key string) (Call, error)
	// Save writes c over the call with its Key if that has c.Version still, and counts that up. ErrConflict: it has another one;
	// ErrNotFound: there is none.
	Save(ctx context.Context, c Call) error
	// Calls returns those of a request, in the order of Processor and Verb.
	Calls(ctx context.Context, request string) ([]Call, error)
}
