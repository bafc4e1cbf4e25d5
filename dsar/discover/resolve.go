package discover

import (
	"cmp"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/internal/word"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// resolve returns the links that the name of the column proposes, the best first; none for a column that holds no key.
func (w *world) resolve(t *table, col *schema.Column) []*candidate {
	family := col.Family
	if family == schema.Array {
		family = col.Element
	}
	switch family {
	case schema.Bool, schema.Time, schema.JSON, schema.Enum, schema.Number:
		return nil
	}
	if col.Generated {
		return nil
	}
	ws := word.Split(col.Name)
	variants := [][]string{ws}
	if t.lead != "" && len(ws) > 1 && ws[0] == t.lead {
		variants = append(variants, ws[1:])
	}
	best := map[*table]*candidate{}
	for i, v := range variants {
		if len(v) == 0 {
			continue
		}
		n := w.parse(v)
		for _, c := range w.named(t, col, n) {
			if i > 0 {
				c.note("without %q, which the columns of %s begin with", t.lead, t.Name)
			}
			if old := best[c.to]; old == nil || c.score > old.score {
				best[c.to] = c
			}
		}
	}
	var out []*candidate
	for _, c := range best {
		w.typed(c, col)
		w.doubted(c, t, col)
		if c.score > 0 {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(w.distance(a.to), w.distance(b.to)), strings.Compare(a.to.Name, b.to.Name))
	})
	return out
}

// implicit returns which side of a join the column is whose table an object mapper named by itself, _PostToTag (A, B): 0 or 1;
// -1 for another table.
func implicit(t *table, col *schema.Column) int {
	if !strings.HasPrefix(t.Name, "_") || len(t.Columns) != 2 || t.Column("A") == nil || t.Column("B") == nil {
		return -1
	}
	return strings.Index("AB", col.Name)
}

// distance ranks tables that share a key: that of the people before those that say more of them.
func (w *world) distance(t *table) int {
	switch {
	case t == w.actor:
		return 0
	case w.isRoot(t):
		return 1
	}
	return 2
}

// named finds tables that the name of a column speaks of.
func (w *world) named(t *table, col *schema.Column, n name) []*candidate {
	var out []*candidate
	add := func(to *table, score float64, format string, args ...any) *candidate {
		if to == nil || to.key == "" {
			return nil
		}
		c := &candidate{Link: dsar.Link{Columns: []string{col.Name}, To: to.Name}, from: t, to: to, score: score, nullable: !col.NotNull, stem: n.stem}
		if col.Family == schema.Array {
			c.Path = "[]"
		}
		c.note(format, args...)
		out = append(out, c)
		return c
	}
	own := slices.Contains(t.Key, col.Name) && len(t.Key) == 1
	if side := implicit(t, col); side >= 0 {
		if names := strings.SplitN(strings.TrimPrefix(t.Name, "_"), "To", 2); len(names) == 2 && w.byName[names[0]] != nil && w.byName[names[1]] != nil {
			add(w.byName[names[side]], 0.95, "%s joins %s and %s", t.Name, names[0], names[1])
		} else if side == 1 {
			add(w.actor, 0.55, "%s is a join, and people come last", t.Name)
		}
		return out
	}
	for _, to := range w.tables {
		if to.Kind == schema.Materialized || own && to == t {
			continue
		}
		if n.keyed && to != t && slices.Equal(n.stem, to.words) && w.says(to) {
			add(w.actor, 0.8, "%s names %s, whose key is that of %s", col.Name, to.Name, w.actor.Name)
			continue
		}
		if n.keyed && to != t && to.key != "" && n.stem[len(n.stem)-1] == "member" && w.actorName() != "member" && to.words[len(to.words)-1] == "membership" {
			add(to, 0.9, "%s is one of %s", col.Name, to.Name)
		}
		if score, why := w.nameOf(t, to, col, n); score > 0 && (!own || score >= 0.9) {
			add(to, score, "%s", why)
		}
	}
	if t != w.actor && w.isRoot(t) && slices.Equal(n.stem, t.words) {
		return out // another number of its own
	}
	if own && (t == w.actor || !w.actorWord(n.stem[len(n.stem)-1])) {
		return out // its own key
	}
	if w.actor != nil {
		if score, by, why := w.role(t, col, n); score > 0 {
			to := w.actor
			if by {
				to = w.doer
			}
			if c := add(w.typedAs(to, col), score, "%s", why); c != nil {
				c.by = by
			}
		}
	}
	last := n.stem[len(n.stem)-1]
	if w.isRoot(t) && len(n.stem) == 2 && (last == "from" || last == "into") && strings.HasSuffix(n.stem[0], "ed") {
		add(t, 0.7, "the row came of one of the same table")
	}
	if (last == "parent" || last == "ancestor" || last == "to" && len(n.stem) == 2 && n.stem[0] == "report" && w.personRank(t) > 0) && len(n.stem) < 3 && !own && t.key != "" {
		add(t, 0.8, "the parent of a row is a row of the same table")
	}
	return out
}

// typedAs returns the table of people, or another one of people where only its keys are of the type of the column.
func (w *world) typedAs(to *table, col *schema.Column) *table {
	family := col.Family
	if family == schema.Array {
		family = col.Element
	}
	if to.key == "" || match(family, to.Column(to.key).Family) > 0 {
		return to
	}
	for _, r := range w.roots {
		if r.key != "" && match(family, r.Column(r.key).Family) == 1 {
			return r
		}
	}
	return to
}

// says reports whether the table says more of people, under their key: customers.person_id beside people.person_id.
func (w *world) says(t *table) bool {
	return w.actor != nil && t != w.actor && !w.generic(w.actor.key) && (t.key == "" || strings.EqualFold(t.key, w.actor.key)) &&
		t.Column(w.actor.key) != nil && !slices.ContainsFunc(t.Columns, func(c *schema.Column) bool {
		n := w.parse(word.Split(c.Name))
		return n.keyed && !strings.EqualFold(c.Name, w.actor.key)
	})
}
