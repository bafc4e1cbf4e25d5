package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
)

// client is one of the crowd: it works for one tenant after another, as the connections of a pool do.
type client struct {
	d       *desk
	crowded []org
	rand    *rand.Rand
	nextID  *atomic.Int64

	reads, writes, spoiled, wrong int
	kept                          map[tenancy.ID]int // rows that were committed
	err                           error
}

var (
	errMind  = errors.New("changed its mind")
	firstNew = int64(1_000_000) // ids of rows that the crowd writes
)

// crowd lets clients read and write as ten tenants at once. A third of what they do is cut short: by an
// error, a panic, or a context that is cancelled half-way. No row may come back to anyone but its
// tenant, and in the end exactly those rows may be there whose commit was answered.
func crowd(ctx context.Context, d *desk) (outcome, error) {
	var crowded []org
	for _, o := range d.orgs {
		if o.id != cedar && o.id != dogwood && len(crowded) < 10 {
			crowded = append(crowded, o)
		}
	}
	clients := make([]*client, d.clients)
	var nextID atomic.Int64
	nextID.Store(firstNew)
	began := time.Now()
	var wg sync.WaitGroup
	for i := range clients {
		c := &client{d: d, crowded: crowded, rand: rand.New(rand.NewPCG(d.seed, uint64(i))), nextID: &nextID, kept: map[tenancy.ID]int{}}
		clients[i] = c
		wg.Go(func() {
			for n := 0; n < d.opsEach && c.err == nil; n++ {
				c.err = c.operate(ctx)
				d.ops.Add(1)
			}
		})
	}
	wg.Wait()
	took := time.Since(began)

	sum := client{kept: map[tenancy.ID]int{}}
	for _, c := range clients {
		sum.reads, sum.writes, sum.spoiled, sum.wrong = sum.reads+c.reads, sum.writes+c.writes, sum.spoiled+c.spoiled, sum.wrong+c.wrong
		sum.err = errors.Join(sum.err, c.err)
		for id, n := range c.kept {
			sum.kept[id] += n
		}
	}
	if sum.err != nil {
		return outcome{}, sum.err
	}
	if sum.wrong > 0 {
		return outcome{}, fmt.Errorf("%d rows came back to the wrong tenant", sum.wrong)
	}
	for _, o := range crowded {
		bodies, err := d.texts(ctx, o.id, `SELECT body FROM message WHERE id >= ?`, firstNew)
		if err != nil {
			return outcome{}, err
		}
		if len(bodies) != sum.kept[o.id] || foreign(&o, bodies) > 0 {
			return outcome{}, fmt.Errorf("%s has %d new rows, and %d were committed", o.id, len(bodies), sum.kept[o.id])
		}
	}
	ops := d.clients * d.opsEach
	return outcome{fmt.Sprintf("%s operations by %d clients, %s a second: %s reads, %s writes, %s cut short; 0 rows to the wrong tenant, 0 lost, 0 too many",
		thousands(ops), d.clients, thousands(int64(float64(ops)/took.Seconds())), thousands(sum.reads), thousands(sum.writes), thousands(sum.spoiled)), d.keeper}, nil
}

// operate does one thing, or half of one.
func (c *client) operate(ctx context.Context) error {
	o := c.crowded[c.rand.IntN(len(c.crowded))]
	ctx, cancel := context.WithCancel(tenancy.With(ctx, o.id))
	defer cancel()
	switch n := c.rand.IntN(100); {
	case n < 50:
		c.reads++
		return c.read(ctx, o, func() {})
	case n < 68:
		c.writes++
		c.kept[o.id]++
		return c.write(ctx, o, func() error { return nil })
	case n < 80:
		c.spoiled++
		return expect(c.read(ctx, o, cancel), context.Canceled)
	case n < 86:
		c.spoiled++
		return expect(c.write(ctx, o, func() error { cancel(); return nil }), context.Canceled)
	case n < 93:
		c.spoiled++
		return expect(c.write(ctx, o, func() error { return errMind }), errMind)
	default:
		c.spoiled++
		defer func() { _ = recover() }()
		return c.write(ctx, o, func() error { panic("a bug of the application") })
	}
}

func expect(err, want error) error {
	if errors.Is(err, want) {
		return nil
	}
	return fmt.Errorf("the end should have been %q: %w", want, errors.Join(err))
}

// read asks for a conversation by its number, which every tenant has one of, and forgets to say whose.
func (c *client) read(ctx context.Context, o org, halfway func()) error {
	return c.d.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		for range 2 {
			var bodies []string
			if err := tx.SelectContext(ctx, &bodies, tx.Rebind(`SELECT body FROM message WHERE conversation_id = ?`), 1+c.rand.IntN(20)); err != nil {
				return err
			}
			c.wrong += foreign(&o, bodies)
			halfway()
		}
		return nil
	})
}

func (c *client) write(ctx context.Context, o org, halfway func() error) error {
	return c.d.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, tx.Rebind(`INSERT INTO message (tenant_id, id, conversation_id, author, body, sent_at) VALUES (?, ?, 1, 'member', ?, 0)`),
			o.id, c.nextID.Add(1), "Noted. ["+o.mark+"]")
		if err != nil {
			return err
		}
		return halfway()
	})
}
