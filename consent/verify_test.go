package consent

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"math"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// longLedger is a store with nothing but entries, some of which are only there later.
type longLedger struct {
	Store
	entries []Entry
	mu      sync.Mutex
	shown   int // so many, and 300 more with each reading
	alone   bool
	failed  map[uint64]bool // pages that could not be read once; nil: nothing fails
}

func (l *longLedger) InTx(context.Context) bool { return l.alone }

var errReading = errors.New("cannot be read")

func (l *longLedger) Ledger(_ context.Context, after uint64, limit int) ([]Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed != nil && after > 0 && after%page == 0 && !l.failed[after] {
		l.failed[after] = true
		return nil, errReading
	}
	shown := l.entries[:min(l.shown, len(l.entries))]
	l.shown += 300
	from := len(shown)
	if after < math.MaxUint64 {
		from, _ = slices.BinarySearchFunc(shown, after+1, func(e Entry, seq uint64) int { return cmp.Compare(e.Seq, seq) })
	}
	return slices.Clone(shown[from:min(len(shown), from+limit)]), nil
}

// Parts of a ledger are looked at side by side, and what is found is what one finds who goes through it in order.
func TestALongLedgerIsVerifiedAsIfInOrder(t *testing.T) {
	t.Parallel()
	whole := make([]Entry, 5*page+7)
	for i := range whole {
		whole[i] = Entry{Method: Accepted, At: noon, Subject: Subject{byte(i)}}
	}
	chain("acme", Head{}, whole)
	for name, alter := range map[string]func(es []Entry) []Entry{
		"whole":       func(es []Entry) []Entry { return es },
		"empty":       func(es []Entry) []Entry { return nil },
		"one":         func(es []Entry) []Entry { return es[:1] },
		"a page":      func(es []Entry) []Entry { return es[:page] },
		"two pages":   func(es []Entry) []Entry { return es[:2*page] },
		"last of one": func(es []Entry) []Entry { es[page-1].Denied = 2; return es },
		"next":        func(es []Entry) []Entry { es[page].Denied = 2; return es },
		"hash":        func(es []Entry) []Entry { es[2*page-1].Hash[3]++; return es },
		"many":        func(es []Entry) []Entry { es[7].Denied = 2; es[page+1].Policy = 3; es[4*page].Place = "x"; return es },
		"more than are told of": func(es []Entry) []Entry {
			for i := range es {
				if i%9 == 0 {
					es[i].Signal = true
				}
			}
			return es
		},
		"no first":         func(es []Entry) []Entry { return es[1:] },
		"no page":          func(es []Entry) []Entry { return slices.Delete(es, page, 2*page) },
		"much missing":     func(es []Entry) []Entry { return slices.Delete(es, page-100, 3*page+100) },
		"first of a page":  func(es []Entry) []Entry { return slices.Delete(es, page, page+1) },
		"far away":         func(es []Entry) []Entry { es[len(es)-1].Seq = math.MaxInt64 - 3; return es },
		"as far as can be": func(es []Entry) []Entry { es[len(es)-1].Seq = math.MaxUint64; return es },
	} {
		entries := alter(slices.Clone(whole))
		want, h, last := Verification{}, sha256.New(), Entry{}
		for i := range entries {
			want.Broken, _ = follow(want.Broken, h, nil, "acme", &last, &entries[i])
			want.Entries++
			last = entries[i]
		}
		want.Broken = want.Broken[:min(100, len(want.Broken))]
		want.Head = Head{Seq: last.Seq, Hash: last.Hash}
		for _, alone := range []bool{false, true} {
			rep, err := verify(t, &longLedger{entries: entries, shown: len(entries), alone: alone})
			require.NoError(t, err)
			require.Equal(t, want, rep, name)
		}
	}
	// Others add to it meanwhile.
	for _, shown := range []int{1, page - 1, page, page + 250, 3*page + 1} {
		rep, err := verify(t, &longLedger{entries: whole, shown: shown})
		require.NoError(t, err)
		require.True(t, rep.OK(), "%d: %v", shown, rep.Broken)
		require.GreaterOrEqual(t, rep.Entries, uint64(shown))
	}
	// What cannot be read beside others is read alone, and what cannot be read then is an error.
	_, err := verify(t, &longLedger{entries: whole, shown: len(whole), alone: true, failed: map[uint64]bool{}})
	require.ErrorIs(t, err, errReading)
	if runtime.GOMAXPROCS(0) > 1 {
		rep, err := verify(t, &longLedger{entries: whole, shown: len(whole), failed: map[uint64]bool{}})
		require.NoError(t, err)
		require.Equal(t, uint64(len(whole)), rep.Entries)
	}
}

func verify(t *testing.T, l *longLedger) (Verification, error) {
	t.Helper()
	m := manager(t, func(c *Config) { c.Store, c.Pseudonyms = l, testKey("k2") })
	return m.Verify(tenancy.With(t.Context(), acme))
}
