package retention

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// layout is the map laid upon the database as it is now, for one transaction: with the holds that are in force in it.
type layout struct {
	s      *Sweeper
	pg     bool
	tenant string
	live   *schema.Database
	byName map[string]*table
	swept  []*table // those with a period, what others point at last
	held   map[string]bool
	all    bool              // a hold is on the tenant
	people []*rows.Selection // on whom holds are
	who    bool              // a hold is on somebody, and nobody knows on whom
}

// table is a table of the map.
type table struct {
	dsar.Mapped
	live   *schema.Table
	sql    string
	number int // by name
	key    []string
	period dsar.Period
	cutoff time.Time
	masks  []mask // of a table whose rows are masked
	edges  []edge
}

// edge is that rows of another table point at a table's.
type edge struct {
	child    *table
	name     string // of the child's table, which the map may lack
	columns  []string
	targets  []string
	when     []dsar.When
	together bool // the child's rows belong to the row, and go with it
	tenant   string
}

// open reads the database and the holds. at is the time by which rows are due.
func (s *Sweeper) open(ctx context.Context, tx *sqlx.Tx, at time.Time) (*layout, error) {
	id, err := tenancy.From(ctx)
	if err != nil {
		return nil, err
	}
	own, err := s.periods(ctx)
	if err != nil {
		return nil, err
	}
	l := &layout{s: s, pg: s.db.Dialect() == tenantdb.Postgres, tenant: id.String(), byName: map[string]*table{}, held: map[string]bool{}}
	if err := s.rows.NoJIT(ctx, tx); err != nil {
		return nil, err
	}
	if l.live, err = schema.Read(ctx, tx); err != nil {
		return nil, err
	}
	names := s.m.TableNames()
	slices.Sort(names)
	for i, name := range names {
		m, _ := s.m.Table(name)
		t := &table{Mapped: m, live: l.live.Table(name), sql: l.live.SQL(name), number: i}
		if m.Derived != "" {
			continue
		}
		if t.live == nil {
			return nil, fmt.Errorf("%w: the database has no table %s", ErrMap, name)
		}
		if t.key = t.live.Key; len(t.key) == 0 {
			t.key = m.Key
		}
		l.byName[name] = t
		if m.Retention == nil {
			continue
		}
		if len(t.key) == 0 || len(t.key) > 4 {
			return nil, fmt.Errorf("%w: the key of %s has none or more than four columns", ErrMap, name)
		}
		t.period = s.period(&m, own, at)
		t.cutoff = back(at, t.period)
		if m.Retention.Then.Is(dsar.Mask) {
			if t.masks, err = masksOf(t); err != nil {
				return nil, err
			}
		}
		l.swept = append(l.swept, t)
	}
	l.join()
	l.order()
	return l, l.holds(ctx)
}

// join finds which rows point at a table's: by links of the map, and by foreign keys that the map does not have.
func (l *layout) join() {
	for _, name := range l.s.m.TableNames() {
		c := l.byName[name]
		if c == nil {
			continue
		}
		for _, tie := range c.Ties {
			t := l.byName[tie.To]
			if t == nil || tie.Inverse || tie.Path != "" || tie.Identifier != "" || len(tie.Columns) != len(tie.Targets) {
				continue
			}
			fk := c.live.Foreign != nil && slices.ContainsFunc(c.live.Foreign, func(f schema.ForeignKey) bool { return f.Covers(t.Name, tie.Columns, tie.Targets) })
			belongs := tie.Role == dsar.Owner || tie.Role == dsar.CoOwner
			if !fk && !belongs {
				continue // nothing keeps it from pointing at what is not there
			}
			goes := c.Erase.IsZero() || c.Erase.Is(dsar.Delete)
			t.edges = append(t.edges, edge{child: c, name: name, columns: tie.Columns, targets: tie.Targets, when: tie.When, tenant: c.TenantColumn,
				together: belongs && goes && c.Retention == nil && c != t && len(c.key) > 0})
		}
	}
	for _, lt := range l.live.Tables {
		for _, f := range lt.Foreign {
			t := l.byName[f.To]
			if t == nil || slices.ContainsFunc(t.edges, func(e edge) bool {
				return e.name == lt.Name && len(e.when) == 0 && f.Covers(t.Name, e.columns, e.targets)
			}) {
				continue
			}
			t.edges = append(t.edges, edge{child: l.byName[lt.Name], name: lt.Name, columns: f.Columns, targets: f.ToCols})
		}
	}
}

// order puts tables behind those whose rows point at theirs.
func (l *layout) order() {
	place := map[string]int{}
	for i, s := range l.s.m.Steps() {
		place[s.Table] = i
	}
	slices.SortStableFunc(l.swept, func(a, b *table) int { return place[a.Name] - place[b.Name] })
}

// holds reads what holds are in force.
func (l *layout) holds(ctx context.Context) error {
	holds, err := l.s.store.Holds(ctx, false)
	if err != nil {
		return err
	}
	now, err := l.s.store.Now(ctx)
	if err != nil {
		return err
	}
	var persons []dsar.HoldRow
	for _, h := range holds {
		switch {
		case !h.In(now):
		case h.Ref.IsZero() && h.Table == "":
			l.all = true
		case h.Ref.IsZero():
			l.held[h.Table] = true
		default:
			persons = append(persons, h)
		}
	}
	if len(persons) == 0 || l.all {
		return nil
	}
	if l.s.o.People == nil {
		l.who = true
		return nil
	}
	people, err := l.s.o.People(ctx, persons)
	if err != nil {
		return fmt.Errorf("retention: who is held: %w", err)
	}
	for _, p := range people {
		sel, err := l.s.rows.Resolve(ctx, l.s.db, p)
		if err != nil {
			return fmt.Errorf("retention: who is held: %w", err)
		}
		l.people = append(l.people, sel)
	}
	return nil
}

// holding reports whether no row of the table may go.
func (l *layout) holding(name string) bool {
	return l.all || l.held[name] || l.who && len(l.s.m.Reach(name)) > 0
}
