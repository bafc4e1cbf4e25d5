package erase

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// planned is a plan with what it would cost.
type planned struct {
	dsar.Plan
	cost int64 // rows that are read because an index is missing
	l    *layout
}

// Plan implements [dsar.Eraser].
//
// Its hash is of the map, of the person, and of what becomes of the person's rows: in which tables, by which action, and why. It is not of how
// many rows there are, nor until when they are kept, nor of links that are cut from other people's rows: these change from day to day,
// and an erasure takes what there is. A plan is another one as soon as rows of another table, or another action, come to it or
// leave it, the map changes, the person is named by other keys or identifiers, or the row under the key is another one than it was.
func (e *Eraser) Plan(ctx context.Context, p dsar.Person) (*dsar.Plan, error) {
	if len(e.m.Undecided()) > 0 {
		return nil, dsar.ErrUndecided
	}
	secret, err := e.j.Secret(ctx)
	if err != nil {
		return nil, err
	}
	plan, _, err := e.plan(ctx, p, secret, true)
	if err != nil {
		return nil, err
	}
	return &plan.Plan, nil
}

// plan also returns the fingerprint of the person's row. It counts, or looks whether there is any row at all, which the hash does not tell apart.
func (e *Eraser) plan(ctx context.Context, p dsar.Person, secret []byte, count bool) (plan *planned, root []byte, err error) {
	err = e.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := e.rows.NoJIT(ctx, tx); err != nil {
			return err
		}
		l := &layout{m: e.m, rows: e.rows, pg: e.db.Dialect() == tenantdb.Postgres}
		if err := l.open(ctx, tx, p.Kind); err != nil {
			return err
		}
		sel, err := e.rows.Resolve(ctx, e.db, p)
		if err != nil {
			return err
		}
		if root, err = l.fingerprint(ctx, tx, p.Kind, sel.Person().Key, secret, ""); err != nil {
			return err
		}
		plan = &planned{Plan: dsar.Plan{Map: e.m.Hash(), Kind: p.Kind}, l: l}
		var now int64
		if err := tx.QueryRowxContext(ctx, "SELECT "+l.now()).Scan(&now); err != nil {
			return err
		}
		plan.At = time.UnixMicro(now).UTC()
		if err := plan.count(ctx, tx, l, sel, count); err != nil {
			return err
		}
		if err := plan.indexes(ctx, tx, l); err != nil {
			return err
		}
		if plan.cost > e.o.Scan && e.o.Scan >= 0 {
			plan.Warn = append(plan.Warn, "it is not begun: indexes are missing, and it would read too many rows")
		}
		parts := []string{plan.Map, plan.Kind, string(root), string(who(secret, p))}
		for _, t := range plan.Tables {
			if t.Action != dsar.ActCut {
				parts = append(parts, t.Table, string(t.Action), t.Why)
			}
		}
		plan.Hash = "sha256:" + hex.EncodeToString(keyed(secret, "plan", parts...))
		return nil
	})
	return plan, root, err
}

