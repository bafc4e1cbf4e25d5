package dsar

import (
	"strconv"

	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// values looks at whether strategies can be carried out.
func (v *verification) values() {
	for n, t := range v.both() {
		for i := range n.Columns {
			name, _ := split(n.Columns[i].Name)
			if c := t.Column(name); c != nil {
				v.strategy(t, c, n.Columns[i].Erase, n.Erase.Is(Mask))
			}
		}
		for _, l := range n.links {
			for _, name := range l.columns {
				c := t.Column(name)
				if c != nil && l.Then.Is(Null) && c.NotNull && len(l.columns) == 1 && l.Path == "" {
					v.report("DSR021", n.Name+"."+name, TypeOf(c), "")
				}
			}
		}
		if r := n.Retention; r != nil {
			v.anchor(t, r.Since)
		}
		if r, ok := n.Erase.Reason(); ok {
			v.anchor(t, r.Since)
		}
	}
}

func (v *verification) anchor(t *schema.Table, column string) {
	if c := t.Column(column); c != nil && c.Family != schema.Time && c.Family != schema.Int && c.Family != schema.Any && !(v.db.Dialect == schema.SQLite && c.Family == schema.Text) {
		v.report("DSR025", t.Name+"."+column, TypeOf(c), "")
	}
}

func (v *verification) strategy(t *schema.Table, c *schema.Column, s Strategy, masked bool) {
	at := t.Name + "." + c.Name
	switch {
	case s.IsZero() || s.Is(Keep(Reason{})):
		return
	case c.Generated:
		v.report("DSR023", at, s.String(), "")
		return
	case s.Is(Null) && c.NotNull:
		v.report("DSR021", at, TypeOf(c), "")
	case (s.Is(Constant("")) || s.Is(Truncate(0))) && t.IsUnique([]string{c.Name}):
		v.report("DSR022", at, s.String(), "")
	}
	fit := true
	switch c.Family {
	case schema.Int, schema.Number:
		_, err := strconv.ParseFloat(s.value, 64)
		fit = s.Is(Null) || s.Is(Random) || s.Is(Constant("")) && err == nil || s.Is(Pseudonym) && c.Family == schema.Int
	case schema.UUID:
		fit = !s.Is(Truncate(0)) && !s.Is(Shred) && (!s.Is(Constant("")) || len(s.value) == 36)
	case schema.Bool:
		fit = s.Is(Null) || s.Is(Random) || s.Is(Constant(""))
	case schema.Time:
		fit = !s.Is(Pseudonym) && !s.Is(Shred)
	case schema.JSON, schema.Array, schema.Bytes, schema.Enum:
		fit = s.Is(Null) || s.Is(Constant("")) || s.Is(Shred) && c.Family == schema.Bytes
	}
	if !fit {
		v.report("DSR024", at, s.String()+" of "+orNone(TypeOf(c)), "")
	}
}

// followed notes links through columns that are masked in a row whose own dependents are found by them.
func (v *verification) followed() {
	for n, t := range v.both() {
		for _, l := range n.links {
			if l.to == nil || l.Inverse || l.Role == Reference {
				continue
			}
			for _, target := range l.targets {
				col := l.to.columns[target]
				if col != nil && col.Column != nil && !col.Erase.IsZero() && !col.Erase.Is(Keep(Reason{})) && l.to.Erase.Is(Mask) && t != nil && !n.goes() {
					v.report("DSR024", l.to.Name+"."+target, "rows of "+n.Name+" stay and are found by it: "+col.Erase.String(), "")
				}
			}
		}
	}
}
