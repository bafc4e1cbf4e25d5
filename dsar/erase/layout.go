package erase

import (
	"cmp"
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
	early  bool // keys of its rows that go are noted before any row changes; those of rows that stay always are
	first  bool // its rows go before any row changes: they have no key that could be noted, and nobody points at them
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
	own    bool   // cut of the person's own rows: nothing is counted. What is cut else is of rows that are not in the part of
	cuts   []int  // ties that rows which stay are cut from; none where rows that go are
	sets   []edit // what columns become
	keys   bool   // keys are noted, and worked on in their order
	stay   bool   // the keys stay noted when the rows are done, so that none is done twice
}

// Steps of the journal that are not parts.
const (
	standIns = -1      // keys of rows that stand in for the person
	ended    = 1 << 30 // the last pass has been committed
	kinds    = 1 << 10 // steps a table can have: parts, and behind them the ties that they cut
	ties     = 8       // the first of these
)

// tied is the step under which the keys of those rows of the part are noted that a tie is cut from, if rows may be cut from several.
func (p *part) tied(tie int) int {
	if p.own {
		return p.table.number*kinds + ties + 2*tie + 1
	}
	return p.table.number*kinds + ties + 2*tie
}

// A part's phase: links of rows that stay are cut first, then those of rows that go, and then each table has its turn.
const (
	leaves = iota // rows that cannot be noted
	cutStaying
	cutGoing
	turns
	phases
)

func (p *part) phase() int {
	switch {
	case p.first:
		return leaves
	case len(p.cuts) > 0:
		return cutStaying
	case p.action == dsar.ActCut:
		return cutGoing
	}
	return turns
}

// before reports whether the part's keys are noted before any row changes.
func (p *part) before() bool { return p.keys && (p.early || p.action != dsar.ActDelete || p.ended != 0) }

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
	turn := map[*table]int{}
	for i, t := range l.tables {
		turn[t] = i
	}
	for _, t := range l.tables {
		t.early = t.early || l.loses(t, turn)
	}
	// Rows that nothing points at, and whose table has no key, go before all others.
	slices.SortStableFunc(l.tables, func(a, b *table) int { return cmp.Compare(l.rank(a), l.rank(b)) })
}

func (l *layout) rank(t *table) int {
	if t.first = t.early && len(t.Key) == 0 && t.goes() && !l.pointed(t); t.first {
		t.early = false
		return 0
	}
	return 1
}

// pointed reports whether rows of other tables lead to rows of the table, or refer to them.
func (l *layout) pointed(t *table) bool {
	return slices.ContainsFunc(l.tables, func(o *table) bool {
		return slices.ContainsFunc(o.Ties, func(tie dsar.Tie) bool { return tie.To == t.Name })
	}) || slices.ContainsFunc(l.live.Tables, func(o *schema.Table) bool {
		return slices.ContainsFunc(o.Foreign, func(f schema.ForeignKey) bool { return f.To == t.Name })
	})
}

// loses reports whether rows of t that go may not be found any more at their turn: a table between them and the person has its turn before,
// or links by which they are found are cut before all turns.
func (l *layout) loses(t *table, turn map[*table]int) bool {
	seen := map[*table]bool{}
	var lost func(from *table, staying bool) bool // staying: rows of from that stay are on the way
	lost = func(from *table, staying bool) bool {
		return slices.ContainsFunc(from.Ties, func(tie dsar.Tie) bool {
			if tie.Role == dsar.Reference {
				return false
			}
			to := l.byName[tie.To]
			by, columns, stay := from, tie.Columns, staying
			if tie.Inverse {
				by, columns, stay = to, tie.Targets, true
			}
			switch {
			case by != nil && l.edits(by, columns, stay):
				return true
			case to == nil || seen[to]:
				return false
			}
			seen[to] = true
			return turn[to] < turn[t] || lost(to, true)
		})
	}
	return lost(t, false)
}

// edits reports whether one of the columns is made null before all turns: in rows of the table that go, or staying ones.
func (l *layout) edits(t *table, columns []string, staying bool) bool {
	for _, e := range l.owncuts(t) {
		if slices.Contains(columns, e.column) {
			return true
		}
	}
	return staying && l.stays(t) && slices.ContainsFunc(t.Ties, func(tie dsar.Tie) bool {
		return l.severed(tie) && slices.ContainsFunc(tie.Columns, func(c string) bool { return slices.Contains(columns, c) })
	})
}

// stays reports whether rows of the person's in the table may stay.
func (l *layout) stays(t *table) bool { return !t.goes() || t.Shared != dsar.DeleteForAll }

// goes reports whether rows of the table are deleted.
func (t *table) goes() bool { return t.Erase.IsZero() || t.Erase.Is(dsar.Delete) }

// divide makes the parts of a table.
func (l *layout) divide(t *table) error {
	add := func(k int, p part) {
		p.table, p.seq = t, t.number*kinds+k
		p.keys = p.action != dsar.ActDelete || t.early || p.ended != 0 || len(l.taking(t)) > 0 && len(t.Key) > 0
		l.parts = append(l.parts, &p)
	}
	mine := slices.ContainsFunc(l.m.Reach(t.Name), func(r dsar.Reach) bool { return r.Role <= dsar.CoOwner })
	if cuts := l.cuts(t); len(cuts) > 0 {
		p := part{action: dsar.ActCut, of: rows.Mine, cuts: cuts}
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
	if l.stays(t) {
		p := part{action: dsar.ActCut, own: true, of: rows.Mine}
		if t.goes() {
			p.of = rows.Stays
		}
		var err error
		if p.cuts, p.sets, err = l.leaving(t); err != nil {
			return err
		}
		if len(p.cuts) > 0 {
			add(5, p)
		}
	}
	masks, err := l.masks(t)
	if err != nil {
		return err
	}
	switch t.Shared {
	case dsar.LastOwnerWins:
		add(2, part{action: dsar.ActShare, of: rows.Stays, stay: true})
	case dsar.RedactMine:
		add(2, part{action: dsar.ActMask, of: rows.Stays, sets: masks, stay: true})
	}
	_, keep := t.Erase.Reason()
	switch {
	case t.goes():
		add(3, part{action: dsar.ActDelete, of: rows.Erased})
	case keep:
		add(3, part{action: dsar.ActDelete, of: rows.Erased, ended: 1})
		add(4, part{action: dsar.ActKeep, of: rows.Erased, ended: -1, stay: true})
	default:
		add(4, part{action: dsar.ActMask, of: rows.Erased, sets: masks, stay: true})
	}
	for _, p := range l.parts {
		if p.table != t || len(t.Key) > 0 {
			continue
		}
		if p.action == dsar.ActShare && !t.early { // its rows are counted, and that is all
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
	if !t.goes() {
		return nil
	}
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
		if tie.To == t.Name && tie.Identifier == "" && tie.Path == "" && !tie.Inverse {
			if !null(tie.Columns) && !slices.Contains(t.selfs, i) {
				t.selfs = append(t.selfs, i)
			}
		}
	}
	return out
}
