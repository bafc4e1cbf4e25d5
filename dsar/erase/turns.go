package erase

import (
	"cmp"
	"slices"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// order puts tables of one wave behind those whose rows point at theirs, also where no foreign key asks for it, notes the keys of rows
// early where what leads to them has its turn first, and groups tables that do not wait for each other.
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
	// Rows that cannot be noted, and nothing points at, go first.
	slices.SortStableFunc(l.tables, func(a, b *table) int { return cmp.Compare(l.rank(a), l.rank(b)) })
	for i, t := range l.tables {
		if i > 0 {
			last := &l.groups[len(l.groups)-1]
			if !slices.ContainsFunc(*last, func(o *table) bool { return l.waits(t, o) }) {
				*last = append(*last, t)
				continue
			}
		}
		l.groups = append(l.groups, []*table{t})
	}
}

// waits reports whether the turns of two tables may not be at the same time: one leads to the other or refers to it, or the order of
// their waves is for what is between them.
func (l *layout) waits(a, b *table) bool {
	refers := func(a, b *table) bool {
		return slices.ContainsFunc(a.Ties, func(tie dsar.Tie) bool { return tie.To == b.Name }) ||
			slices.ContainsFunc(a.live.Foreign, func(f schema.ForeignKey) bool { return f.To == b.Name })
	}
	return a.Wave != b.Wave || a.Deferred || b.Deferred || refers(a, b) || refers(b, a) ||
		l.leads(a, b, map[*table]bool{}) || l.leads(b, a, map[*table]bool{})
}

// leads reports whether rows of t are somebody's by way of rows of from.
func (l *layout) leads(from, t *table, seen map[*table]bool) bool {
	seen[t] = true
	return slices.ContainsFunc(t.Ties, func(tie dsar.Tie) bool {
		to := l.byName[tie.To]
		return to != nil && tie.Role != dsar.Reference && (to == from || !seen[to] && l.leads(from, to, seen))
	})
}

// rank is 0 of tables whose rows go before all others.
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
	return staying && slices.ContainsFunc(t.Ties, func(tie dsar.Tie) bool {
		return l.left(t, tie) && slices.ContainsFunc(tie.Columns, func(c string) bool { return slices.Contains(columns, c) })
	})
}

// behind reports whether rows of t wait for those of from, which point at them.
func (l *layout) behind(from, t *table, seen map[string]bool) bool {
	seen[from.Name] = true
	for _, next := range l.tables {
		points := slices.ContainsFunc(from.Ties, func(x dsar.Tie) bool { return x.To == next.Name && !x.Inverse }) ||
			slices.ContainsFunc(next.Ties, func(x dsar.Tie) bool { return x.To == from.Name && x.Inverse })
		if points && !seen[next.Name] && (next == t || l.behind(next, t, seen)) {
			return true
		}
	}
	return false
}
