package erase

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// finish does what needs no row of the person's any more: derived tables, the key that is shredded, and the end of the job.
func (r *run) finish(ctx context.Context) error {
	for _, name := range r.e.m.TableNames() {
		t, _ := r.e.m.Table(name)
		if t.Derived == "" {
			continue
		}
		if err := r.refresh(ctx, name); err != nil {
			return fmt.Errorf("erase: %s is to be made again: %w", name, err)
		}
	}
	if shreds(r.e.m) {
		if err := r.e.o.Shred(ctx, r.job.Person); err != nil {
			return fmt.Errorf("erase: shredding the person's key: %w", err)
		}
	}
	return r.e.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := r.e.j.Fence(ctx, r.job.ID, r.worker); err != nil {
			return err
		}
		done, err := r.counts(ctx, tx)
		if err != nil {
			return err
		}
		text, err := json.Marshal(done)
		if err != nil {
			return err
		}
		return r.e.j.Close(ctx, r.job.ID, r.worker, text)
	})
}

// counts are the rows that each action was done to, as the journal has them.
func (r *run) counts(ctx context.Context, tx *sqlx.Tx) (out []dsar.Planned, err error) {
	steps, err := r.e.j.Steps(ctx, r.job.ID)
	if err != nil {
		return nil, err
	}
	of := map[int]Step{}
	for _, s := range steps {
		of[s.Seq] = s
	}
	for _, t := range r.l.tables {
		for _, p := range r.l.parts {
			s := of[p.seq]
			if p.table != t || p.own || s.Rows == 0 {
				continue
			}
			x := dsar.Planned{Table: t.Name, Action: p.action, Rows: s.Rows}
			if p.action == dsar.ActKeep {
				var until sql.NullInt64
				if err := r.row(ctx, tx, rows.Concat("SELECT max(k.until) FROM ", r.e.j.Kept(), " AS k WHERE k.tbl = ", rows.Arg(t.Name), " AND (k.k1, k.k2, k.k3, k.k4) IN (SELECT n.k1, n.k2, n.k3, n.k4 FROM ",
					r.e.j.Keys(), " AS n WHERE n.job = ", rows.Arg(r.job.ID), " AND n.step = ", rows.Arg(p.seq), ")"), &until); err != nil {
					return nil, err
				}
				if x.Why = why(t); until.Valid {
					at := time.UnixMicro(until.Int64).UTC()
					x.Until = &at
				}
			}
			if i := slices.IndexFunc(out, func(o dsar.Planned) bool { return o.Table == x.Table && o.Action == x.Action }); i >= 0 {
				out[i].Rows += x.Rows
				continue
			}
			out = append(out, x)
		}
	}
	return out, nil
}

// result is what a job that is done did.
func result(e Entry) (*dsar.Erased, error) {
	if len(e.Result) == 0 {
		return nil, ErrAbandoned
	}
	out := &dsar.Erased{Plan: e.Plan, Begun: e.Begun, Done: e.Done}
	if err := json.Unmarshal(e.Result, &out.Tables); err != nil {
		return nil, fmt.Errorf("erase: the journal's result of the job cannot be read")
	}
	return out, nil
}

// refresh makes a derived table again.
func (r *run) refresh(ctx context.Context, name string) error {
	if r.e.o.Refresh != nil {
		return r.e.o.Refresh(ctx, name)
	}
	t := r.l.live.Table(name)
	if t == nil {
		return fmt.Errorf("%w: the database has no such table", ErrMap)
	}
	sqlName := r.l.live.SQL(name)
	return r.e.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var err error
		switch t.Kind {
		case schema.Materialized:
			_, err = tx.ExecContext(ctx, "REFRESH MATERIALIZED VIEW "+sqlName)
		case schema.Virtual:
			_, err = tx.ExecContext(ctx, "INSERT INTO "+sqlName+" ("+schema.Quote(name)+") VALUES ('rebuild')")
		default:
			err = fmt.Errorf("%w: it is neither a materialised view nor an index: say in Options.Refresh how", ErrMap)
		}
		return err
	})
}