// count counts the rows of each part.
func (plan *planned) count(ctx context.Context, tx *sqlx.Tx, l *layout, sel *rows.Selection, count bool) error {
	for _, t := range l.tables {
		for _, p := range l.parts {
			if p.table != t || p.own {
				continue
			}
			cond, ok := p.which(l, sel)
			if !ok {
				continue
			}
			last := "NULL"
			if p.action == dsar.ActKeep {
				last = "max(" + l.until(t).SQL + ")"
			}
			x := dsar.Planned{Table: t.Name, Action: p.action}
			var until sql.NullInt64
			text := "SELECT count(*), " + last + " FROM " + t.sql + " AS t WHERE " + cond.SQL
			if !count && len(l.unindexed(t.Name)) == 0 {
				text = "SELECT count(*), NULL FROM (SELECT 1 FROM " + t.sql + " AS t WHERE " + cond.SQL + " LIMIT 1) x"
			}
			if err := tx.QueryRowxContext(ctx, tx.Rebind(text), cond.Args...).Scan(&x.Rows, &until); err != nil {
				return fmt.Errorf("erase: %s: %w", t.Name, err)
			}
			if x.Rows == 0 {
				continue
			}
			if p.action == dsar.ActKeep {
				x.Why = why(t)
			}
			if p.action == dsar.ActShare {
				for _, columns := range l.uncut(t) {
					plan.Warn = append(plan.Warn, fmt.Sprintf("rows of %s stay for who shares them, with %s as it is, and this will not be proved to be erased: say in the map what a link holds Then", t.Name, columns))
				}
			}
			if until.Valid {
				at := time.UnixMicro(until.Int64).UTC()
				x.Until = &at
			}
			if i := slices.IndexFunc(plan.Tables, func(o dsar.Planned) bool { return o.Table == x.Table && o.Action == x.Action }); i >= 0 {
				plan.Tables[i].Rows += x.Rows
				continue
			}
			plan.Tables = append(plan.Tables, x)
		}
	}
	return nil
}

// indexes warns of foreign keys without an index: for each row that goes, the database looks through all rows of the table that points at it.
func (plan *planned) indexes(ctx context.Context, tx *sqlx.Tx, l *layout) error {
	for _, x := range plan.Tables {
		if x.Action != dsar.ActDelete {
			continue
		}
		for _, f := range l.unindexed(x.Table) {
			n, err := l.estimate(ctx, tx, f.from)
			if err != nil {
				return err
			}
			plan.cost += n * x.Rows
			plan.Warn = append(plan.Warn, fmt.Sprintf("no index finds rows of %s by %s: each of %d rows of %s that go is looked up in all of about %d: CREATE INDEX ON %s (%s)",
				f.from.Name, strings.Join(f.columns, ", "), x.Rows, x.Table, n, l.live.SQL(f.from.Name), schema.Columns("", f.columns)))
		}
	}
	slices.Sort(plan.Warn)
	return nil
}

// pointer is a foreign key of a table.
type pointer struct {
	from    *schema.Table
	columns []string
}

// unindexed are the foreign keys to the table that no index finds rows by.
func (l *layout) unindexed(table string) (out []pointer) {
	for _, t := range l.live.Tables {
		for _, f := range t.Foreign {
			if f.To == table && !t.Finds(f.Columns) && !l.covers(t, f.Columns) {
				out = append(out, pointer{t, f.Columns})
			}
		}
	}
	return out
}

// covers reports whether an index begins with a column of the foreign key that is not the tenant's: it finds few rows.
func (l *layout) covers(t *schema.Table, columns []string) bool {
	m, ok := l.m.Table(t.Name)
	return slices.ContainsFunc(t.Indexes, func(x schema.Index) bool {
		return !x.Partial && len(x.Columns) > 0 && slices.Contains(columns, x.Columns[0]) && (!ok || x.Columns[0] != m.TenantColumn)
	})
}

// estimate is about how many rows a table has: on Postgres, for all tenants.
func (l *layout) estimate(ctx context.Context, tx *sqlx.Tx, t *schema.Table) (n int64, err error) {
	if l.pg {
		err = tx.QueryRowxContext(ctx, `SELECT greatest(c.reltuples, c.relpages * 20.0, 0)::bigint FROM pg_class c WHERE c.oid = to_regclass($1)`, l.live.SQL(t.Name)).Scan(&n)
		if err == nil && n == 0 { // it was never analysed: these are the tenant's
			err = tx.QueryRowxContext(ctx, `SELECT count(*) FROM (SELECT FROM `+l.live.SQL(t.Name)+` LIMIT 100000) x`).Scan(&n)
		}
		return n, err
	}
	err = tx.QueryRowxContext(ctx, `SELECT count(*) FROM `+l.live.SQL(t.Name)).Scan(&n)
	return n, err
}
