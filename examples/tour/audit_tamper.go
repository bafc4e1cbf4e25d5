package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// whitewashed is the leaf of the refused export as if it had been granted.
func (in *intruder) whitewashed(ctx context.Context) ([]byte, error) {
	var leaf []byte
	if err := in.get(ctx, &leaf, `SELECT leaf FROM audit_event WHERE {own} AND seq = ?`, theRefusal); err != nil {
		return nil, err
	}
	edited := bytes.Replace(leaf, []byte(`"outcome":"denied"`), []byte(`"outcome":"success"`), 1)
	if bytes.Equal(edited, leaf) {
		return nil, errors.New("there is no refusal to edit")
	}
	return edited, nil
}

func editEvent(ctx context.Context, d *desk) (outcome, error) {
	return d.caught(ctx, audit.RuleEdited, theRefusal, func(in *intruder) error {
		leaf, err := in.whitewashed(ctx)
		if err != nil {
			return err
		}
		return in.change(ctx, change{`UPDATE audit_event SET leaf = ? WHERE {own} AND seq = ?`, []any{leaf, theRefusal}})
	})
}

func takeEvent(ctx context.Context, d *desk) (outcome, error) {
	return d.caught(ctx, audit.RuleMissing, theRefusal, func(in *intruder) error {
		return in.change(ctx,
			change{`DELETE FROM audit_event WHERE {own} AND seq = ?`, []any{theRefusal}},
			change{`DELETE FROM audit_open WHERE {own} AND place / 128 = ?`, []any{theRefusal}})
	})
}

// swapEvents moves an event and what belongs to it out of the way, the next one to its place, and then the first to
// that one's.
func swapEvents(ctx context.Context, d *desk) (outcome, error) {
	return d.caught(ctx, audit.RuleMoved, theRefusal, func(in *intruder) error {
		var changes []change
		const away = 1_000_000
		for _, move := range [][2]int64{{theRefusal, away}, {theRefusal + 1, theRefusal}, {away, theRefusal + 1}} {
			from, to := move[0], move[1]
			changes = append(changes,
				change{`UPDATE audit_event SET seq = ? WHERE {own} AND seq = ?`, []any{to, from}},
				change{`UPDATE audit_open SET place = place + ? WHERE {own} AND place / 128 = ?`, []any{(to - from) * 128, from}})
		}
		return in.change(ctx, changes...)
	})
}

// replaceName puts another name, as long as the one that is there, beside the commitment in the log.
func replaceName(ctx context.Context, d *desk) (outcome, error) {
	return d.caught(ctx, audit.RuleCommitment, theRefusal, func(in *intruder) error {
		var o struct {
			Place int64
			Data  []byte
		}
		err := in.get(ctx, &o, `SELECT place, data FROM audit_open WHERE {own} AND place / 128 = ? ORDER BY length(data) DESC LIMIT 1`, theRefusal)
		if err != nil {
			return err
		}
		name := []byte(d.firsMember(theRefusal).Name)
		if !bytes.Contains(o.Data, name) {
			return errors.New("there is no name to replace")
		}
		data := bytes.Replace(o.Data, name, []byte("Mallory, of nowhere at all")[:len(name)], 1)
		return in.change(ctx, change{`UPDATE audit_open SET data = ? WHERE {own} AND place = ?`, []any{data, o.Place}})
	})
}

// cutTail leaves a log that agrees with itself: shorter, and all signed.
func cutTail(ctx context.Context, d *desk) (outcome, error) {
	const left = 280
	return d.refusedToSign(ctx, func(in *intruder) error {
		return in.change(ctx,
			change{`DELETE FROM audit_event WHERE {own} AND seq >= ?`, []any{left}},
			change{`DELETE FROM audit_open WHERE {own} AND place / 128 >= ?`, []any{left}},
			change{`DELETE FROM audit_tree WHERE {own}`, nil},
			change{`DELETE FROM audit_tile WHERE {own}`, nil},
			change{`DELETE FROM audit_checkpoint WHERE {own} AND size > ?`, []any{left}})
	}, func() error { return d.signedBy(ctx, d.trail.opts) })
}

// signAnew leaves no hash and no signature in the tenant's tables that does not fit the edited event. The thief has all that
// the application has, but the log's signing key, and has the library grow and sign the log with another.
func signAnew(ctx context.Context, d *desk) (outcome, error) {
	opts, err := d.forged()
	if err != nil {
		return outcome{}, err
	}
	return d.refusedToSign(ctx, func(in *intruder) error {
		leaf, err := in.whitewashed(ctx)
		if err != nil {
			return err
		}
		hash := tlog.RecordHash(leaf)
		return in.change(ctx,
			change{`UPDATE audit_event SET leaf = ?, hash = ? WHERE {own} AND seq = ?`, []any{leaf, hash[:], theRefusal}},
			change{`DELETE FROM audit_tree WHERE {own}`, nil},
			change{`DELETE FROM audit_tile WHERE {own}`, nil},
			change{`DELETE FROM audit_checkpoint WHERE {own}`, nil})
	}, func() error { return d.signedBy(ctx, opts) })
}

// signedBy signs fir's log as a process that opens it with those options.
func (d *desk) signedBy(ctx context.Context, o audit.Options) error {
	log, err := audit.Open(ctx, d.trail.store, o)
	if err != nil {
		return err
	}
	_, err = log.Checkpoint(tenancy.With(ctx, fir))
	return errors.Join(err, log.Close(ctx))
}

// forged are the options of a thief, who signs with a key of the same name, and passes it off as the new one.
func (d *desk) forged() (audit.Options, error) {
	opts := d.trail.opts
	secret, _, err := note.GenerateKey(rand.Reader, opts.Origin)
	if err != nil {
		return opts, err
	}
	opts.Verifiers = []note.Verifier{d.trail.public}
	opts.Signer, err = audit.NewSigner(secret)
	return opts, err
}

// earlyCopy is handed in as if it were all there is.
func earlyCopy(ctx context.Context, d *desk) (outcome, error) {
	return d.found(ctx, audit.RuleRollback, eventsOfDay-1, d.trail.early)
}

// madeUp is a log that was never kept: the same day with another outcome, recorded and signed by the thief's own program.
func madeUp(ctx context.Context, d *desk) (outcome, error) {
	opts, err := d.forged()
	if err != nil {
		return outcome{}, err
	}
	opts.Anchors = nil
	log, err := audit.Open(ctx, audit.NewMemory(), opts)
	if err != nil {
		return outcome{}, err
	}
	day := d.day()
	day[theRefusal].Outcome = audit.Success
	_, err = log.Append(tenancy.With(ctx, fir), day...)
	bundle, err2 := d.bundle(ctx, log)
	if err := errors.Join(err, err2, log.Close(ctx)); err != nil {
		return outcome{}, err
	}
	return d.found(ctx, audit.RuleSignature, anywhere, bundle)
}
