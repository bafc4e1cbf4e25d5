package storetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Race runs readers in all processes of a harness against one withdrawal, again and again, and returns what it saw. stall is how long
// readers wait at most, by chance, between having the rows and handing them over: it stands for a pause of the collector or a busy machine.
func Race(t *testing.T, h Harness, rounds, readers int, stall time.Duration) (r Raced) {
	house := newHouse(t, h)
	house.fill(t, "one", "two", "three")
	var desks []*desk
	first := house.desk(t, 0, nil)
	for i := range max(2, len(h.Stores)) {
		desks = append(desks, first.again(t, i))
	}
	for range rounds {
		first.race(t, desks, readers, stall, &r)
	}
	slices.Sort(r.Withdrawals)
	return r
}

// Raced is what [Race] saw.
type Raced struct {
	Reads       int64           // that handed over
	Began       int64           // of those, that began after the withdrawal had returned: L1 is broken
	Late        int64           // that handed over after it had returned: L2 is broken
	Unaudited   int64           // whose entry was not in the log: L3 is broken
	Withdrawals []time.Duration // how long each took, in rising order
}

func (d *desk) race(t *testing.T, desks []*desk, readers int, stall time.Duration, r *Raced) {
	g := d.grant(t, func(r *supportgrant.NewRequest) { r.Ticket = uuid.NewString() })
	var withdrawn atomic.Bool
	var reads, began, late atomic.Int64
	var wg sync.WaitGroup
	begun := make(chan struct{}, readers)
	for i := range readers {
		s := desks[i%len(desks)]
		wg.Go(func() {
			for n := 0; ; n++ {
				after := withdrawn.Load()
				err := supportgrant.Use(s.ctx, s.Service, posts(g), func(context.Context, supportgrant.Page[post]) error {
					if stall > 0 {
						time.Sleep(rand.N(stall))
					}
					reads.Add(1)
					if withdrawn.Load() {
						late.Add(1)
					}
					if after {
						began.Add(1)
					}
					return nil
				})
				if n == 0 {
					begun <- struct{}{}
				}
				if errors.Is(err, supportgrant.ErrTooSlow) {
					continue
				}
				if err != nil {
					if !errors.Is(err, supportgrant.ErrNotGranted) {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	for range readers {
		<-begun
	}
	require.Eventually(t, func() bool { return reads.Load() > 0 || t.Failed() }, time.Minute, time.Millisecond, "where all are slow, one of them has read before the withdrawal")
	time.Sleep(rand.N(5 * time.Millisecond))
	at := time.Now()
	err := desks[rand.IntN(len(desks))].withdraw(g)
	took := time.Since(at)
	withdrawn.Store(true)
	wg.Wait()
	require.NoError(t, err)
	r.Reads, r.Began, r.Late = r.Reads+reads.Load(), r.Began+began.Load(), r.Late+late.Load()
	r.Withdrawals = append(r.Withdrawals, took)
	if missing := reads.Load() - d.audited(t, g.ID); missing > 0 {
		r.Unaudited += missing
	}
}

// withdraw ends a grant in one of the ways there are.
func (d *desk) withdraw(g supportgrant.Grant) (err error) {
	switch rand.IntN(4) {
	case 0:
		_, err = d.WithdrawTicket(d.ctx, g.Ticket, "closed")
	case 1:
		_, err = d.WithdrawStaff(d.ctx, g.Staff, "left")
	case 2:
		_, err = d.Deny(d.ctx, g.ID, "otto", "")
	default:
		_, err = d.Withdraw(d.ctx, g.ID, "olga", "")
	}
	return err
}

// audited counts the reads in the log of a grant.
func (d *desk) audited(t *testing.T, id supportgrant.GrantID) (n int64) {
	var before supportgrant.Place
	for {
		page, err := d.other().Log(d.ctx, supportgrant.Look{Grant: id, Kinds: []supportgrant.Kind{supportgrant.KindRead}}, before, 500)
		require.NoError(t, err)
		n += int64(len(page))
		if len(page) < 500 {
			return n
		}
		before = supportgrant.Place{At: page[499].At, ID: page[499].ID}
	}
}

// raced is a few rounds, or with BAILIWICK_SOAK=1 as many as a third of a million reads take, if the test's time is enough for these.
func raced(rounds, readers int, stall time.Duration) func(*testing.T, *house) {
	return func(t *testing.T, h *house) {
		r := Race(t, h.Harness, rounds, readers, stall)
		for r.Reads < int64(soak(0, 340_000)) {
			if end, ok := t.Deadline(); ok && time.Until(end) < 2*time.Minute {
				break
			}
			more := Race(t, h.Harness, 20*rounds, readers, stall)
			r.Reads, r.Began, r.Late, r.Unaudited = r.Reads+more.Reads, r.Began+more.Began, r.Late+more.Late, r.Unaudited+more.Unaudited
			r.Withdrawals = append(r.Withdrawals, more.Withdrawals...)
			slices.Sort(r.Withdrawals)
		}
		require.Zero(t, r.Began, "reads that began after the withdrawal had returned")
		require.Zero(t, r.Late, "reads that handed over after the withdrawal had returned")
		require.Zero(t, r.Unaudited, "reads without an entry")
		require.Positive(t, r.Reads)
		t.Logf("%d reads raced %d withdrawals; the median took %v", r.Reads, len(r.Withdrawals), r.Withdrawals[len(r.Withdrawals)/2])
	}
}

var raceTests = []test{
	{"no read begins or hands over after a withdrawal has returned", raced(8, 8, 0)},
	{"nor if readers stall before they hand over", raced(8, 8, time.Millisecond)},
	{"nor with many readers", raced(3, 32, time.Millisecond)},
	{"every history of a grant could have happened one call after the other", func(t *testing.T, h *house) {
		h.fill(t, "one")
		for range soak(3, 300) {
			linearizable(t, h)
		}
	}},
	{"entries of reads are apart, whoever reads at once", func(t *testing.T, h *house) {
		h.fill(t, "one")
		d := h.desk(t, 0, nil)
		g := d.grant(t, nil)
		together(16, func(i int) {
			s := d.again(t, i)
			for range 5 {
				_, err := s.look(g)
				require.NoError(t, err)
			}
		})
		ids := map[uuid.UUID]bool{}
		for _, e := range d.log(t, supportgrant.Look{Kinds: []supportgrant.Kind{supportgrant.KindRead}}) {
			ids[e.ID] = true
		}
		require.GreaterOrEqual(t, len(ids), 80)
	}},
}
