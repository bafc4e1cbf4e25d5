package discover

import (
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar/classify"
	"github.com/bailiwick-dev/bailiwick/dsar/internal/word"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// typed weighs whether the column's values can be keys of the table.
func (w *world) typed(c *candidate, col *schema.Column) {
	family := col.Family
	if family == schema.Array {
		family = col.Element
	}
	key := c.to.Column(c.to.key)
	fit := match(family, key.Family)
	role := c.to == w.actor && c.to.key != col.Name && !w.exactly(c)
	if fit < 0.5 {
		// Another key may be meant: a uuid beside a number, a user name.
		for _, u := range c.to.Unique {
			if len(u) == 1 && u[0] != c.to.key && match(family, c.to.Column(u[0]).Family) == 1 {
				is := word.Split(u[0])
				last := is[len(is)-1]
				if last == "uuid" || last == "guid" || last == "uid" || family == schema.Text && (last == "username" || last == "login" || last == "name" || last == "handle" || last == "email") && (c.by || role) {
					c.ToColumns = []string{u[0]}
					if family == schema.Text && last != "uuid" && last != "guid" && last != "uid" {
						c.scale(0.65, "it holds text, as %s.%s does", c.to.Name, u[0])
					} else {
						c.note("it is of the type of %s.%s", c.to.Name, u[0])
					}
					return
				}
			}
		}
		if u := w.calling(); u != nil && role && !c.by && family == schema.Text && !isKeyed(col.Name) && len(c.stem) > 0 && assigning[c.stem[len(c.stem)-1]] {
			c.ToColumns, c.called = []string{u.Name}, true
			c.scale(0.72, "text, as user names are")
			return
		}
		if c.by && family == schema.Text {
			for _, u := range c.to.Columns {
				switch classify.Column(c.to.Name, u.Name, u.Family) {
				case redact.ClassAccount, redact.ClassEmail:
					c.ToColumns = []string{u.Name}
					c.scale(0.62, "text, as user names and addresses are")
					return
				}
			}
		}
	}
	if fit < 0.5 && fit > 0 && w.isRoot(c.to) && w.exactly(c) && isKeyed(col.Name) && family == schema.Text {
		fit = 0.55 // what is called user_id holds ids of users, as text
	}
	if fit > 0 && family == schema.Text && slices.Equal(c.stem, []string{"whodunnit"}) {
		fit = 0.9 // as text, whatever the keys are
	}
	switch {
	case fit == 1:
		if family == schema.Text && role && !c.by && (len(c.stem) == 0 || !isKeyed(col.Name)) {
			// author text: a name, more often than a key.
			if key.Family == schema.Text && col.Type != key.Type {
				c.scale(0.6, "text, of another type than the key")
			}
		}
	case fit == 0:
		c.score = 0
	default:
		c.scale(fit, "it is %s, and the key of %s is %s", orAny(col.Type), c.to.Name, orAny(key.Type))
	}
}

func isKeyed(column string) bool {
	return slices.ContainsFunc(word.Split(column), func(s string) bool { return keyWords[word.Singular(s)] })
}

// exactly reports whether the column's name is the table's.
func (w *world) exactly(c *candidate) bool {
	return slices.Equal(c.stem, c.to.words) || slices.Equal(c.stem, c.to.full)
}

func orAny(typ string) string {
	if typ == "" {
		return "of any type"
	}
	return typ
}

// match says how well values of one family can be keys of another.
func match(col, key schema.Family) float64 {
	text := func(f schema.Family) bool { return f == schema.Text || f == schema.UUID }
	switch {
	case col == key, col == schema.Any, key == schema.Any:
		return 1
	case col == schema.Int && key == schema.Number || col == schema.Number && key == schema.Int:
		return 0.9
	case text(col) && text(key):
		return 0.9
	case col == schema.Text && key == schema.Int:
		return 0.4
	case col == schema.Other && text(key):
		return 0.7
	}
	return 0
}

// doubted weighs what speaks against a link.
func (w *world) doubted(c *candidate, t *table, col *schema.Column) {
	words := c.stem
	own := slices.Concat(t.words)
	for i, s := range words {
		if outside[s] && !slices.Contains(c.to.words, s) && i < len(words) && !w.entity(t, s) {
			c.scale(0.25, "%q is another system's", s)
			break
		}
	}
	if len(words) > 0 && notKeys[words[len(words)-1]] && !slices.Equal(word.Split(c.to.key), word.Split(col.Name)) && !(w.isRoot(c.to) && !w.generic(c.to.key) && strings.HasSuffix(strings.ToLower(col.Name), "_"+strings.ToLower(c.to.key))) && !slices.Equal(words, c.to.words) && !slices.Equal(words, c.to.full) {
		if last := words[len(words)-1]; !roleWords[last] && !(len(c.to.words) > 0 && c.to.words[len(c.to.words)-1] == last) {
			c.scale(0.2, "%q is no key", last)
		}
	}
	ws := word.Split(col.Name)
	first := ws[0]
	if first == "http" || first == "url" {
		c.scale(0.2, "%q is no person's", first)
	}
	if len(ws) > 1 && (first == "max" || first == "num" || first == "min" || first == "total" || first == "count" || first == "is" || first == "has" || first == "can" || first == "show" || first == "allow" || first == "number") {
		c.scale(0.1, "%q counts or asks", first)
	}
	if len(ws) > 2 && !isKeyed(col.Name) && commands[first] {
		c.scale(0.3, "%q is what somebody may do", first)
	}
	if last := ws[len(ws)-1]; last == "uid" && (col.Family == schema.Text && c.to.key != "uid" || t.Column("provider") != nil) && len(ws) == 1 {
		c.scale(0.3, "uid is the id at another service as well")
	}
	if ws[len(ws)-1] == "uid" && len(ws) == 1 && c.to == w.actor && w.actor.key != "uid" && slices.ContainsFunc(t.Columns, func(o *schema.Column) bool {
		os := word.Split(o.Name)
		return len(os) == 2 && os[1] == "id" && (roleWords[os[0]] && !weakRoles[os[0]] || w.actorWord(os[0]))
	}) {
		c.scale(0.6, "another column says whose it is")
	}
	if len(words) > 0 && (weakRoles[words[len(words)-1]] || words[len(words)-1] == "customer" || words[len(words)-1] == "subscriber") && !w.exactly(c) && slices.ContainsFunc(t.full, func(s string) bool { return outside[s] }) {
		c.scale(0.3, "%s is about another system", t.Name)
	}
	if strings.EqualFold(col.Name, "client_id") && slices.ContainsFunc(own, func(s string) bool {
		return s == "oauth" || s == "token" || s == "grant" || s == "consent" || s == "authorization"
	}) {
		c.scale(0.2, "a client of OAuth is a program")
	}
	if col.Family == schema.Text && len(words) > 0 && weakRoles[words[len(words)-1]] && !w.exactly(c) {
		c.scale(0.8, "text, which other systems' ids are")
	}
}
