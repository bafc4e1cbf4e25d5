package tenancytest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/internal/finding"
)

// trick is one attack on one table, tried by tenant A inside a savepoint that is rolled back. It
// returns what shows that it succeeded. An error of the database that is a refusal means that it did
// not; any other means that it could not be tried.
type trick struct {
	rule finding.Rule
	run  func(h *hand) (seen string, err error)
	// count is the statement of a trick that does nothing but count rows it should not see: many of
	// these are asked in one.
	count string
}

// hand is tenant A at one table.
type hand struct {
	*kit
	ctx context.Context
	tx  *sqlx.Tx
	t   *table

	powers []string // roles that may do more than the application's
}

// tricks are the attacks on a table.
var tricks = [][]trick{readTricks, writeTricks, forgeTricks, oracleTricks}

// rules are all attacks.
func rules() iter.Seq[finding.Rule] {
	return func(yield func(finding.Rule) bool) {
		for _, list := range tricks {
			for _, a := range list {
				if !yield(a.rule) {
					return
				}
			}
		}
		for _, r := range append(append([]finding.Rule{}, otherRules...), fileRules()...) {
			if !yield(r) {
				return
			}
		}
	}
}

// attackTable tries every trick on t, all in one transaction.
func (k *kit) attackTable(ctx context.Context, t *table) error {
	err := k.undone(ctx, k.A, func(ctx context.Context, tx *sqlx.Tx) error {
		for _, s := range []string{"SET LOCAL lock_timeout = '3s'", "SET CONSTRAINTS ALL IMMEDIATE"} {
			if _, err := tx.ExecContext(ctx, s); err != nil {
				return err
			}
		}
		h := &hand{kit: k, ctx: ctx, tx: tx, t: t}
		if _, err := tx.ExecContext(ctx, "SAVEPOINT tenancytest"); err != nil {
			return err
		}
		counts := h.counts()
		for _, list := range tricks {
			for _, a := range list {
				if n, ok := counts[a.rule.ID]; ok {
					if err := h.tell(a.rule, t.Name, rowsSeen(n), nil); err != nil {
						return err
					}
					continue
				}
				if err := h.try(a); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("tenancytest: %s: %w", t.Name, err)
	}
	return nil
}

// undo goes back to the savepoint that a table's attacks have in common.
func (h *hand) undo() error {
	if _, err := h.exec("ROLLBACK TO SAVEPOINT tenancytest"); err != nil {
		return lost{err}
	}
	return nil
}

func (h *hand) try(a trick) error {
	seen, err := a.run(h)
	if uerr := h.undo(); uerr != nil {
		return errors.Join(uerr, err)
	}
	return h.tell(a.rule, h.t.Name, seen, err)
}

// counts runs the tricks that count as one statement. If that cannot be done, it returns nothing.
func (h *hand) counts() map[string]int64 {
	var ids, parts []string
	for _, list := range tricks {
		for _, a := range list {
			if a.count == "" {
				continue
			}
			if q, err := h.fill(a.count); err == nil {
				ids, parts = append(ids, a.rule.ID), append(parts, "("+q+")::bigint")
			}
		}
	}
	vals := make([]int64, len(ids))
	into := make([]any, len(ids))
	for i := range vals {
		into[i] = &vals[i]
	}
	err := h.tx.QueryRowContext(h.ctx, "SELECT "+strings.Join(parts, ", ")).Scan(into...)
	if err != nil {
		_ = h.undo() // try meets a lost transaction again
		return nil
	}
	out := map[string]int64{}
	for i, id := range ids {
		out[id] = vals[i]
	}
	return out
}

// alone runs one statement on its own: what was done before it is undone with the same message.
func (h *hand) alone(sql string) (int64, error) {
	return h.exec("ROLLBACK TO SAVEPOINT tenancytest; " + sql)
}

// sub runs f and undoes what it did.
func (h *hand) sub(f func() error) error { return savepoint(h.ctx, h.tx, false, f) }

func (h *hand) exec(sql string) (int64, error) {
	res, err := h.tx.ExecContext(h.ctx, sql)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (h *hand) number(sql string, args ...any) (n int64, err error) {
	err = h.tx.GetContext(h.ctx, &n, sql, args...)
	return n, err
}

// fetched counts the rows a statement returns.
func (h *hand) fetched(sql string) (n int64, err error) {
	rows, err := h.tx.QueryContext(h.ctx, sql)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		n++
	}
	return n, errors.Join(rows.Err(), rows.Close())
}

// fill replaces the names of the table in a statement: {t} the table, {c} its tenant column, {a} and {b} the
// tenants as literals, {key} the condition for a row of B.
func (h *hand) fill(sql string) (string, error) {
	if strings.Contains(sql, "{key}") {
		rows := h.t.rows[h.B.String()]
		if len(rows) == 0 {
			return "", skipped{"no row of tenant B is known"}
		}
		sql = strings.ReplaceAll(sql, "{key}", h.t.key("x.", rows[0]))
	}
	return strings.NewReplacer("{t}", h.t.Name, "{c}", h.t.tenant.Ident, "{a}", lit(h.A.String()), "{b}", lit(h.B.String()),
		"{type}", h.t.tenant.Type).Replace(sql), nil
}

// rowsSeen says how many rows an attack reached that it should not have.
func rowsSeen(n int64) string {
	switch {
	case n <= 0:
		return ""
	case n == 1:
		return "it reached 1 row"
	}
	return fmt.Sprintf("it reached %d rows", n)
}
