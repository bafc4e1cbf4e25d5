package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
	"golang.org/x/mod/sumdb/tlog"
)

const noorsPhone = "+46 70 000 81 81"

var noorsTraces = []string{noor.Name, noor.Email, noorsPhone}

// eraseHeld places a legal hold, and tries to get round it in both ways there are.
func eraseHeld(ctx context.Context, d *desk) (outcome, error) {
	ctx, log := tenancy.With(ctx, fir), d.trail.log
	lawyer := d.firsMember(2)
	if _, err := log.Hold(ctx, audit.Holding{ID: "2026-117", Subject: noor.Subject(), Reason: "a dispute", By: lawyer}); err != nil {
		return outcome{}, err
	}
	_, erased := log.Erase(ctx, audit.Erasure{Subject: noor.Subject(), Basis: "GDPR Art. 17(1)(a)", By: lawyer})
	_, deleted := d.exec(ctx, fir, `DELETE FROM audit_open`)
	if _, err := log.Release(ctx, "2026-117", "settled", lawyer); err != nil {
		return outcome{}, err
	}
	byLog, err := refused("audit.Log", erased, audit.ErrHeld)
	if err != nil {
		return outcome{}, err
	}
	byHand, err := byTrigger(deleted)
	return outcome{byLog.Came + "\n" + byHand.Came, byLog.By + ", " + byHand.By}, err
}

// forgetNoor erases all of a person, and looks for what is left of her from outside.
func forgetNoor(ctx context.Context, d *desk) (outcome, error) {
	ctx = tenancy.With(ctx, fir)
	before, _, err := d.noors(ctx)
	if err != nil || before == 0 {
		return outcome{}, errors.Join(fmt.Errorf("she was found %d times before", before), err)
	}
	root, err := d.rootOfDay(ctx)
	if err != nil {
		return outcome{}, err
	}
	done, err := d.trail.log.Erase(ctx, audit.Erasure{Subject: noor.Subject(), Basis: "GDPR Art. 17(1)(a)", By: d.firsMember(2)})
	if err != nil {
		return outcome{}, err
	}
	if err := d.foldWAL(ctx); err != nil {
		return outcome{}, err
	}
	left, looked, err := d.noors(ctx)
	if err != nil || left > 0 {
		return outcome{}, errors.Join(fmt.Errorf("she is found %d times in %s", left, looked), err)
	}
	for r, err := range d.trail.log.Events(ctx, audit.Query{Subject: noor.Subject()}) {
		return outcome{}, errors.Join(fmt.Errorf("event %d is still found under her id", r.Seq), err)
	}
	after, err := d.rootOfDay(ctx)
	if err != nil || after != root || [32]byte(after) != d.trail.signed.Root {
		return outcome{}, errors.Join(errors.New("the root is another one"), err)
	}
	r, err := d.verified(ctx)
	if err != nil {
		return outcome{}, err
	}
	verdict, err := inOrder(r)
	if err == nil && r.Erased != uint64(done.Fields) {
		err = fmt.Errorf("%d values were erased, and the report says %d", done.Fields, r.Erased)
	}
	keep := "backups"
	if d.pg != nil {
		keep = "dead rows until VACUUM, the server's own log, and backups"
	}
	return outcome{fmt.Sprintf("%d values in %d events erased; her name, address and phone: %d times before, 0 now, in %s\nnot looked at: %s (seal values for those)\nroot of the day: %.12s… before and after\n%s",
		done.Fields, done.Events, before, looked, keep, root, verdict), "audit.Log"}, err
}

// noors counts what the witness finds of her.
func (d *desk) noors(ctx context.Context) (found int64, looked string, err error) {
	for _, text := range noorsTraces {
		n, where, err := d.witness.Traces(ctx, text)
		if err != nil {
			return 0, "", err
		}
		found, looked = found+n, where
	}
	return found, looked, nil
}

// foldWAL has SQLite write the log beside fir's file into it and begin it anew, as it does itself from time to time:
// the log still has the pages as they were.
func (d *desk) foldWAL(ctx context.Context) (err error) {
	if d.pg != nil {
		return nil
	}
	in, err := d.breakIn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	var busy, pages, folded int
	if err := in.conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &folded); err != nil {
		return err
	}
	if busy != 0 {
		return errors.New("somebody reads the file, and its log cannot be folded in")
	}
	return nil
}

// rootOfDay computes the root of the day's events from what is stored, in the way of RFC 6962.
func (d *desk) rootOfDay(ctx context.Context) (tlog.Hash, error) {
	var leaves []tlog.Hash
	err := d.trail.store.Leaves(ctx, 0, eventsOfDay, func(s audit.Stored) error {
		leaves = append(leaves, tlog.RecordHash(s.Leaf))
		return nil
	})
	if err == nil && len(leaves) != eventsOfDay {
		err = fmt.Errorf("%d of %d events are there", len(leaves), eventsOfDay)
	}
	if err != nil {
		return tlog.Hash{}, err
	}
	return merkleRoot(leaves), nil
}

func merkleRoot(of []tlog.Hash) tlog.Hash {
	if len(of) == 1 {
		return of[0]
	}
	half := 1
	for half*2 < len(of) {
		half *= 2
	}
	return tlog.NodeHash(merkleRoot(of[:half]), merkleRoot(of[half:]))
}

// eraseByHand does what the application's role can: erasing is deleting, after all. But no event tells of it.
func eraseByHand(ctx context.Context, d *desk) (outcome, error) {
	return d.caught(ctx, audit.RuleErasure, theRefusal, func(in *intruder) error {
		return d.db.Tx(tenancy.With(ctx, fir), func(ctx context.Context, tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, tx.Rebind(`DELETE FROM audit_open WHERE place / 128 = ?`), theRefusal)
			return err
		})
	})
}
