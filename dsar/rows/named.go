package rows

import (
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// shortest is how long a value is at least that is looked for inside of others: what is shorter is everywhere.
const shortest = 4

// Named returns the condition on a row of the table, under the alias t, that no link leads from it to the person, and yet one of its texts or
// documents has in it what identifies them: an e-mail address in a note, two ids in the name of a channel. It is for people to look
// at, and reads the whole table. It is false if there is nothing to look for, or in.
func (s *Selection) Named(name string) (Cond, bool) {
	t := s.r.tables[name]
	if t == nil || t.Derived != "" || s.whole {
		return Cond{}, false
	}
	var needles []string
	for _, cs := range s.classes {
		for _, c := range cs {
			needles = append(needles, c.values...)
		}
	}
	needles = append(needles, s.person.Key...)
	var ways []Cond
	for _, f := range t.Fields {
		switch t.family(f.Name) {
		case schema.Text, schema.JSON, schema.Array, schema.Any, schema.Other:
		default:
			continue
		}
		for _, v := range needles {
			digits := strings.Trim(v, "0123456789") == ""
			if len(v) < shortest || digits && len(v) < 2*shortest || f.Name == t.TenantColumn || v == s.tenant.String() {
				continue
			}
			ways = append(ways, Cond{"lower(CAST(" + at("t")(f.Name) + " AS text)) LIKE lower(?) ESCAPE '!'", []any{"%" + escaped(v) + "%"}})
		}
	}
	w := &writer{Selection: s}
	c := all(either(ways...), w.tenantOf(t, at("t")))
	if c.never() {
		return Cond{}, false
	}
	if linked := w.level(t, "t", dsar.Mentioned); !linked.never() {
		c = all(c, linked.Not())
	}
	return c, true
}
