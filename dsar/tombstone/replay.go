package tombstone

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Replayed says what a replay found. It holds no personal data.
type Replayed struct {
	Lines  int      // that the database had not seen
	Erased []uint64 // of people who were back, and are erased again
	Absent []uint64 // nothing of them was there
	Reused []uint64 // somebody else has their key or identifiers by now, and was not touched
}

// Replay erases again, for ctx's tenant, exactly who is back, in the order of the log, and notes in the database each line that is done. It
// goes on where an earlier one stopped.
func (g *Guard) Replay(ctx context.Context) (Replayed, error) {
	var r Replayed
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return r, err
	}
	if err := g.behind(ctx); err != nil && !errors.Is(err, ErrRestored) {
		return r, err
	}
	mark, err := g.Mark.Mark(ctx)
	if err != nil {
		return r, err
	}
	lines, err := g.Log.After(ctx, tenant, mark.Seq)
	if err != nil {
		return r, err
	}
	for _, e := range lines {
		if err := g.replay(ctx, e, &r); err != nil {
			return r, fmt.Errorf("tombstone: line %d: %w", e.Seq, err)
		}
		if err := g.Mark.Advance(ctx, Head{e.Seq, e.Hash}); err != nil {
			return r, err
		}
		r.Lines++
	}
	return r, nil
}

func (g *Guard) replay(ctx context.Context, e Entry, r *Replayed) error {
	in, err := e.open(g.Keys)
	if err != nil {
		return err
	}
	p, reused, err := g.whom(ctx, e, in)
	switch {
	case err != nil:
		return err
	case reused:
		r.Reused = append(r.Reused, e.Seq)
		return nil
	case len(p.Key) == 0 && len(p.Known) == 0:
		r.Absent = append(r.Absent, e.Seq)
		return nil
	}
	plan, err := g.Eraser.Plan(ctx, p)
	absent := errors.Is(err, dsar.ErrNobody) || err == nil && nothing(plan)
	if !absent {
		if err != nil {
			return err
		}
		// A job that a crash cut short goes on if the plan is still the same; else what is left is another job.
		id := fmt.Sprintf("replay-%d-%s", e.Seq, short(plan.Hash))
		if _, err := g.Eraser.Erase(ctx, dsar.Job{ID: id, Person: p, Approved: plan.Hash}); err != nil {
			return err
		}
	}
	if g.Prover != nil { // of those, too, whom an earlier replay erased, and who were then found all the same
		proof, err := g.Prover.Prove(ctx, p)
		if err != nil {
			return err
		}
		if !proof.Clean() {
			return dsar.ErrResidue
		}
	}
	if absent {
		r.Absent = append(r.Absent, e.Seq)
	} else {
		r.Erased = append(r.Erased, e.Seq)
	}
	return nil
}

// whom returns who is to be erased again: the person, without a key if they have no row. reused is true if all that could be
// theirs is somebody else's.
func (g *Guard) whom(ctx context.Context, e Entry, in inside) (p dsar.Person, reused bool, err error) {
	p = in.person()
	if len(in.Key) > 0 {
		row, err := g.People.ByKey(ctx, in.Kind, in.Key)
		switch {
		case errors.Is(err, dsar.ErrNobody):
		case err != nil:
			return p, false, err
		default:
			same, err := g.same(ctx, e, in, row)
			if same || err != nil {
				return p, false, err
			}
			reused = true
		}
		p.Key = nil
	}
	if len(p.Known) == 0 {
		return p, reused, nil
	}
	// Without a row there may still be rows that hold what they were known by, unless that is somebody else's now.
	others, err := g.People.ByKnown(ctx, in.Kind, in.Known)
	return p, len(others) > 0, err
}

// same reports whether a row that has the person's key is theirs.
func (g *Guard) same(ctx context.Context, e Entry, in inside, row Row) (bool, error) {
	if in.Born != "" && row.Born != "" {
		return in.Born == row.Born, nil
	}
	for name, values := range row.Known {
		for _, v := range values {
			if slices.ContainsFunc(in.Known[name], func(was string) bool { return strings.EqualFold(was, v) }) {
				return true, nil
			}
		}
	}
	if g.Decide == nil {
		return false, ErrUnsure
	}
	return g.Decide(ctx, e, row.Key)
}

// nothing reports whether a plan would change nothing.
func nothing(p *dsar.Plan) bool {
	return !slices.ContainsFunc(p.Tables, func(t dsar.Planned) bool {
		return t.Rows > 0 && t.Action != dsar.ActKeep && t.Action != dsar.ActShare
	})
}

func short(hash string) string {
	_, hex, ok := strings.Cut(hash, ":")
	if !ok {
		hex = hash
	}
	return hex[:min(len(hex), 16)]
}
