package audit

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"golang.org/x/mod/sumdb/note"
)

// Options are the settings of [Open].
type Options struct {
	// Origin names the logs to the outside: a host and path of yours without scheme, such as
	// "example.com/audit". It is the origin line of the log of heads; a tenant's adds "/" and a keyed hash of its
	// id. It never changes.
	Origin string
	// Signer signs checkpoints (c2sp.org/signed-note): what NewSigner returns, or any other, such as a service that
	// keeps the key, with its public key in Verifiers.
	Signer note.Signer
	// Verifiers are the public keys, beside the Signer's, whose checkpoints the log goes on from: those it was
	// signed with before. A log whose newest checkpoint is by none of them is refused ([ErrSigner]): after a
	// change of keys, name the one before, until each tenant's log was signed anew.
	Verifiers []note.Verifier
	// Key makes pseudonyms and cursors. It never changes: what was found by a subject's pseudonym is not found
	// under another key.
	Key tenancy.Key
	// Sealer encrypts erasable values; nil leaves them readable to who can read the database and its backups.
	Sealer Sealer
	// Interval is how often Run makes checkpoints; 0 means a second. Every is how many events make one due
	// earlier; 0 means 256.
	Interval time.Duration
	Every    int
	// Tenants lists the tenants whose logs Run looks after beside those this process wrote to: without it, what
	// a crashed process left parked waits for the tenant's next event.
	Tenants func(ctx context.Context) iter.Seq2[tenancy.ID, error]
	// Witnesses cosign the log of heads and Anchors keep its checkpoints where nobody with the database can
	// reach them. Without either, a log that was rewritten as a whole by who has the database and the
	// signer's key is not found out.
	Witnesses []Witness
	Anchors   []Anchoring
	// Logger is told what Run could not do; nil means silence.
	Logger *slog.Logger
}

// Log is the logs of all tenants. It is safe for concurrent use. Close it.
type Log struct {
	store  Store
	opts   Options
	known  note.Verifiers // whose checkpoints are gone on from
	coders *sync.Pool     // of *coder

	mu     sync.Mutex
	queues map[tenancy.ID]*queue
	kicked map[tenancy.ID]bool // tenants whose log is being drained; true: to be drained again
	reused map[tenancy.ID]bool // see tellReused
	closed bool
	busy   sync.WaitGroup
	life   context.Context // ends with the log
	end    context.CancelFunc
	// placed, if set, is told of n events that got their places through this process, and of the places as far as
	// it knows them, before their writers are. It must not block.
	placed func(tenant tenancy.ID, n int, places []Placed)

	signing signing
	proofs  proofCache
}

// Open opens the logs in s. The log of heads is compared with what it signed before, and one that went
// backwards is refused ([ErrBackwards]), and so is one that somebody else signed ([ErrSigner]).
func Open(ctx context.Context, s Store, o Options) (*Log, error) {
	switch {
	case s == nil:
		return nil, errors.New("audit: a log needs a store")
	case o.Signer == nil:
		return nil, errors.New("audit: a log needs a signer")
	case o.Key.IsZero():
		return nil, errors.New("audit: a log needs a key")
	case !isOrigin(o.Origin):
		return nil, fmt.Errorf("audit: %q is no origin", o.Origin)
	case o.Interval < 0 || o.Every < 0:
		return nil, errors.New("audit: an option is negative")
	}
	if err := o.checkOutside(); err != nil {
		return nil, err
	}
	known, err := o.knownKeys()
	if err != nil {
		return nil, err
	}
	if o.Interval == 0 {
		o.Interval = time.Second
	}
	if o.Every == 0 {
		o.Every = 256
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	l := &Log{
		store: s, opts: o, known: known, coders: newCoders(o.Key), queues: map[tenancy.ID]*queue{}, kicked: map[tenancy.ID]bool{},
		reused:  map[tenancy.ID]bool{},
		signing: newSigning(o),
	}
	if err := l.openHeads(ctx); err != nil {
		return nil, err
	}
	l.placed = l.remember
	l.life, l.end = context.WithCancel(context.Background())
	return l, nil
}

// isOrigin reports whether s can be the first line of a checkpoint and the name of a key.
func isOrigin(s string) bool {
	if s == "" || len(s) > 200 {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || s[i] == '+' {
			return false
		}
	}
	return true
}
