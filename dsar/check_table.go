package dsar

import (
	"slices"
	"strings"
)

// checkTables looks at what each table says of itself, once it is known whose rows are in it.
func (c *compiler) checkTables() {
	for i := range c.m.Tables {
		c.checkTable(c.tables[c.m.Tables[i].Name])
	}
}

func (c *compiler) checkTable(n *node) {
	for _, k := range n.Key {
		if n.columns[k] == nil {
			c.say("%s: the key has a column %q that the table does not have", n.Name, k)
		}
	}
	if n.Tenant != "" && n.Tenant != "-" && n.columns[n.Tenant] == nil {
		c.say("%s: there is no tenant column %q", n.Name, n.Tenant)
	}
	n.checkColumns(c)
	switch about := len(n.reach) > 0; {
	case n.Derived != "":
		if n.NotPersonal != "" || len(n.Links) > 0 {
			c.say("%s: a derived table has no links and needs no other reason", n.Name)
		}
		return
	case n.Decide != "":
	case about && n.NotPersonal != "":
		c.say("%s: it is not personal, but its links lead to a person", n.Name)
	case !about && strings.TrimSpace(n.NotPersonal) == "":
		c.say("%s: no link leads to a person: give it one, or say in NotPersonal why it needs none", n.Name)
	}
	c.checkErase(n)
	if r := n.Retention; r != nil {
		if r.For.IsZero() || n.columns[r.Since] == nil {
			c.say("%s: retention needs a period and a column it runs from", n.Name)
		}
		if !r.Then.IsZero() && !r.Then.Is(Delete) && !r.Then.Is(Mask) {
			c.say("%s: after retention a row goes or is masked, not %q", n.Name, r.Then)
		}
		for _, w := range r.When {
			if n.columns[w.Column] == nil {
				c.say("%s: retention is for some values of a column %q that the table does not have", n.Name, w.Column)
			}
		}
	}
}

// checkColumns looks at classes and at what is inside of JSON.
func (n *node) checkColumns(c *compiler) {
	for i := range n.Columns {
		col := &n.Columns[i]
		name, _ := split(col.Name)
		if n.NotPersonal != "" && personal(col.Class) {
			c.say("%s.%s: the table is not personal, and the column is about a person (%s)", n.Name, name, col.Class)
		}
		if len(n.reach) > 0 && personal(col.Class) && n.Purpose == "" && col.Purpose == "" {
			c.say("%s.%s: it says nothing of its purpose, nor does its table", n.Name, name)
		}
		c.checkValue(n, name, col.Erase)
		paths := map[string]bool{}
		for _, in := range col.Inside {
			path, _ := split(in.Name)
			if path == "" || paths[path] || in.Class.IsZero() || len(in.Inside) > 0 {
				c.say("%s.%s: members need a path that is not there twice, and a class", n.Name, name)
			}
			paths[path] = true
			c.checkValue(n, name+"."+path, in.Erase)
		}
	}
}

// checkValue looks at what becomes of a value.
func (c *compiler) checkValue(n *node, column string, s Strategy) {
	switch {
	case s.Is(Delete) || s.Is(Mask):
		c.say("%s.%s: %q is for rows, not for values", n.Name, column, s)
	case s.Is(Truncate(0)) && s.n < 0:
		c.say("%s.%s: it cannot be cut to %d characters", n.Name, column, s.n)
	}
	c.checkReason(n, column, s)
}

// checkReason looks at why something is kept, and until when.
func (c *compiler) checkReason(n *node, what string, s Strategy) {
	r, ok := s.Reason()
	if !ok {
		return
	}
	if !slices.Contains(bases, r.Basis) && r.Basis != LegalClaims || r.Basis == Consent || strings.TrimSpace(r.Law) == "" {
		c.say("%s: %s is kept without a legal basis and the law that asks for it", n.Name, what)
	}
	switch {
	case !r.Until.IsZero() && r.Since == "" && r.For.IsZero():
	case r.Until.IsZero() && !r.For.IsZero() && n.columns[r.Since] != nil:
	default:
		c.say("%s: %s is kept without an end: give Until, or For and a column in Since", n.Name, what)
	}
}

// checkErase looks at what becomes of rows.
func (c *compiler) checkErase(n *node) {
	if !n.owned() {
		if !n.Erase.IsZero() {
			c.say("%s: its rows are nobody's, so none is erased with a person: %q has no meaning", n.Name, n.Erase)
		}
		if n.Shared != LastOwnerWins {
			c.say("%s: its rows have no owners to share them", n.Name)
		}
	}
	if n.Shared > DeleteForAll {
		c.say("%s: there is no such way of sharing", n.Name)
	}
	switch {
	case n.Erase.IsZero() || n.Erase.Is(Delete):
	case n.Erase.Is(Mask):
		for _, col := range n.Columns {
			name, _ := split(col.Name)
			if personal(col.Class) && col.Erase.IsZero() && len(col.Inside) == 0 {
				c.say("%s.%s: rows are masked, and the column does not say how", n.Name, name)
			}
			if col.Erase.Is(Null) && !n.columns[name].nullable() {
				c.say("%s.%s: it would be made null, and may not be", n.Name, name)
			}
		}
	case n.Erase.Is(Keep(Reason{})):
		c.checkReason(n, "a row", n.Erase)
	default:
		c.say("%s: %q is for values, not for rows", n.Name, n.Erase)
	}
	// Rows that stay when somebody they point at goes need to know what they hold then.
	for _, l := range n.links {
		if l.Decide != "" || !l.Then.IsZero() || l.Inverse {
			continue
		}
		at := n.Name + "." + strings.Join(l.Columns, ",")
		switch {
		case l.Role == Accessor || l.Role == Mentioned:
			c.say("%s: the row stays when the %s goes: say in Then what the link holds", at, l.Role)
		case l.Role == CoOwner && n.Shared != DeleteForAll:
			c.say("%s: the row stays with its other owners: say in Then what the link holds", at)
		case l.Role == Reference && l.to.goes():
			c.say("%s: rows of %s are erased, and nobody's link leads here with them: say in Then what the reference holds", at, l.to.Name)
		}
	}
}

// goes reports whether rows of the table are deleted with somebody, or after a time.
func (n *node) goes() bool {
	return n.owned() && (n.Erase.IsZero() || n.Erase.Is(Delete)) || n.Retention != nil && !n.Retention.Then.Is(Mask)
}
