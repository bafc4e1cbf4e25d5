package tenancytest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/internal/finding"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// weakLink is a foreign key that crosses tenants.
type weakLink struct {
	t *table
	l link
}

var (
	deleteBlind   = rule("write.delete.blind", "DELETE without a condition removes rows of another tenant", guardRemedy)
	cascadeDelete = rule("cascade.delete", "a tenant that deletes its own row changes rows of another tenant", "Let the foreign key include the tenant column on both sides.")
)

// otherRules are the attacks that are not tricks on one table.
var otherRules = []finding.Rule{deleteBlind, cascadeDelete, viewRead, viewWrite, matviewRead, functionRead, functionWrite, interference,
	roleChange, roleGrant, sessionChange, replicaRole, createObject, serverFiles, directoryRead,
	residueSetting, residuePath, residueTemp, residueCursor, residueLock, residueListen, residueSequence}

// attackTogether tries what takes several tables.
func (k *kit) attackTogether(ctx context.Context) error {
	return errors.Join(k.deleteBlind(ctx), k.cascades(ctx), k.attackReachable(ctx), k.interfere(ctx))
}

// deleteBlind empties all tables, children before parents, and counts what went beside A's own rows.
// Without a condition, policies FOR SELECT have no say in it.
func (k *kit) deleteBlind(ctx context.Context) error {
	if !slices.ContainsFunc(k.cat.tables, func(t *table) bool { return k.wanted(t.Name) }) {
		return nil
	}
	return k.undone(ctx, k.A, func(ctx context.Context, tx *sqlx.Tx) error {
		h := &hand{kit: k, ctx: ctx, tx: tx}
		for _, t := range slices.Backward(k.cat.parentsFirst()) {
			if t.Partition && !k.wanted(t.Name) || !t.Readable && !k.wanted(t.Name) {
				continue
			}
			var gone, own int64
			err := savepoint(ctx, tx, true, func() (err error) {
				if own, err = h.number("SELECT count(*) FROM " + t.Name + " x WHERE x." + t.tenant.Ident + "::text = " + lit(k.A.String())); err == nil {
					gone, err = h.exec("DELETE FROM " + t.Name)
				}
				return err
			})
			if errors.As(err, new(lost)) {
				return err
			}
			seen := rowsSeen(gone - own)
			if state(err) == "23503" { // of whose row? A's own children are gone already, as far as A may delete them
				own := h.sub(func() error {
					_, err := h.exec("DELETE FROM " + t.Name + " x WHERE x." + t.tenant.Ident + "::text = " + lit(k.A.String()))
					return err
				})
				if own == nil {
					seen = "only a foreign key stopped it, which does not stop the tenant's own rows from being deleted"
				}
			}
			if k.wanted(t.Name) {
				if err := k.tell(deleteBlind, t.Name, seen, err); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// cascades shows what a foreign key that crosses tenants does: B has a row that points at A's, and A
// deletes its own.
func (k *kit) cascades(ctx context.Context) error {
	var errs []error
	for _, w := range k.weak {
		errs = append(errs, k.cascade(ctx, w))
	}
	return errors.Join(errs...)
}

func (k *kit) cascade(ctx context.Context, w weakLink) error {
	p := k.cat.by[w.l.Parent]
	if !slices.Contains([]string{"c", "n", "d"}, w.l.OnDelete) || len(p.rows[k.A.String()]) == 0 || len(w.t.rows[k.B.String()]) == 0 {
		return nil
	}
	var target row
	var mine []placed
	// A row of its own for the purpose, so that nothing else hangs on it.
	err := k.DB.Tx(tenancy.Switch(ctx, k.A), func(ctx context.Context, tx *sqlx.Tx) error {
		m := &maker{ctx: ctx, tx: tx, cat: k.cat, id: k.A}
		r, err := m.fresh(p, p.rows[k.A.String()][0], nil, 0)
		if err == nil {
			target, err = m.put(p, r)
		}
		mine = m.made
		return err
	})
	if err != nil {
		return k.tell(cascadeDelete, w.t.Name, "", skipped{"no row could be made for it"})
	}
	k.made[k.A] = append(k.made[k.A], mine...)
	err = k.DB.Tx(tenancy.Switch(ctx, k.B), func(ctx context.Context, tx *sqlx.Tx) error {
		h := &hand{kit: k, ctx: ctx, tx: tx, t: w.t}
		err := h.pointAt(k.B, w.t, w.l, target)
		mine = h.put
		return err
	})
	if err != nil {
		return k.tell(cascadeDelete, w.t.Name, "", skipped{"no row could be made for it"})
	}
	k.made[k.B] = append(k.made[k.B], mine...)
	return k.undone(ctx, k.A, func(ctx context.Context, tx *sqlx.Tx) error {
		h := &hand{kit: k, ctx: ctx, tx: tx, t: w.t}
		var seen string
		err := h.sub(func() error {
			before, err := h.ledger()
			if err != nil {
				return err
			}
			if _, err := h.exec("DELETE FROM " + p.Name + " WHERE " + p.key("", target)); err != nil {
				return err
			}
			after, err := h.ledger()
			seen = foreign(before, after)
			return err
		})
		return k.tell(cascadeDelete, w.t.Name, seen, err)
	})
}

// entry is what this transaction did to a table, and what the tenant sees of it.
type entry struct {
	Name     string `db:"name"`
	Inserted int64  `db:"inserted"`
	Updated  int64  `db:"updated"`
	Deleted  int64  `db:"deleted"`
	Visible  int64  `db:"visible"`
	Places   string `db:"places"`
}

// ledger reads the transaction's own counters, which row-level security does not filter.
func (h *hand) ledger() (map[string]entry, error) {
	var parts []string
	for _, t := range h.cat.tables {
		if t.Partition || !t.Readable {
			continue
		}
		oids := []string{fmt.Sprint(t.OID)}
		for _, p := range h.cat.parts(t) {
			oids = append(oids, fmt.Sprint(p.OID))
		}
		sum := func(f string) string {
			return "(SELECT sum(pg_catalog.pg_stat_get_xact_tuples_" + f + "(o)) FROM pg_catalog.unnest(ARRAY[" + strings.Join(oids, ",") + "]::oid[]) o)"
		}
		parts = append(parts, fmt.Sprintf(`SELECT %s AS name, %s AS inserted, %s AS updated, %s AS deleted, count(*) AS visible,
			coalesce(pg_catalog.md5(pg_catalog.string_agg(x.tableoid::text || x.ctid::text, ' ' ORDER BY x.tableoid, x.ctid)), '') AS places FROM %s x`,
			lit(t.Name), sum("inserted"), sum("updated"), sum("deleted"), t.Name))
	}
	var entries []entry
	if err := h.tx.SelectContext(h.ctx, &entries, strings.Join(parts, " UNION ALL ")); err != nil {
		return nil, err
	}
	out := map[string]entry{}
	for _, e := range entries {
		out[e.Name] = e
	}
	return out, nil
}

// foreign says in which tables more happened than the tenant can see.
func foreign(before, after map[string]entry) string {
	var out []string
	for name, a := range after {
		b := before[name]
		happened := (a.Inserted - b.Inserted) - (a.Deleted - b.Deleted)
		switch {
		case happened != a.Visible-b.Visible:
			out = append(out, "rows of "+name+" came or went that the tenant cannot see")
		case a.Updated > b.Updated && a.Places == b.Places:
			out = append(out, "rows of "+name+" were updated that the tenant cannot see")
		}
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}
