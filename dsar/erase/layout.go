package erase

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// layout is the map laid upon the database as it is now: tables in the order of their turns, and the parts of each.
type layout struct {
	m      *dsar.Compiled
	rows   *rows.Rows
	pg     bool
	live   *schema.Database
	tables []*table
	byName map[string]*table
	parts  []*part // in the order of their turns
	root   *table  // that of the person's kind; nil if it has none
}

// table is one table that has a turn.
type table struct {
	dsar.Mapped
	dsar.Step
	live   *schema.Table
	sql    string
	root   bool
	number int  // by name: it does not depend on the order of turns
	early  bool // keys of its rows are noted before any row changes
	keyed  bool // a row is told by its key alone: of a partition, or of a table without rowid
	selfs  []int
}

// part is some rows of a table and what becomes of them.
type part struct {
	*table
	seq    int // of its step and its keys in the journal
	action dsar.Action
	of     rows.Part
	ended  int    // of rows that are kept: 1 those whose end has come, -1 the others
	own    bool   // cut of rows that go: nothing is counted
	cuts   []int  // ties that somebody else's rows are cut from
	sets   []edit // what columns become
	keys   bool   // keys are noted, and worked on in their order
	stay   bool   // the keys stay noted when the rows are done, so that none is done twice
}

// Steps of the journal that are not parts.
const (
	standIns = -1      // keys of rows that stand in for the person
	ended    = 1 << 20 // the last pass has been committed
	kinds    = 8       // parts a table can have
)

func (l *layout) open(ctx context.Context, tx *sqlx.Tx, kind string) (err error) {
	if l.live, err = schema.Read(ctx, tx); err != nil {
		return err
	}
	keyed, err := l.keyed(ctx, tx)
	if err != nil {
		return err
	}
	subject, ok := l.m.Subject(kind)
	if !ok {
		return fmt.Errorf("%w: there is no kind of people %q", dsar.ErrNobody, kind)
	}
	l.byName = map[string]*table{}
	for _, s := range l.m.Steps() {
		mapped, _ := l.m.Table(s.Table)
		t := &table{Mapped: mapped, Step: s, live: l.live.Table(s.Table), sql: l.live.SQL(s.Table), root: s.Table == subject.Table}
		if t.live == nil {
			return fmt.Errorf("%w: the database has no table %s", ErrMap, s.Table)
		}
		for _, f := range t.Fields {
			if t.live.Column(f.Name) == nil {
				return fmt.Errorf("%w: the database has no column %s.%s", ErrMap, t.Name, f.Name)
			}
		}
		if t.keyed = keyed[s.Table]; len(t.live.Key) > 0 {
			t.Key = t.live.Key
		}
		if len(t.Key) > 4 {
			return fmt.Errorf("%w: the key of %s has more than four columns", ErrMap, t.Name)
		}
		if t.early = s.Capture; t.root {
			l.root = t
		}
		l.tables, l.byName[s.Table] = append(l.tables, t), t
	}
	l.order()
	for _, t := range l.tables {
		if err := l.divide(t); err != nil {
			return err
		}
	}
	return nil
}

// keyed returns the tables whose rows have no place of their own.
func (l *layout) keyed(ctx context.Context, tx *sqlx.Tx) (map[string]bool, error) {
	text := `SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'p' OR c.relkind = 'r' AND c.relhassubclass`
	if !l.pg {
		text = `SELECT 'public', name FROM pragma_table_list WHERE schema = 'main' AND wr = 1`
	}
	found, err := tx.QueryxContext(ctx, text)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	out := map[string]bool{}
	for found.Next() {
		var space, name string
		if err := found.Scan(&space, &name); err != nil {
			return nil, err
		}
		if out[space+"."+name] = true; space == "public" {
			out[name] = true
		}
	}
	return out, found.Err()
}

// order puts tables of one wave behind those whose rows point at theirs, also where no foreign key asks for it, and notes the keys of rows
// early where what leads to them has its turn first.
func (l *layout) order() {
	names := make([]string, len(l.tables))
	for i, t := range l.tables {
		names[i] = t.Name
	}
	slices.Sort(names)
	for _, t := range l.tables {
		t.number, _ = slices.BinarySearch(names, t.Name)
	}
	points := func(a, b *table) bool {
		return slices.ContainsFunc(a.Ties, func(t dsar.Tie) bool { return t.To == b.Name && !t.Inverse })
	}
	for range l.tables {
		for i := 1; i < len(l.tables); i++ {
			a, b := l.tables[i-1], l.tables[i]
			if a.Wave == b.Wave && points(b, a) && !points(a, b) {
				l.tables[i-1], l.tables[i] = b, a
			}
		}
	}
	broken := func(t *table) bool { // links of ownership are cut in it before its turn
		own := l.owncuts(t)
		return slices.ContainsFunc(t.Ties, func(tie dsar.Tie) bool {
			return tie.Role != dsar.Reference && slices.ContainsFunc(own, func(e edit) bool { return slices.Contains(tie.Columns, e.column) })
		})
	}
	for i, t := range l.tables {
		for at, from := range l.tables {
			if (at < i && from != t || broken(from)) && (t == from || l.leads(from, t, map[string]bool{})) {
				t.early = true
			}
		}
	}
}

