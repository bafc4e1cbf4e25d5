package erase

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Where all that a person has goes, and foreign keys say ON DELETE CASCADE, to delete the person's row is the fastest way: a reference that
// cascades need not be looked at twice. It is one transaction, so that it is for those who have few rows.

// cascading is how many batches of rows at most go in one transaction.
const cascading = 20

// errLeavesFirst says that rows have to go table by table.
var errLeavesFirst = errors.New("erase: not by cascade")

// cascades returns the tables whose rows go with the person's row, all of them and no others.
func (l *layout) cascades() map[string]bool {
	in := map[string]bool{}
	for _, t := range l.tables {
		if t.goes() && len(t.live.Triggers) == 0 && len(t.Cut) == 0 && !t.Deferred && t.live.Kind == schema.Ordinary {
			in[t.Name] = true
		}
	}
	with := func(f schema.ForeignKey) bool { return f.OnDelete == schema.Cascade }
	for changed := true; changed; {
		changed = false
		for _, t := range l.tables {
			if !in[t.Name] {
				continue
			}
			ok := t.root || len(t.Ties) > 0
			for _, tie := range t.Ties { // all that makes a row the person's is a foreign key that cascades
				ok = ok && !t.root && tie.Role <= dsar.CoOwner && !tie.Inverse && tie.Identifier == "" && tie.Path == "" && len(tie.When) == 0 && in[tie.To] && tie.To != t.Name &&
					slices.ContainsFunc(t.live.Foreign, func(f schema.ForeignKey) bool {
						return with(f) && f.To == tie.To && slices.Equal(f.Columns, tie.Columns)
					})
			}
			for _, x := range l.live.Tables { // and what cascades from here, or changes, are such rows alone
				for _, f := range x.Foreign {
					if f.To != t.Name || f.OnDelete == schema.NoAction || f.OnDelete == schema.Restrict {
						continue
					}
					o := l.byName[x.Name]
					ok = ok && with(f) && o != nil && in[x.Name] && slices.ContainsFunc(o.Ties, func(tie dsar.Tie) bool { return tie.To == t.Name && slices.Equal(f.Columns, tie.Columns) })
				}
			}
			if !ok {
				in[t.Name], changed = false, true
			}
		}
	}
	return in
}

// cascade deletes the person's row and lets the database do the rest, if that takes what the map says, and little enough. It reports
// whether it did.
func (r *run) cascade(ctx context.Context, secret []byte) (did bool, err error) {
	in := r.l.cascades()
	if r.l.root == nil || !in[r.l.root.Name] || r.entry.Root == nil || len(r.steps) > 0 {
		return false, nil
	}
	var going, others []*part
	for _, p := range r.l.parts {
		if _, ok := r.which(p); !ok {
			continue
		}
		if p.action == dsar.ActDelete && in[p.Name] {
			going = append(going, p)
		} else {
			others = append(others, p)
		}
	}
	few := true
	// A hold is looked for as things are when it is asked for, and the transaction below sees them as they were when it began. So it is
	// asked here: one that is placed from now on comes after an erasure that is a single batch.
	err = r.e.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
		if err := r.e.rows.NoJIT(ctx, tx); err != nil {
			return err
		}
		for _, p := range slices.Concat(going, others) {
			if err := r.held(ctx, p.Name); err != nil {
				return err
			}
		}
		few, err = r.few(ctx, tx, going)
		return err
	})
	if err != nil || !few {
		return false, err
	}
	var steps []Step
	// A row that comes after the snapshot was taken is not in it, and the database refuses to cascade to it.
	err = r.e.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		steps = nil
		if err := r.e.rows.NoJIT(ctx, tx); err != nil {
			return err
		}
		if err := r.e.j.Fence(ctx, r.job.ID, r.worker); err != nil {
			return err
		}
		if err := r.still(ctx, tx, secret, "UPDATE"); err != nil {
			return err
		}
		for _, p := range others {
			cond, _ := r.which(p)
			var some bool
			if err := r.row(ctx, tx, rows.Concat("SELECT EXISTS (SELECT 1 FROM ", p.sql, " AS t WHERE ", cond, ")"), &some); err != nil {
				return err
			}
			if some {
				return errLeavesFirst
			}
		}
		gone, err := r.tumble(ctx, tx, going)
		if err != nil {
			return err
		}
		for i, p := range going {
			if gone[i] > 0 {
				steps = append(steps, Step{Seq: p.seq, Table: p.Name, Action: string(p.action), Rows: gone[i], Done: true})
			}
		}
		for _, s := range append(steps, Step{Seq: ended, Action: "end", Done: true}) {
			if err := r.advance(ctx, s); err != nil {
				return err
			}
		}
		return nil
	}, tenantdb.Retry(5), tenantdb.Isolation(sql.LevelRepeatableRead))
	if errors.Is(err, errLeavesFirst) || errors.Is(err, tenantdb.ErrConflict) || refers(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, s := range steps {
		r.did(s)
	}
	return true, nil
}

