package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// suspendMidFlight suspends cedar while clients work for it. Nothing that begins after Suspend has
// returned may run.
func suspendMidFlight(ctx context.Context, d *desk) (outcome, error) {
	const clients = 4
	var suspended atomic.Bool
	var before, late atomic.Int64
	refusals := make([]error, clients)
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			for ctx.Err() == nil {
				shut := suspended.Load()
				err := d.serveCedar(ctx, i%2 == 0)
				switch {
				case err != nil:
					refusals[i] = err
					return
				case shut:
					late.Add(1)
					return
				default:
					before.Add(1)
				}
			}
		})
	}
	for range 200 { // let them work
		if time.Sleep(100 * time.Millisecond); before.Load() > 0 {
			break
		}
	}
	_, err := d.life.Suspend(ctx, cedar)
	suspended.Store(true)
	wg.Wait()
	switch {
	case err != nil:
		return outcome{}, err
	case late.Load() > 0:
		return outcome{}, fmt.Errorf("%d of %d clients went on working", late.Load(), clients)
	case before.Load() == 0:
		return outcome{}, fmt.Errorf("no client ever worked: %w", errors.Join(refusals...))
	}
	for _, err := range refusals {
		if _, err := refused("", err, tenancy.ErrNotActive); err != nil {
			return outcome{}, err
		}
	}
	if _, err := d.life.Resume(ctx, cedar); err != nil {
		return outcome{}, err
	}
	if err := d.serveCedar(ctx, false); err != nil {
		return outcome{}, fmt.Errorf("cedar was resumed: %w", err)
	}
	return outcome{fmt.Sprintf("%s reads and writes by %d clients until then; after it each of them: %v", thousands(before.Load()), clients, refusals[0]), "the database"}, nil
}

func (d *desk) serveCedar(ctx context.Context, reading bool) (err error) {
	if reading {
		_, err = d.texts(ctx, cedar, `SELECT body FROM message WHERE conversation_id = 1`)
	} else {
		_, err = d.exec(ctx, cedar, `UPDATE conversation SET status = 'open' WHERE id = 1`)
	}
	return err
}

// asItWas is the directory of a router that has been told nothing since.
type asItWas struct{ entry tenancy.Tenant }

func (d asItWas) Lookup(context.Context, tenancy.ID) (tenancy.Tenant, error) { return d.entry, nil }

// staleRouter places elm anew and then works through a router that still has the old placement.
func staleRouter(ctx context.Context, d *desk) (outcome, error) {
	old, err := d.dir.Lookup(ctx, elm)
	if err != nil {
		return outcome{}, err
	}
	router, err := tenantdb.Route(asItWas{old}, time.Hour, nil, tenantdb.Shard{Name: d.shard.Name, Region: d.shard.Region, Backend: d.backend})
	if err != nil {
		return outcome{}, err
	}
	ctx = tenancy.With(ctx, elm)
	if err := router.Read(ctx, readEverything); !errors.Is(err, errRan) {
		return outcome{}, fmt.Errorf("the placement was right, and yet: %w", errors.Join(err))
	}
	moved, err := d.dir.Place(ctx, old, old.Shard, old.Region)
	if err != nil {
		return outcome{}, err
	}
	if err := d.shard.Host.Provision(ctx, moved); err != nil {
		return outcome{}, err
	}
	return refused("the database", router.Tx(ctx, readEverything), tenancy.ErrStaleEpoch)
}

func wrongRegion(ctx context.Context, d *desk) (outcome, error) {
	visitor := tenancy.Tenant{ID: tenancy.MustParseID("visitor"), State: tenancy.Provisioning, Region: "us", Shard: d.shard.Name, Epoch: 1}
	_, byDirectory := d.life.Provision(ctx, visitor.ID, visitor.Region)
	if _, err := refused("", byDirectory, tenancy.ErrWrongRegion); err != nil {
		return outcome{}, err
	}
	return refused("directory and database", d.shard.Host.Provision(ctx, visitor), tenancy.ErrWrongRegion)
}

// purge destroys dogwood and then looks for it, in the ways its own people, an operator and a thief of
// disks would.
func purge(ctx context.Context, d *desk) (outcome, error) {
	before, err := d.prints(ctx)
	if err != nil {
		return outcome{}, err
	}
	found, _, err := d.witness.Traces(ctx, d.org(dogwood).mark)
	if err != nil || found == 0 {
		return outcome{}, errors.Join(err, fmt.Errorf("dogwood's mark was found %d times before the purge", found))
	}
	if _, err := d.life.Purge(ctx, dogwood); !errors.Is(err, tenancy.ErrState) {
		return outcome{}, fmt.Errorf("an active tenant was purged without being suspended first: %w", errors.Join(err))
	}
	if _, err := d.life.Suspend(ctx, dogwood); err != nil {
		return outcome{}, err
	}
	receipt, err := d.life.Purge(ctx, dogwood)
	if err != nil {
		return outcome{}, err
	}
	left, looked, err := d.witness.Traces(ctx, d.org(dogwood).mark)
	if err != nil {
		return outcome{}, err
	}
	if left > 0 || receipt.Left > 0 {
		return outcome{}, fmt.Errorf("%d traces are left in %s; the receipt says %d", left, looked, receipt.Left)
	}
	after, err := d.prints(ctx)
	if err != nil {
		return outcome{}, err
	}
	if !maps.Equal(before, after) {
		return outcome{}, errors.New("another tenant's data changed")
	}
	_, again := d.life.Provision(ctx, dogwood, home)
	for _, err := range []error{again, d.db.Tx(tenancy.With(ctx, dogwood), readEverything)} {
		if _, err := refused("", err, tenancy.ErrPurged); err != nil {
			return outcome{}, err
		}
	}
	return outcome{fmt.Sprintf("the receipt: %s\nits mark: %s times before, 0 now, in %s\n%d other tenants: unchanged\nits id, asked for again: %v",
		erased(receipt), thousands(found), looked, len(before), again), "the database"}, nil
}

// prints are the fingerprints of all tenants but dogwood.
func (d *desk) prints(ctx context.Context) (map[string]string, error) {
	prints, err := d.witness.Prints(ctx)
	delete(prints, d.org(dogwood).mark)
	return prints, err
}

// erased sums up what a receipt lists: bytes of files on SQLite, rows of tables on Postgres.
func erased(r tenancy.Receipt) string {
	sum := int64(0)
	for _, n := range r.Erased {
		sum += n
	}
	what := strings.Join(slices.Sorted(maps.Keys(r.Erased)), ", ")
	return fmt.Sprintf("%s erased (%s), %d left", thousands(sum), what, r.Left)
}
