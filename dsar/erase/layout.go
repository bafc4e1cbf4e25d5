package erase

import (
	"context"
	"fmt"

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
	groups [][]*table // the same: the tables of a group do not wait for each other
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

// goes reports whether rows of the table are deleted.
func (t *table) goes() bool { return t.Erase.IsZero() || t.Erase.Is(dsar.Delete) }