// few reports whether so few rows are expected to go that it may be tried: tumble sees how many there are.
func (r *run) few(ctx context.Context, tx *sqlx.Tx, going []*part) (bool, error) {
	if !r.l.pg {
		return true, nil
	}
	var all []rows.Cond
	for _, p := range going {
		cond, _ := r.which(p)
		all = append(all, rows.Concat("SELECT 1 FROM ", p.sql, " AS t WHERE ", cond))
	}
	var text []byte
	if err := r.row(ctx, tx, rows.Concat("EXPLAIN (FORMAT JSON) ", list(" UNION ALL ", all)), &text); err != nil {
		return false, err
	}
	var plan []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	if err := json.Unmarshal(text, &plan); err != nil || len(plan) != 1 {
		return false, errors.New("erase: the database's plan cannot be read")
	}
	return plan[0].Plan.Rows <= 10*cascading*float64(r.e.o.Batch), nil // planners guess
}

// tumble deletes the person's row and returns how many rows of each part went with it; errLeavesFirst if these are too many. Postgres has
// counted them, for its statistics, when they are gone; elsewhere they are counted before.
func (r *run) tumble(ctx context.Context, tx *sqlx.Tx, going []*part) ([]int64, error) {
	counts := make([]rows.Cond, len(going))
	counted := false
	if r.l.pg {
		if err := r.row(ctx, tx, rows.Cond{SQL: "SELECT current_setting('track_counts')::boolean"}, &counted); err != nil {
			return nil, err
		}
	}
	for i, p := range going {
		counts[i] = rows.Concat("pg_stat_get_xact_tuples_deleted(to_regclass(CAST(", rows.Arg(p.sql), " AS text)))")
		if !counted {
			cond, _ := r.which(p)
			counts[i] = rows.Concat("(SELECT count(*) FROM ", p.sql, " AS t WHERE ", cond, ")")
		}
	}
	count := func(from []int64) ([]int64, error) {
		n, dest := make([]int64, len(going)), make([]any, len(going))
		for i := range n {
			dest[i] = &n[i]
		}
		err := r.row(ctx, tx, rows.Concat("SELECT ", list(", ", counts)), dest...)
		total := int64(0)
		for i := range from {
			n[i] -= from[i]
			total += n[i]
		}
		if err == nil && total > cascading*int64(r.e.o.Batch) {
			err = errLeavesFirst
		}
		return n, err
	}
	gone := make([]int64, len(going))
	var before []int64
	var err error
	if counted {
		before, err = count(nil)
	} else {
		gone, err = count(gone)
	}
	if err != nil {
		return nil, err
	}
	if _, err := r.exec(ctx, tx, rows.Concat("DELETE FROM ", r.l.root.sql, " AS t WHERE ", r.l.own(r.sel.Person().Key))); err != nil || !counted {
		return gone, err
	}
	return count(before)
}
