package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// verified does what an auditor does now and then: have fir's log taken out of the database, and verify that with the
// log's public key and what is kept outside. It opens the log as a process of its own, which remembers nothing.
func (d *desk) verified(ctx context.Context) (*audit.Report, error) {
	log, err := audit.Open(ctx, d.trail.store, d.trail.opts)
	if err != nil {
		return nil, err
	}
	bundle, err := d.bundle(ctx, log)
	if err := errors.Join(err, log.Close(ctx)); err != nil {
		return nil, err
	}
	return d.judged(ctx, bundle)
}

// bundle takes fir's log out of a database.
func (d *desk) bundle(ctx context.Context, log *audit.Log) ([]byte, error) {
	var bundle bytes.Buffer
	_, err := log.Bundle(tenancy.With(ctx, fir), &bundle, audit.Bundling{By: bot, Reason: "the monthly check"})
	return bundle.Bytes(), err
}

// judged verifies a bundle with fir's log's public key and what is kept outside.
func (d *desk) judged(ctx context.Context, bundle []byte) (*audit.Report, error) {
	t := d.trail
	heads, err := audit.FolderAnchor(t.outside).Latest(ctx)
	if err != nil {
		return nil, err
	}
	return t.verify(ctx, bytes.NewReader(bundle), audit.Policy{Keys: []audit.Key{{Verifier: t.public}}, Tenant: fir, Trusted: [][]byte{t.signed.Note, heads}})
}

// inOrder returns what a report of a log that nobody touched says in short, and an error if it says anything else.
func inOrder(r *audit.Report) (string, error) {
	if r.Verdict != audit.OK || len(r.Findings) > 0 || r.Size < eventsOfDay {
		return "", fmt.Errorf("the verdict is %q:\n%s", r.Verdict, r)
	}
	return fmt.Sprintf("OK: %d events, %s values of people, %d erased; a note outside vouches for all", r.Size, thousands(int64(r.Fields)), r.Erased), nil
}

func (d *desk) verifiedOK(ctx context.Context) (string, error) {
	r, err := d.verified(ctx)
	if err != nil {
		return "", err
	}
	return inOrder(r)
}

func auditorVerifies(ctx context.Context, d *desk) (outcome, error) {
	text, err := d.verifiedOK(ctx)
	return outcome{text, "audit.Verify"}, err
}

// caught has do change the database, and the log verified, which must be found changed by that rule at that place.
// Then it puts the database back as it was, and has that verified: it must be in order again.
func (d *desk) caught(ctx context.Context, rule string, at uint64, do func(in *intruder) error) (o outcome, err error) {
	in, err := d.breakIn(ctx)
	if err != nil {
		return outcome{}, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if err := in.keep(ctx); err != nil {
		return outcome{}, err
	}
	err = do(in)
	var r *audit.Report
	if err == nil {
		r, err = d.verified(ctx)
	}
	if err := errors.Join(err, in.putBackEvents(ctx)); err != nil {
		return outcome{}, err
	}
	found, ok := findingOf(r, rule, at)
	if !ok {
		return outcome{}, fmt.Errorf("it was not found as %s: the verdict is %q\n%s", rule, r.Verdict, r)
	}
	again, err := d.verifiedOK(ctx)
	if err != nil {
		return outcome{}, fmt.Errorf("the database is as it was, and yet: %w", err)
	}
	return outcome{found + "\nput back as it was: " + again, "audit.Verify"}, nil
}

// found is the outcome if a bundle that nobody should believe is found out by that rule at that place.
func (d *desk) found(ctx context.Context, rule string, at uint64, bundle []byte) (outcome, error) {
	r, err := d.judged(ctx, bundle)
	if err != nil {
		return outcome{}, err
	}
	found, ok := findingOf(r, rule, at)
	if !ok {
		return outcome{}, fmt.Errorf("it was not found as %s: the verdict is %q\n%s", rule, r.Verdict, r)
	}
	return outcome{found, "audit.Verify"}, nil
}

// refusedToSign has do change the database so that it agrees with itself, and the library asked to go on with it. Then
// it puts the database back as it was.
func (d *desk) refusedToSign(ctx context.Context, do func(in *intruder) error, sign func() error) (o outcome, err error) {
	in, err := d.breakIn(ctx)
	if err != nil {
		return outcome{}, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if err := in.keep(ctx); err != nil {
		return outcome{}, err
	}
	if err := do(in); err != nil {
		return outcome{}, errors.Join(err, in.putBack(ctx))
	}
	o, err = refused("audit.Log", sign(), audit.ErrBackwards)
	if err := errors.Join(err, in.putBack(ctx)); err != nil {
		return outcome{}, err
	}
	again, err := d.verifiedOK(ctx)
	if err != nil {
		return outcome{}, fmt.Errorf("the database is as it was, and yet: %w", err)
	}
	o.Came += "\nput back as it was: " + again
	return o, nil
}

// anywhere is no place: the finding is about what was signed, and not about an event.
const anywhere = math.MaxUint64

// findingOf returns the finding by that rule at that place in words.
func findingOf(r *audit.Report, rule string, at uint64) (string, bool) {
	if r.Verdict != audit.Tampered {
		return "", false
	}
	for _, f := range r.Findings {
		if f.Rule != rule || at != anywhere && f.To != 0 && (at < f.Seq || at >= f.To) {
			continue
		}
		where := "the bundle"
		switch {
		case f.To == f.Seq+1:
			where = fmt.Sprintf("event %d", f.Seq)
		case f.To != 0:
			where = fmt.Sprintf("events %d to %d", f.Seq, f.To-1)
		}
		if f.Label != "" {
			where += ", " + f.Label
		}
		text := fmt.Sprintf("TAMPERED: %s at %s: %s", f.Rule, where, f.Message)
		others := maps.Clone(r.Count)
		delete(others, rule)
		if len(others) > 0 {
			text += " (also " + strings.Join(slices.Sorted(maps.Keys(others)), ", ") + ")"
		}
		return text, true
	}
	return "", false
}
