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

// cutTail leaves a log that agrees with itself, and that the library goes on with. Only who holds a note of the longer one
// can tell.
func cutTail(ctx context.Context, d *desk) (outcome, error) {
	const left = 280
	return d.caught(ctx, audit.RuleRollback, eventsOfDay-1, func(in *intruder) error {
		changes := []change{
			{`DELETE FROM audit_event WHERE {own} AND seq >= ?`, []any{left}},
			{`DELETE FROM audit_open WHERE {own} AND place / 128 >= ?`, []any{left}},
			{`DELETE FROM audit_tree WHERE {own}`, nil},
			{`DELETE FROM audit_tile WHERE {own}`, nil},
			{`DELETE FROM audit_checkpoint WHERE {own} AND size > ?`, []any{left}},
		}
		if in.pg {
			changes = append(changes, change{`UPDATE audit_head SET size = ? WHERE {own}`, []any{left}})
		}
		return in.change(ctx, changes...)
	})
}

// signAnew leaves no hash and no signature in the database that does not fit the edited event. The thief has
// all that the application has, but the log's signing key.
func signAnew(ctx context.Context, d *desk) (outcome, error) {
	return d.caught(ctx, audit.RuleSignature, anywhere, func(in *intruder) error {
		leaf, err := in.whitewashed(ctx)
		if err != nil {
			return err
		}
		hash := tlog.RecordHash(leaf)
		err = in.change(ctx,
			change{`UPDATE audit_event SET leaf = ?, hash = ? WHERE {own} AND seq = ?`, []any{leaf, hash[:], theRefusal}},
			change{`DELETE FROM audit_tree WHERE {own}`, nil},
			change{`DELETE FROM audit_tile WHERE {own}`, nil},
			change{`DELETE FROM audit_checkpoint WHERE {own}`, nil})
		if err != nil {
			return err
		}
		secret, _, err := note.GenerateKey(rand.Reader, d.trail.opts.Origin)
		if err != nil {
			return err
		}
		opts := d.trail.opts
		if opts.Signer, err = note.NewSigner(secret); err != nil {
			return err
		}
		log, err := audit.Open(ctx, d.trail.store, opts)
		if err != nil {
			return err
		}
		_, err = log.Checkpoint(tenancy.With(ctx, fir))
		return errors.Join(err, log.Close(ctx))
	})
}
