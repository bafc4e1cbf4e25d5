package tenancytest

import (
	"context"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
)

const definerRemedy = "Give views security_invoker = true (Postgres 15) and functions SECURITY INVOKER, or REVOKE them from the application's role."

var (
	viewRead      = rule("read.view", "a view shows rows of another tenant", definerRemedy)
	viewWrite     = rule("write.view", "a write through a view changes rows of another tenant", definerRemedy)
	matviewRead   = rule("read.matview", "a materialized view holds rows of all tenants, and row-level security does not apply to it", "REVOKE it from the application's role, or replace it by a table with a guard.")
	functionRead  = rule("read.function", "a function returns rows of another tenant, or tells that they exist", definerRemedy)
	functionWrite = rule("write.function", "a function changes rows of another tenant", definerRemedy)
	interference  = rule("read.interference", "what a tenant sees of a view or function changes with another tenant's rows", definerRemedy)
)

// attackReachable tries the views, materialized views and functions that the role may use.
func (k *kit) attackReachable(ctx context.Context) error {
	witnesses := k.witnesses()
	return k.undone(ctx, k.A, func(ctx context.Context, tx *sqlx.Tx) error {
		h := &hand{kit: k, ctx: ctx, tx: tx}
		for _, r := range k.cat.reach {
			if !k.wanted(r.Name) {
				continue
			}
			var err error
			switch {
			case r.Kind == "f":
				err = h.function(r, witnesses)
			case r.Kind == "m" && r.Over:
				var n int64
				err = h.sub(func() (err error) { n, err = h.number("SELECT count(*) FROM " + r.Name); return err })
				err = h.tell(matviewRead, r.Name, rowsSeen(n), err)
			case r.Over || r.Calls:
				err = h.view(r, witnesses)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// witnesses are texts that only a row of B can have brought to light: its id, and values of its keys and
// of what the kit generated, which A has nowhere.
func (k *kit) witnesses() []string {
	ours := map[string]bool{k.A.String(): true}
	for _, t := range k.cat.tables {
		for _, r := range t.rows[k.A.String()] {
			for _, v := range r {
				ours[v.String] = true
			}
		}
	}
	out := []string{k.B.String()}
	for _, t := range k.cat.tables {
		for _, r := range t.rows[k.B.String()] {
			for name, v := range r {
				if c, _ := t.column(name); len(v.String) >= 6 && !ours[v.String] && c.Category != "D" && (t.unique(name) || strings.HasPrefix(v.String, "bw")) {
					out = append(out, v.String)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// containing counts the rows of a FROM item whose text holds one of the witnesses.
func (h *hand) containing(from string, witnesses []string) (int64, error) {
	var or []string
	for _, w := range witnesses {
		or = append(or, "("+lit(w)+")")
	}
	return h.number("SELECT count(*) FROM " + from + " x WHERE EXISTS (SELECT FROM (VALUES " + strings.Join(or, ", ") + ") w (v) WHERE pg_catalog.strpos(x::text, w.v) > 0)")
}

func (h *hand) view(r *reachable, witnesses []string) error {
	var n int64
	err := h.sub(func() (err error) {
		n, err = h.containing(r.Name, witnesses)
		return err
	})
	if err := h.tell(viewRead, r.Name, rowsSeen(n), err); err != nil {
		return err
	}
	if !r.Writable {
		return nil
	}
	var seen string
	err = h.sub(func() error {
		before, err := h.ledger()
		if err != nil {
			return err
		}
		if _, err = h.exec("DELETE FROM " + r.Name); err != nil {
			return err
		}
		after, err := h.ledger()
		seen = foreign(before, after)
		return err
	})
	if state(err) == "55000" { // not a view that rows can be deleted through
		err = skipped{"it cannot be deleted from"}
	}
	return h.tell(viewWrite, r.Name, seen, err)
}
