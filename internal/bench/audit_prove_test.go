package bench

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Workload Q, proving: one operation makes the proof that a random event of 2^17 is in the log on Postgres. Beside it, a read
// of one of the events, in one round trip.
func BenchmarkAuditProve(b *testing.B) {
	w := newAuditWorld(b, dbtest.Postgres(b))
	b.Run("postgres", func(b *testing.B) { compare(b, w.proofs(b, 1<<17), w.serverCPU) })
}

func TestProofsAreOfTheirEvents(t *testing.T) {
	w := newAuditWorld(t, dbtest.Postgres(t))
	checkWays(t, w.proofs(t, 1000))
}

func (w *auditWorld) proofs(tb testing.TB, events uint64) []way {
	db := w.open(tb, 2).TenantDB()
	log, store, key := openLog(tb, db)
	r := rand.New(rand.NewPCG(8, 8))
	for size := uint64(0); size < events; {
		batch := make([]audit.Event, min(events-size, 2048))
		for i := range batch {
			batch[i] = plainHappening(r)
		}
		if _, err := log.Append(w.ctx, batch...); err != nil {
			tb.Fatal(err)
		}
		size += uint64(len(batch))
	}
	c, err := log.Checkpoint(w.ctx)
	if err != nil || c.Size != events {
		tb.Fatal(c.Size, err)
	}
	w.exec(tb, w.Admin.DSN, "VACUUM ANALYZE")
	prove := func() error {
		seq := rand.Uint64N(events)
		p, err := log.Prove(w.ctx, seq)
		if err == nil && (p.Seq != seq || !bytes.Equal(p.Checkpoint, c.Note)) {
			err = errors.New("it is the proof of something else")
		}
		return err
	}
	check := func(seq uint64) error {
		p, err := log.Prove(w.ctx, seq)
		if err != nil {
			return err
		}
		text, err := p.MarshalText()
		if err != nil {
			return err
		}
		return store.Leaves(w.ctx, seq, seq+1, func(s audit.Stored) error {
			if _, err := audit.VerifyProof(text, s.Leaf, c.Origin, key); err != nil {
				return err
			}
			if _, err := audit.VerifyProof(text, append(s.Leaf, ' '), c.Origin, key); err == nil {
				return fmt.Errorf("the proof of %d is one of another event too", seq)
			}
			return nil
		})
	}
	return []way{
		{name: "point_read", open: func(testing.TB) func(int) error {
			return shared(1, func() error { return readHash(w, db, rand.Int64N(int64(events))) })
		}},
		{name: "ours", vs: []string{"point_read"}, open: func(tb testing.TB) func(int) error {
			for _, seq := range []uint64{0, events / 3, events - 1} {
				if err := check(seq); err != nil {
					tb.Fatal(err)
				}
			}
			return shared(1, prove)
		}},
	}
}

func readHash(w *auditWorld, db *tenantdb.DB, seq int64) error {
	var hash []byte
	err := db.Row(w.ctx, "SELECT hash FROM audit_event WHERE seq = $1", []any{seq}, []any{&hash})
	if err == nil && len(hash) != 32 {
		err = fmt.Errorf("event %d has a hash of %d bytes", seq, len(hash))
	}
	return err
}
