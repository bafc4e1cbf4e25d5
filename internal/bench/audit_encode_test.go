package bench

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// Workload E, encoding: what recording an event with six erasable values costs before it goes to the database: salts,
// commitments, the event as it will be hashed, its hash, the pseudonyms of two parties, the values kept beside it. A store that
// keeps nothing takes 512 events at once. Beside it, no more than the hashes of the same, and no more than one JSON line
// and its hash, for those with nothing to erase.
func BenchmarkAuditEncode(b *testing.B) {
	b.Run("six", func(b *testing.B) { compare(b, encodings(b), nil) })
}

func TestEncodedEventsCommitToTheirValues(t *testing.T) {
	checkWays(t, encodings(t))
	store := &keepsNothing{Store: audit.NewMemory()}
	log, _ := openLogOver(t, store)
	h := happenings(1)[0]
	if err := log.Record(tenantContexts(1)[0], h.event); err != nil {
		t.Fatal(err)
	}
	left := h.personal()
	for _, o := range store.last.Open {
		fields, err := openedFields(o.Data)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range fields {
			sum := sha256.Sum256(f.committedBytes())
			if !bytes.Contains(store.last.Leaf, []byte(base64.RawURLEncoding.EncodeToString(sum[:]))) {
				t.Errorf("the leaf has no commitment to %s", f.label)
			}
			for i := range left {
				if left[i] == [2]string{string(f.label), string(f.value)} {
					left[i] = [2]string{}
				}
			}
		}
	}
	if left != [6][2]string{} || len(store.last.Open) != 2 {
		t.Error("not kept: ", left, len(store.last.Open))
	}
}

// keepsNothing is a store that a transaction is always under way in, and that takes what is recorded in it for the answer.
type keepsNothing struct {
	audit.Store
	last   audit.Entry
	answer []audit.Placed
}

func (s *keepsNothing) InTx(context.Context) bool { return true }

func (s *keepsNothing) Park(_ context.Context, entries []audit.Entry) ([]audit.Placed, error) {
	s.last = entries[len(entries)-1]
	for len(s.answer) < len(entries) {
		s.answer = append(s.answer, audit.Placed{Parked: true})
	}
	return s.answer[:len(entries)], nil
}

func (s *keepsNothing) Committed(context.Context, func()) {}

func encodings(tb testing.TB) []way {
	const atOnce = 512
	all := happenings(atOnce)
	ctx := tenantContexts(1)[0]
	// encoded is what the hashes are of: each event as it is hashed, and what its commitments are over.
	type encoded struct {
		leaf      []byte
		committed [][]byte
		parties   [2][]byte
	}
	var work []encoded
	store := &keepsNothing{Store: audit.NewMemory()}
	log, _ := openLogOver(tb, store)
	for i := range all {
		e := &all[i].event
		if err := log.Record(ctx, *e); err != nil {
			tb.Fatal(err)
		}
		w := encoded{leaf: append([]byte{0}, store.last.Leaf...), parties: [2][]byte{inTenant(e.Actor.Subject()), inTenant(e.Targets[0].Subject())}}
		for _, o := range store.last.Open {
			fields, err := openedFields(o.Data)
			if err != nil {
				tb.Fatal(err)
			}
			for _, f := range fields {
				w.committed = append(w.committed, f.committedBytes())
			}
		}
		work = append(work, w)
	}
	return []way{
		{name: "ours", vs: []string{"hashes", "json"}, open: func(testing.TB) func(int) error {
			events := make([]audit.Event, atOnce)
			for i := range all {
				events[i] = all[i].event
			}
			return func(n int) error {
				for ; n > 0; n -= atOnce {
					k := min(n, atOnce)
					r, err := log.Append(ctx, events[:k]...)
					if err != nil {
						return err
					}
					if len(r) != k || !r[0].Pending {
						return errors.New("it was not recorded")
					}
				}
				return nil
			}
		}},
		{name: "hashes", open: func(tb testing.TB) func(int) error {
			mac, sum, i := hmac.New(sha256.New, make([]byte, 32)), make([]byte, 0, 32), 0
			return shared(1, func() error {
				w := &work[i%atOnce]
				i++
				if len(w.committed) != 6 {
					return fmt.Errorf("%d commitments", len(w.committed))
				}
				h := sha256.Sum256(w.leaf)
				sink = h[0]
				for _, c := range w.committed {
					h = sha256.Sum256(c)
					sink ^= h[0]
				}
				for _, p := range w.parties {
					mac.Reset()
					mac.Write(p)
					sum = mac.Sum(sum[:0])
					sink ^= sum[0]
				}
				return nil
			})
		}},
		{name: "json", open: func(testing.TB) func(int) error {
			i := 0
			return shared(1, func() error {
				b, err := json.Marshal(&all[i%atOnce].plain)
				i++
				h := sha256.Sum256(b)
				sink = h[0]
				return err
			})
		}},
	}
}

// inTenant is what the pseudonym of who is over.
func inTenant(who audit.Subject) []byte {
	t := tenantName(0)
	return append(append([]byte{byte(len(t))}, t...), who...)
}