// leads reports whether rows of t are somebody's by way of rows of from.
func (l *layout) leads(from, t *table, seen map[string]bool) bool {
	seen[t.Name] = true
	return slices.ContainsFunc(t.Ties, func(tie dsar.Tie) bool {
		to := l.byName[tie.To]
		return to != nil && tie.Role != dsar.Reference && (to == from || !seen[to.Name] && l.leads(from, to, seen))
	})
}

// goes reports whether rows of the table are deleted.
func (t *table) goes() bool { return t.Erase.IsZero() || t.Erase.Is(dsar.Delete) }

// divide makes the parts of a table.
func (l *layout) divide(t *table) error {
	add := func(k int, p part) {
		p.table, p.seq = t, t.number*kinds+k
		p.keys = p.action != dsar.ActDelete || t.early || len(l.taking(t)) > 0 && len(t.Key) > 0
		l.parts = append(l.parts, &p)
	}
	mine := slices.ContainsFunc(l.m.Reach(t.Name), func(r dsar.Reach) bool { return r.Role <= dsar.CoOwner })
	if cuts := l.cuts(t); len(cuts) > 0 {
		p := part{action: dsar.ActCut, cuts: cuts}
		for _, i := range cuts {
			es, err := l.tie(t, i)
			if err != nil {
				return err
			}
			p.sets = append(p.sets, es...)
		}
		add(0, p)
	}
	if !mine {
		return nil
	}
	for _, c := range t.Cut {
		if !slices.ContainsFunc(strings.Split(c, ","), func(c string) bool { return !t.live.Column(c).NotNull }) {
			return fmt.Errorf("%w: %s.%s may not be null, and the map says that it may: a cycle was to be broken there", ErrMap, t.Name, c)
		}
	}
	if own := l.owncuts(t); len(own) > 0 {
		add(1, part{action: dsar.ActCut, own: true, of: rows.Erased, sets: own})
	}
	ties, err := l.leaving(t)
	if err != nil {
		return err
	}
	masks, err := l.masks(t)
	if err != nil {
		return err
	}
	switch t.Shared {
	case dsar.LastOwnerWins:
		add(2, part{action: dsar.ActShare, of: rows.Stays, sets: ties, stay: len(ties) == 0})
	case dsar.RedactMine:
		add(2, part{action: dsar.ActMask, of: rows.Stays, sets: append(slices.Clone(masks), ties...), stay: true})
	}
	_, keep := t.Erase.Reason()
	switch {
	case t.goes():
		add(3, part{action: dsar.ActDelete, of: rows.Erased})
	case keep:
		add(3, part{action: dsar.ActDelete, of: rows.Erased, ended: 1})
		add(4, part{action: dsar.ActKeep, of: rows.Erased, ended: -1, sets: ties, stay: true})
	default:
		add(4, part{action: dsar.ActMask, of: rows.Erased, sets: append(masks, ties...), stay: true})
	}
	for _, p := range l.parts {
		if p.table != t || len(t.Key) > 0 {
			continue
		}
		if p.action == dsar.ActShare && len(p.sets) == 0 && !t.early { // its rows are counted, and that is all
			p.keys = false
		}
		if p.keys {
			return fmt.Errorf("%w: %s needs a primary key, for rows of it are noted: to %s them", ErrMap, t.Name, p.action)
		}
	}
	return nil
}

// cuts returns the ties that are cut from somebody else's rows: to the person, and to rows of theirs that go.
func (l *layout) cuts(t *table) (out []int) {
	for i, tie := range t.Ties {
		if !tie.Then.IsZero() && l.severed(tie) && (tie.Role >= dsar.Accessor) {
			out = append(out, i)
		}
	}
	return out
}

// severed reports whether the tie is cut where it points at what is erased: to rows that stay it leads on, but for the person's own, which is
// not to be found by it.
func (l *layout) severed(tie dsar.Tie) bool {
	to := l.byName[tie.To]
	switch {
	case tie.Inverse:
		return false
	case tie.Identifier != "":
		return true
	}
	return to != nil && (to.goes() || to.root && tie.Role != dsar.Reference)
}

// owncuts are the columns that are made null in rows that go, so that no order among them is needed: those of cycles, and of links of
// the table to itself.
func (l *layout) owncuts(t *table) (out []edit) {
	null := func(columns []string) bool {
		ok := false
		for _, c := range columns {
			if c != t.TenantColumn && !t.live.Column(c).NotNull {
				out, ok = append(out, edit{column: c, to: rows.Cond{SQL: "NULL"}}), true
			}
		}
		return ok
	}
	for _, c := range t.Cut {
		null(strings.Split(c, ","))
	}
	for i, tie := range t.Ties {
		if tie.To == t.Name && tie.Identifier == "" && tie.Path == "" && !tie.Inverse && t.goes() {
			if !null(tie.Columns) && !slices.Contains(t.selfs, i) {
				t.selfs = append(t.selfs, i)
			}
		}
	}
	return out
}
