package dsar

import "slices"

// Reach says how rows of a table are a person's.
type Reach struct {
	Kind string // of the subject
	Role Role   // the strongest, along the best way: a way is as strong as its weakest link
	Hops int    // links on the shortest way of that role; 0 for the subject's own table
}

// Reach returns how rows of the table are people's, one for each kind of subject that reaches it.
func (c *Compiled) Reach(table string) []Reach {
	n := c.tables[table]
	if n == nil {
		return nil
	}
	var out []Reach
	for _, s := range c.m.Subjects {
		if r, ok := n.reach[s.Kind]; ok {
			out = append(out, r)
		}
	}
	return out
}

// reaches spreads from each subject's table against the links, the strongest roles first.
func (c *compiler) reaches() {
	for _, s := range c.m.Subjects {
		if n := c.tables[s.Table]; n != nil {
			n.reach[s.Kind] = Reach{Kind: s.Kind}
		}
		for changed := true; changed; {
			changed = false
			for i := range c.m.Tables {
				n := c.tables[c.m.Tables[i].Name]
				for _, l := range n.links {
					if l.Role == Reference {
						continue
					}
					from, ok := Reach{Kind: s.Kind}, slices.Contains(l.subjects, s.Kind)
					if l.to != nil {
						from, ok = l.to.reach[s.Kind]
					}
					if !ok {
						continue
					}
					via := Reach{Kind: s.Kind, Role: max(from.Role, l.Role), Hops: from.Hops + 1}
					if old, ok := n.reach[s.Kind]; !ok || via.Role < old.Role || via.Role == old.Role && via.Hops < old.Hops {
						n.reach[s.Kind] = via
						changed = true
					}
				}
			}
		}
	}
}

// owned reports whether rows of the table go, or are masked, with somebody.
func (n *node) owned() bool {
	for _, r := range n.reach {
		if r.Role <= CoOwner {
			return true
		}
	}
	return false
}
