package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

func withdrawWhileReading(ctx context.Context, d *desk) (outcome, error) {
	s := d.support
	ctx = tenancy.With(ctx, neem)
	var shown, late, fresh atomic.Int64
	for range 5 {
		a, err := s.granted(ctx)
		if err != nil {
			return outcome{}, err
		}
		var over atomic.Bool
		var wg sync.WaitGroup
		first := make(chan struct{}) // rows were shown
		once := sync.OnceFunc(func() { close(first) })
		for range 8 {
			wg.Go(func() {
				for {
					began := over.Load()
					err := s.show(ctx, a, func(int) error {
						time.Sleep(200 * time.Microsecond) // a slow screen
						if shown.Add(1); over.Load() {
							late.Add(1)
						}
						once()
						return nil
					})
					if began && err == nil {
						fresh.Add(1)
					}
					if began || err != nil && !errors.Is(err, supportgrant.ErrTooSlow) {
						return
					}
				}
			})
		}
		select {
		case <-first:
			time.Sleep(30 * time.Millisecond) // all are at it
		case <-time.After(20 * time.Second):
		}
		_, err = s.s.Withdraw(ctx, a.Grant, s.owner(), "that is enough")
		over.Store(true)
		wg.Wait()
		if err != nil {
			return outcome{}, err
		}
	}
	if late.Load()+fresh.Load() > 0 || shown.Load() == 0 {
		return outcome{}, fmt.Errorf("of %d times that rows were shown, %d were after the withdrawal, and %d reads began after it", shown.Load(), late.Load(), fresh.Load())
	}
	return outcome{fmt.Sprintf("rows were shown %s times, 0 after a withdrawal had returned", thousands(int(shown.Load()))), bySupport}, nil
}

func leaveWithGrant(ctx context.Context, d *desk) (outcome, error) {
	s := d.support
	ctx = tenancy.With(ctx, neem)
	a, err := s.granted(ctx)
	if err != nil {
		return outcome{}, err
	}
	s.people.leave("sam", true)
	rows, gone := s.reads(ctx, a)
	s.people.leave("sam", false)
	again, back := s.reads(ctx, a)
	if rows+again > 0 || !errors.Is(gone, supportgrant.ErrNotGranted) || !errors.Is(back, supportgrant.ErrNotGranted) {
		return outcome{}, fmt.Errorf("%d rows when he had left: %w; %d when he was back: %w", rows, gone, again, back)
	}
	return outcome{fmt.Sprintf("gone: %v\nback: %v", gone, back), bySupport}, nil
}

func readUnrecorded(ctx context.Context, d *desk) (outcome, error) {
	s := d.support
	ctx = tenancy.With(ctx, neem)
	a, err := s.granted(ctx)
	if err != nil {
		return outcome{}, err
	}
	s.full.Store(true)
	rows, err := s.reads(ctx, a)
	s.full.Store(false)
	if rows > 0 || err == nil {
		return outcome{}, fmt.Errorf("%d rows: %w", rows, err)
	}
	return outcome{fmt.Sprintf("%d rows: %v", rows, err), bySupport}, nil
}

func sweepTrail(ctx context.Context, d *desk) (outcome, error) {
	came := ""
	for _, statement := range []string{`DELETE FROM supportgrant_entry`, `UPDATE supportgrant_entry SET acted_by = 'nobody'`} {
		rows, err := d.exec(ctx, neem, statement)
		if err == nil {
			return outcome{}, fmt.Errorf("%s: %d rows", statement, rows)
		}
		came += err.Error() + "\n"
	}
	entries, _, err := d.support.s.Log(tenancy.With(ctx, neem), supportgrant.Look{Kinds: []supportgrant.Kind{supportgrant.KindRead}}, "", 500)
	if err == nil && len(entries) == 0 {
		err = errors.New("the log tells of no read")
	}
	return outcome{fmt.Sprintf("%s%d reads are in it, of who, what and for which ticket", came, len(entries)), "the database"}, err
}
