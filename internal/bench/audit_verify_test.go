package bench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
)

var auditEvents = flag.Int("auditevents", 200_000, "events of the bundle of workload Z")

// Workload Z, verifying: one operation is audit.Verify of a whole bundle in memory, on one core. plain has events of about
// 480 bytes without erasable values, six has those of the other workloads, whose values are all opened. Beside it, SHA-256 of
// the same bytes and no more: of each event and, for six, of what each commitment is over.
func BenchmarkAuditVerify(b *testing.B) {
	for _, kind := range []string{"plain", "six"} {
		b.Run(kind, func(b *testing.B) {
			w := newBundle(b, *auditEvents, kind == "six")
			compare(b, w.verifications(), nil)
			n := float64(w.events)
			report(b, "bundle", 1, map[string]float64{"events": n, "MB": float64(len(w.bundle)) / 1e6, "hashed-MB": float64(len(w.hashed)) / 1e6,
				"allocs/event": measured["AuditVerify/"+kind+"/ours allocs"] / n})
		})
	}
}

func TestBundlesVerify(t *testing.T) {
	for kind, fields := range map[string]uint64{"plain": 0, "six": 6 * 3000} {
		t.Run(kind, func(t *testing.T) {
			w := newBundle(t, 3000, fields > 0)
			r, err := audit.Verify(context.Background(), bytes.NewReader(w.bundle), w.policy)
			if err != nil || r.Opened != fields || uint64(len(w.ends)) != r.Events+r.Opened {
				t.Fatal(r, err)
			}
			checkWays(t, w.verifications())
			w.bundle = bytes.Clone(w.bundle)
			w.bundle[len(w.bundle)/2] ^= 1
			if err := w.verify(); err == nil {
				t.Fatal("a bit was turned and nobody saw it")
			}
		})
	}
}

// auditBundle is a bundle and what there is to hash in it.
type auditBundle struct {
	bundle []byte
	policy audit.Policy
	events int
	hashed []byte // one after the other
	ends   []int  // where each ends
}

// newBundle makes the bundle of a log of so many events. It ends with one more, which says that it was made.
func newBundle(tb testing.TB, events int, six bool) *auditBundle {
	tb.Helper()
	store := audit.NewMemory()
	log, key := openLogOver(tb, store)
	ctx := tenantContexts(1)[0]
	w := &auditBundle{events: events + 1}
	next, r := supply(4096), rand.New(rand.NewPCG(2, 3))
	for left := events; left > 0; {
		batch := make([]audit.Event, min(left, 2048))
		for i := range batch {
			if batch[i] = next().event; !six {
				batch[i] = plainHappening(r)
			}
		}
		if _, err := log.Append(ctx, batch...); err != nil {
			tb.Fatal(err)
		}
		left -= len(batch)
	}
	var out bytes.Buffer
	c, err := log.Bundle(ctx, &out, audit.Bundling{By: audit.Party{Type: "service", ID: "bench"}})
	if err != nil {
		tb.Fatal(err)
	}
	w.bundle = out.Bytes()
	// The checkpoint came another way, so that all of it is vouched for.
	w.policy = audit.Policy{Keys: []audit.Key{{Verifier: key}}, Trusted: [][]byte{c.Note}}
	add := func(parts ...[]byte) {
		for _, p := range parts {
			w.hashed = append(w.hashed, p...)
		}
		w.ends = append(w.ends, len(w.hashed))
	}
	for from := uint64(0); from < c.Size; from += 1 << 14 {
		err = store.Leaves(ctx, from, min(c.Size, from+1<<14), func(s audit.Stored) error {
			add([]byte{0}, s.Leaf)
			for _, o := range s.Open {
				fields, err := openedFields(o.Data)
				if err != nil {
					return err
				}
				for _, f := range fields {
					if six {
						add(f.committedBytes())
					}
				}
			}
			return nil
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	return w
}

func (w *auditBundle) verify() error {
	r, err := audit.Verify(context.Background(), bytes.NewReader(w.bundle), w.policy)
	switch {
	case err != nil:
		return err
	case r.Verdict != audit.OK || r.Events != uint64(w.events):
		return fmt.Errorf("the report is %s", r)
	}
	return nil
}

func (w *auditBundle) verifications() []way {
	perSecond := func(ns float64) (string, float64) { return "Mevents/s", float64(w.events) / ns * 1e3 }
	return []way{
		{name: "ours", vs: []string{"sha256"}, also: perSecond, open: func(testing.TB) func(int) error { return shared(1, w.verify) }},
		{name: "sha256", also: perSecond, open: func(testing.TB) func(int) error {
			return shared(1, func() error {
				var all [32]byte
				from := 0
				for _, end := range w.ends {
					h := sha256.Sum256(w.hashed[from:end])
					all[0] ^= h[0]
					from = end
				}
				sink = all[0]
				return nil
			})
		}},
	}
}

// sink keeps what is computed from being optimised away.
var sink byte
