package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"
)

func openInAnotherTenant(ctx context.Context, d *desk) (outcome, error) {
	_, err := d.box.open(tenancy.With(ctx, hazel), customerAt(0), d.sealed[0])
	return refused(byVault, err, vault.ErrUnknownKey)
}

func openInAnotherRow(ctx context.Context, d *desk) (outcome, error) {
	ctx = tenancy.With(ctx, ginkgo)
	if got, err := d.box.open(ctx, customerAt(1), d.sealed[1]); err != nil || string(got) != addressOf(1) {
		return outcome{}, errors.Join(errors.New("it does not open in its own row either"), err)
	}
	_, err := d.box.open(ctx, customerAt(2), d.sealed[1])
	return refused(byVault, err, vault.ErrNotAuthentic)
}

func flipEachBit(ctx context.Context, d *desk) (outcome, error) {
	ctx = tenancy.With(ctx, ginkgo)
	kinds := map[string]int{}
	for i := range d.sealed[0] {
		bad := bytes.Clone(d.sealed[0])
		bad[i] ^= 1
		_, err := d.box.open(ctx, customerAt(0), bad)
		if err == nil {
			return outcome{}, fmt.Errorf("it opens with byte %d changed", i)
		}
		kinds[err.Error()]++
	}
	came := fmt.Sprintf("%d changes, none opens:", len(d.sealed[0]))
	for _, err := range []error{vault.ErrFormat, vault.ErrUnknownKey, vault.ErrNotAuthentic} {
		came += fmt.Sprintf("\n%3d  %v", kinds[err.Error()], err)
	}
	return outcome{came, byVault}, nil
}

// rotateUnderLoad replaces keys while clients use what is under them.
func rotateUnderLoad(ctx context.Context, d *desk) (outcome, error) {
	ctx = tenancy.With(ctx, ginkgo)
	var group sync.WaitGroup
	var reads, writes atomic.Int64
	stop, failed := make(chan struct{}), make(chan error, 4)
	for c := range 4 {
		group.Go(func() {
			for i := c; ; i += 4 {
				select {
				case <-stop:
					return
				default:
				}
				at := customerAt(i % len(d.sealed))
				got, err := d.box.open(ctx, at, d.sealed[i%len(d.sealed)])
				if err == nil && string(got) != addressOf(i%len(d.sealed)) {
					err = errors.New("it opened to something else")
				}
				if err == nil {
					err = d.box.use(ctx, hook, func([]byte) error { return nil })
				}
				reads.Add(2)
				if err == nil && i%5 == 0 {
					_, err = d.box.seal(ctx, at, []byte("new"))
					writes.Add(1)
				}
				if err != nil {
					failed <- err
					return
				}
				d.ops.Add(1)
			}
		})
	}
	moved := 0
	rotation := vault.Rotation{By: audit.Party{Type: "service", ID: "rotator"}, Progress: func(p vault.Progress) { moved += p.Done }}
	var err error
	for range 2 {
		err = errors.Join(err, d.box.v.RotateTenantKey(ctx, rotation), d.box.v.RotatePurposeKey(ctx, hook.Purpose, rotation),
			d.box.v.RotatePurposeKey(ctx, customerAt(0).Purpose, rotation))
	}
	close(stop)
	group.Wait()
	close(failed)
	return outcome{fmt.Sprintf("%d keys wrapped anew; meanwhile %s reads and %s writes, no error", moved, thousands(int(reads.Load())), thousands(int(writes.Load()))), byVault},
		errors.Join(err, <-failed)
}

func openShredded(ctx context.Context, d *desk) (outcome, error) {
	ctx = tenancy.With(ctx, ginkgo)
	const bound = 200 * time.Millisecond
	there, err := vault.Open(ctx, d.box.store, d.box.keeper, vault.Options{FreshFor: bound}) // as another process
	if err != nil {
		return outcome{}, err
	}
	defer there.Close()
	at, open := customerAt(1), openField(there)
	if _, err := open(ctx, at, d.sealed[1]); err != nil {
		return outcome{}, err
	}
	receipt, err := d.box.v.Shred(ctx, vault.Shredding{Subject: at.Subject, By: audit.Party{Type: "service", ID: "dpo"}, Basis: "GDPR Art. 17(1)(a)"})
	if err != nil {
		return outcome{}, err
	}
	if _, err = d.box.open(ctx, at, d.sealed[1]); !errors.Is(err, vault.ErrShredded) {
		return outcome{}, errors.Join(errors.New("it is not lost here"), err)
	}
	time.Sleep(bound + 100*time.Millisecond)
	if _, err = open(ctx, at, d.sealed[1]); !errors.Is(err, vault.ErrShredded) {
		return outcome{}, errors.Join(errors.New("it is not lost in the other process"), err)
	}
	if got, err := d.box.open(ctx, customerAt(2), d.sealed[2]); err != nil || string(got) != addressOf(2) {
		return outcome{}, errors.Join(errors.New("another customer is lost, too"), err)
	}
	came := fmt.Sprintf("%v\n%d key destroyed; lost here at once, elsewhere within %v; the others open", err, receipt.Keys, bound)
	for _, left := range receipt.Residue {
		came += "\nnot reached: " + left
	}
	return outcome{came, byVault}, nil
}

const reviveKey = `UPDATE vault_key SET state = 'a' WHERE state = 's'`

func bringKeyBack(ctx context.Context, d *desk) (outcome, error) {
	_, err := d.exec(ctx, ginkgo, reviveKey)
	if err == nil {
		return outcome{}, errors.New("nothing refused it")
	}
	return outcome{err.Error(), "a trigger of the vault"}, nil
}
