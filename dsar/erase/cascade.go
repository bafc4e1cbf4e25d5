package erase

import (
	"context"
	"database/sql"
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
		if t.goes() && !slices.ContainsFunc(t.live.Triggers, func(name string) bool { return name != "tenancy_fence" }) && // package rls puts it on tables
			len(t.Cut) == 0 && !t.Deferred && t.live.Kind == schema.Ordinary {
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
	// A hold is looked for as things are when it is asked for, and the transaction below sees them as they were when it began. So it is
	// asked here: one that is placed from now on comes after an erasure that is a single batch.
	err = r.e.db.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error {
		for _, p := range r.l.parts {
			if _, ok := r.which(p); !ok {
				continue
			}
			if err := r.held(ctx, p.Name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	var steps []Step
	// A row that comes after the counting is not in the snapshot, and the database refuses to cascade to it: the counts are exact.
	err = r.e.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		steps = nil
		if err := r.e.j.Fence(ctx, r.job.ID, r.worker); err != nil {
			return err
		}
		if err := r.still(ctx, tx, secret, "UPDATE"); err != nil {
			return err
		}
		var total int64
		for _, p := range r.l.parts {
			cond, ok := r.which(p)
			if !ok {
				continue
			}
			limit := int64(r.e.o.Batch)*cascading - total + 1
			var n int64
			if err := r.row(ctx, tx, rows.Concat("SELECT count(*) FROM (SELECT 1 FROM ", p.sql, " AS t WHERE ", cond, " LIMIT ", rows.Arg(limit), ") x"), &n); err != nil {
				return err
			}
			if total += n; n > 0 && (p.action != dsar.ActDelete || !in[p.Name]) || n == limit {
				return errLeavesFirst
			}
			if n > 0 {
				steps = append(steps, Step{Seq: p.seq, Table: p.Name, Action: string(p.action), Rows: n, Done: true})
			}
		}
		if _, err := r.exec(ctx, tx, rows.Concat("DELETE FROM ", r.l.root.sql, " AS t WHERE ", r.l.own(r.sel.Person().Key))); err != nil {
			return err
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
