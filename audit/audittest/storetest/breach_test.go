package storetest_test

import (
	"bytes"
	"context"
	"os"
	osexec "os/exec"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/audittest/storetest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// broken is a store that keeps all of the contract but for the calls that are overridden.
type broken struct {
	audit.Store
	broken overrides
}

// overrides are the calls that a breach changes.
type overrides struct {
	notices   string // the test that fails
	append    func(ctx context.Context, s audit.Store, e []audit.Entry) ([]audit.Placed, error)
	hashes    func(ctx context.Context, s audit.Store, from, to uint64) ([]byte, error)
	each      func(audit.Stored) audit.Stored
	grow      func(ctx context.Context, s audit.Store, from, to uint64, f []byte, tiles []audit.Tile) error
	tx        func(ctx context.Context, s audit.Store, f func(context.Context) error) error
	park      func(ctx context.Context, s audit.Store, e []audit.Entry) ([]audit.Placed, error)
	committed func(ctx context.Context, s audit.Store, f func())
	reopen    func(ctx context.Context, s audit.Store, who audit.Pseudonym, with []audit.Reopening) error
	prune     func(ctx context.Context, s audit.Store, to, event uint64) error
	find      func(audit.Find) audit.Find
	byID      func(ctx context.Context, s audit.Store, id uuid.UUID) (audit.Stored, error)
	signed    func(audit.Signed) audit.Signed
}

func (b *broken) Append(ctx context.Context, e []audit.Entry) ([]audit.Placed, error) {
	if b.broken.append != nil {
		return b.broken.append(ctx, b.Store, e)
	}
	return b.Store.Append(ctx, e)
}

func (b *broken) Hashes(ctx context.Context, from, to uint64) ([]byte, error) {
	if b.broken.hashes != nil {
		return b.broken.hashes(ctx, b.Store, from, to)
	}
	return b.Store.Hashes(ctx, from, to)
}

func (b *broken) Leaves(ctx context.Context, from, to uint64, f func(audit.Stored) error) error {
	return b.Store.Leaves(ctx, from, to, func(e audit.Stored) error {
		if b.broken.each != nil {
			e = b.broken.each(e)
		}
		return f(e)
	})
}

func (b *broken) Grow(ctx context.Context, from, to uint64, frontier []byte, tiles []audit.Tile) error {
	if b.broken.grow != nil {
		return b.broken.grow(ctx, b.Store, from, to, frontier, tiles)
	}
	return b.Store.Grow(ctx, from, to, frontier, tiles)
}

func (b *broken) Tx(ctx context.Context, f func(context.Context) error) error {
	if b.broken.tx != nil {
		return b.broken.tx(ctx, b.Store, f)
	}
	return b.Store.Tx(ctx, f)
}

func (b *broken) Park(ctx context.Context, e []audit.Entry) ([]audit.Placed, error) {
	if b.broken.park != nil {
		return b.broken.park(ctx, b.Store, e)
	}
	return b.Store.Park(ctx, e)
}

func (b *broken) Committed(ctx context.Context, f func()) {
	if b.broken.committed != nil {
		b.broken.committed(ctx, b.Store, f)
		return
	}
	b.Store.Committed(ctx, f)
}

func (b *broken) Reopen(ctx context.Context, who audit.Pseudonym, with []audit.Reopening) error {
	if b.broken.reopen != nil {
		return b.broken.reopen(ctx, b.Store, who, with)
	}
	return b.Store.Reopen(ctx, who, with)
}

func (b *broken) Prune(ctx context.Context, to, event uint64) error {
	if b.broken.prune != nil {
		return b.broken.prune(ctx, b.Store, to, event)
	}
	return b.Store.Prune(ctx, to, event)
}

func (b *broken) Find(ctx context.Context, q audit.Find, f func(audit.Stored) error) error {
	if b.broken.find != nil {
		q = b.broken.find(q)
	}
	return b.Store.Find(ctx, q, f)
}

func (b *broken) ByID(ctx context.Context, id uuid.UUID) (audit.Stored, error) {
	if b.broken.byID != nil {
		return b.broken.byID(ctx, b.Store, id)
	}
	return b.Store.ByID(ctx, id)
}

func (b *broken) SignedTile(ctx context.Context, id audit.TileID) (audit.Signed, []byte, error) {
	newest, tile, err := b.Store.SignedTile(ctx, id)
	if b.broken.signed != nil {
		newest = b.broken.signed(newest)
	}
	return newest, tile, err
}

// breaches are ways to break the contract that real stores were seen to take.
var breaches = map[string]overrides{
	"the last hash is read and the next place written without a lock": {notices: "32 writers of several handles leave no gap, no fork and nothing out", append: func(ctx context.Context, s audit.Store, e []audit.Entry) ([]audit.Placed, error) {
		size, err := s.Size(ctx)
		if err != nil {
			return nil, err
		}
		time.Sleep(time.Millisecond) // others come in between
		placed, err := s.Append(ctx, e)
		for i := range placed {
			placed[i].Seq = size + uint64(i)
		}
		return placed, err
	}},
	"a retry gets a place of its own": {notices: "an id is in the log once", append: func(ctx context.Context, s audit.Store, e []audit.Entry) ([]audit.Placed, error) {
		e = append([]audit.Entry(nil), e...)
		for i := range e {
			if _, err := s.ByID(ctx, e[i].ID); err == nil {
				e[i].ID = uuid.New()
			}
		}
		return s.Append(ctx, e)
	}},
	"a refused batch is stored by half": {notices: "an id that stands for another action stops the whole append", append: func(ctx context.Context, s audit.Store, e []audit.Entry) (placed []audit.Placed, err error) {
		for i := range e {
			one, err := s.Append(ctx, e[i:i+1])
			if err != nil {
				return nil, err
			}
			placed = append(placed, one...)
		}
		return placed, nil
	}},
	"missing hashes are zero": {notices: "hashes of a range, or an error if one is missing", hashes: func(ctx context.Context, s audit.Store, from, to uint64) ([]byte, error) {
		if b, err := s.Hashes(ctx, from, to); err == nil {
			return b, nil
		}
		return make([]byte, (to-from)*32), nil
	}},
	"leaves are normalized": {notices: "an entry comes back as it was stored", each: func(e audit.Stored) audit.Stored {
		e.Leaf = bytes.ReplaceAll(e.Leaf, []byte(`\u2028`), []byte("\u2028"))
		return e
	}},
	"time is of the reader's zone": {notices: "an entry comes back as it was stored", each: func(e audit.Stored) audit.Stored {
		e.Recorded = e.Recorded.In(time.FixedZone("", 3600))
		return e
	}},
	"the tree is grown whatever it was": {notices: "of many who grow the tree one wins", grow: func(ctx context.Context, s audit.Store, _, to uint64, f []byte, tiles []audit.Tile) error {
		from, _, err := s.Grown(ctx)
		if err != nil {
			return err
		}
		return s.Grow(ctx, from, max(from, to), f, tiles)
	}},
	"a failed transaction is committed": {notices: "what a transaction that failed did is not in force", tx: func(ctx context.Context, s audit.Store, f func(context.Context) error) (err error) {
		if txErr := s.Tx(ctx, func(ctx context.Context) error { err = f(ctx); return nil }); txErr != nil {
			return txErr
		}
		return err
	}},
	"there are no transactions": {notices: "a transaction sees what it did and nobody else does", tx: func(ctx context.Context, _ audit.Store, f func(context.Context) error) error { return f(ctx) }},
	"what is parked does not wait for the commit": {notices: "what was parked by a transaction that was rolled back never gets a place", park: func(ctx context.Context, s audit.Store, e []audit.Entry) ([]audit.Placed, error) {
		id, err := tenancy.From(ctx)
		if err != nil {
			return nil, err
		}
		return s.Park(tenancy.With(context.Background(), id), e)
	}},
	"what waits for the commit does not wait": {notices: "what waits for the commit runs after it and never without", committed: func(_ context.Context, _ audit.Store, f func()) { f() }},
	"holds bind nobody who erases": {notices: "what a hold covers is not reopened", reopen: func(ctx context.Context, s audit.Store, who audit.Pseudonym, with []audit.Reopening) error {
		return s.Tx(ctx, func(ctx context.Context) error {
			holds, err := s.Holds(ctx)
			if err != nil {
				return err
			}
			for _, h := range holds {
				_ = s.Release(ctx, h.ID)
			}
			err = s.Reopen(ctx, who, with)
			for _, h := range holds {
				_ = s.Hold(ctx, h)
			}
			return err
		})
	}},
	"pruning needs no event": {notices: "nothing is pruned that no event of the log names", prune: func(ctx context.Context, s audit.Store, to, event uint64) error {
		if err := s.Prune(ctx, to, event); err == nil {
			return nil
		}
		var found []uint64
		_ = s.Find(ctx, audit.Find{Actions: []string{"audit.pruned"}, Limit: 1}, func(e audit.Stored) error { found = append(found, e.Seq); return nil })
		if len(found) == 0 {
			return audit.ErrNotFound
		}
		return s.Prune(ctx, 256, found[0])
	}},
	"until is included":         {notices: "a range has its first and not its last", find: func(q audit.Find) audit.Find { q.Until = later(q.Until); return q }},
	"the end of a range counts": {notices: "a range has its first and not its last", find: func(q audit.Find) audit.Find { q.To += min(q.To, 1); return q }},
	"no checkpoint has a place among the heads": {notices: "the newest checkpoint and a tile come together", signed: func(c audit.Signed) audit.Signed {
		if c.Size > 0 {
			c.HeadsIndex = -1
		}
		return c
	}},
	"what is not found is empty": {notices: "an event is found by its id", byID: func(ctx context.Context, s audit.Store, id uuid.UUID) (audit.Stored, error) {
		e, _ := s.ByID(ctx, id)
		return e, nil
	}},
}

func later(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(time.Microsecond)
}

const breachEnv = "BAILIWICK_STORE_BREACH"

// TestABreach runs the contract over a broken store, for the test below.
func TestABreach(t *testing.T) {
	name, ok := os.LookupEnv(breachEnv)
	if !ok {
		return
	}
	o, known := breaches[name]
	if !known && name != "none" {
		return // and so pass, which the caller takes for a failure
	}
	storetest.Run(t, func(testing.TB) storetest.Harness {
		s := &broken{Store: audit.NewMemory(), broken: o}
		return storetest.Harness{Stores: []audit.Store{s, s}, Tenant: func(testing.TB) tenancy.ID { return tenancy.NewID() }}
	})
}

func TestTheContractNoticesEachBreach(t *testing.T) {
	t.Parallel()
	run := func(name, only string) ([]byte, error) {
		cmd := osexec.Command(os.Args[0], "-test.run=^TestABreach$/^"+strings.ReplaceAll(only, " ", "_"), "-test.timeout=10m", "-rapid.nofailfile", "-rapid.shrinktime=1ms")
		cmd.Env = append(os.Environ(), breachEnv+"="+name)
		return cmd.CombinedOutput()
	}
	out, err := run("none", "a")
	require.NoError(t, err, string(out)) // what is not broken passes
	for name, o := range breaches {
		out, err := run(name, o.notices)
		require.Error(t, err, "the contract does not notice that %s", name)
		require.Contains(t, string(out), "--- FAIL: TestABreach/"+strings.ReplaceAll(o.notices, " ", "_"), name)
	}
}
