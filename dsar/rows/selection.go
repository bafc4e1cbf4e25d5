package rows

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Selection is the rows of one person, or of a whole tenant. It holds personal values, and prints as nothing but the kind. It is safe for
// concurrent use, for one tenant. It knows the person's row and spellings as they were when it was made.
type Selection struct {
	r       *Rows
	tenant  tenancy.ID
	whole   bool // it is the tenant's
	kind    dsar.Subject
	person  dsar.Person
	own     map[string]value   // of the person's row; nil: they have none
	classes map[string][]class // by identifier
}

// Tenant returns the selection of ctx's whole tenant: all its rows of all tables, each of them [Owned] and [Erased]. On Postgres, tables
// without a tenant column are nobody's.
func (r *Rows) Tenant(ctx context.Context) (*Selection, error) {
	id, err := tenancy.From(ctx)
	if err != nil {
		return nil, err
	}
	return &Selection{r: r, tenant: id, whole: true}, nil
}

// Person is who was found: with the key, in the form in which the database writes it, if they have a row, and all that they are known by. Of the
// forms Fold, Email and Phone, each known value is there in all the spellings that the database has.
func (s *Selection) Person() dsar.Person { return s.person }

// Format writes the kind, whatever the verb.
func (s *Selection) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "rows.Selection("+s.kind.Kind+")")
}

// LogValue is the kind.
func (s *Selection) LogValue() slog.Value {
	return slog.StringValue("rows.Selection(" + s.kind.Kind + ")")
}

// known are all values of an identifier.
func (s *Selection) known(identifier string) (out []value) {
	for _, c := range s.classes[identifier] {
		for _, v := range c.values {
			out = append(out, value{text: v})
		}
	}
	return out
}

// sharedValues are those that another person goes by as well.
func (s *Selection) sharedValues(identifier string) (out []value) {
	for _, c := range s.classes[identifier] {
		for _, v := range c.values {
			if c.shared {
				out = append(out, value{text: v})
			}
		}
	}
	return out
}

// Where returns the condition on a row of the table, under the alias t, that it is in the part. It is false if no row can be.
func (s *Selection) Where(name string, p Part) (Cond, bool) {
	t := s.r.tables[name]
	if t == nil || t.Derived != "" {
		return Cond{}, false
	}
	w := &writer{Selection: s}
	c := w.part(t, "t", p)
	if c.never() {
		return Cond{}, false
	}
	return all(c, w.tenantOf(t, at("t"))), true
}

// part is that the row under the alias is in the part, of whatever tenant.
func (w *writer) part(t *table, a string, p Part) Cond {
	if w.whole {
		switch {
		case p == CoOwned || p == Accessed || p == Mentioned || p == Shared || p == Stays || p == Linked || w.r.dialect == schema.Postgres && t.TenantColumn == "":
			return never
		}
		return always
	}
	less := func(l, than level) Cond {
		if (&writer{Selection: w.Selection}).level(t, a, l).SQL == (&writer{Selection: w.Selection}).level(t, a, than).SQL {
			return never // the weaker level adds nothing
		}
		return all(w.level(t, a, l), w.level(t, a, than).Not())
	}
	switch p {
	case Owned:
		return w.level(t, a, dsar.Owner)
	case CoOwned:
		return less(dsar.CoOwner, dsar.Owner)
	case Accessed:
		return less(dsar.Accessor, dsar.CoOwner)
	case Mentioned:
		return less(dsar.Mentioned, dsar.Accessor)
	case Linked:
		return less(dsar.Mentioned, dsar.CoOwner)
	case All:
		return w.level(t, a, dsar.Mentioned)
	}
	mine := w.level(t, a, dsar.CoOwner)
	stays := t.Shared != dsar.DeleteForAll
	switch {
	case mine.never() || p == Mine || p == Erased && !stays:
		return mine
	case p == Stays && !stays:
		return never
	}
	others := never
	if t.root != "" || !w.alike(t) {
		others = w.others(t, at(a))
	}
	if p != Erased {
		return all(mine, others)
	}
	return all(mine, others.Not())
}

// level is that the row is the person's at the level.
func (w *writer) level(t *table, a string, l level) Cond {
	ways := w.mine(t, at(a), l, anyTie)
	if len(ways) > 1 && len(t.Key) > 0 && (w.r.dialect == schema.SQLite || slices.ContainsFunc(ways, Cond.selects)) {
		// One way OR another uses no index where a way is a subquery, and on SQLite the wrong one.
		b := w.alias("x")
		return Concat("("+at(a).list(t.Key)+") IN (", w.selectWays(t, b, t.Key, w.mine(t, at(b), l, anyTie)), ")")
	}
	return either(ways...)
}

// Points returns the condition on a row of the table, under the alias t, that its link of that index (in dsar.Mapped.Ties) points at a row
// that is in the part, or holds an identifier of the person. It serves references as well, whose rows nobody owns. It is false if
// no row can point there.
func (s *Selection) Points(name string, link int, at Part) (Cond, bool) {
	t := s.r.tables[name]
	if t == nil || link < 0 || link >= len(t.ties) || s.whole {
		return Cond{}, false
	}
	return s.points(t, &t.ties[link], at)
}

func (s *Selection) points(t *table, x *tie, p Part) (Cond, bool) {
	w := &writer{Selection: s}
	c := w.tied(t, at("t"), x, func(from *table) source { return w.inPart(from, x.Targets, p) })
	if c.never() {
		return Cond{}, false
	}
	return all(c, w.tenantOf(t, at("t"))), true
}

// inPart is the source of the rows of t that are in the part.
func (w *writer) inPart(t *table, columns []string, p Part) source {
	if t.root == "" || w.alone(t) {
		switch p {
		case Owned:
			return w.everyRow(t, columns, dsar.Owner)
		case Mine:
			return w.everyRow(t, columns, dsar.CoOwner)
		case All:
			return w.everyRow(t, columns, dsar.Mentioned)
		case Erased:
			if t.root != "" {
				return w.everyRow(t, columns, dsar.CoOwner)
			}
		}
	}
	a := w.alias("x")
	c := w.part(t, a, p)
	if c.never() {
		return source{}
	}
	return source{query: Concat("SELECT "+at(a).list(columns)+" FROM "+t.sql+" AS "+a+" WHERE ", all(c, w.tenantOf(t, at(a))))}
}

// alone reports whether t has no rows that are the person's but their own.
func (w *writer) alone(t *table) bool {
	return t.root == w.kind.Kind && !slices.ContainsFunc(t.ties, func(x tie) bool { return x.Role < dsar.Reference })
}

// Count returns how many rows of the table are in the part.
func (s *Selection) Count(ctx context.Context, db *tenantdb.DB, table string, p Part) (n int64, err error) {
	c, ok := s.Where(table, p)
	if err := s.allowed(ctx); err != nil || !ok {
		return 0, err
	}
	err = db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := s.r.NoJIT(ctx, tx); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, tx.Rebind("SELECT count(*) FROM "+s.r.SQL(table)+" AS t WHERE "+c.SQL), c.Args...).Scan(&n)
	})
	return n, err
}

// allowed is an error if ctx is not of the selection's tenant.
func (s *Selection) allowed(ctx context.Context) error {
	id, err := tenancy.From(ctx)
	switch {
	case err != nil:
		return err
	case s.tenant.IsZero() || id != s.tenant:
		return fmt.Errorf("rows: %w", tenantdb.ErrMismatch)
	}
	return nil
}
