package discover

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
)

// roles gives a link the role that its name speaks of.
func (w *world) roles(c *candidate, l *Link) {
	switch {
	case l.Hops == 0:
		l.Role = dsar.Reference
	case !l.Subject:
		l.Role = dsar.Owner // settled by share, where a nearer way is known
	case c.to == c.from:
		l.Role = dsar.Accessor // who invited, who manages
	case c.Path != "":
		l.Role = dsar.Mentioned
	case c.by && !created(c.stem) || slices.ContainsFunc(c.stem, func(s string) bool { return accessorWords[s] }):
		l.Role = dsar.Accessor
	case slices.ContainsFunc(c.stem, func(s string) bool { return pairedWords[s] || strings.Trim(s, "0123456789") == "" }):
		l.Role = dsar.CoOwner
	}
}

func created(stem []string) bool {
	return slices.ContainsFunc(stem, func(s string) bool {
		switch s {
		case "created", "create", "creator", "posted", "submitted", "uploaded", "sent", "written", "owned", "reported", "requested", "started", "ordered", "placed":
			return true
		}
		return false
	})
}

// share settles, table by table, which of several links makes somebody the owner.
func (p *Proposal) share() {
	byTable := map[string][]*Link{}
	for i := range p.Links {
		byTable[p.Links[i].Table] = append(byTable[p.Links[i].Table], &p.Links[i])
	}
	for _, links := range byTable {
		direct := p.isSubject(links[0].Table) || slices.ContainsFunc(links, func(l *Link) bool { return l.Subject && l.To != l.Table })
		owners := 0
		var first *Link
		for _, l := range links {
			if l.Subject && l.Role == dsar.Owner {
				if owners++; first == nil || preferred(l) > preferred(first) {
					first = l
				}
			}
		}
		for _, l := range links {
			switch {
			case l.Subject && l.Role == dsar.Owner && owners > 1 && l != first && l.Identifier == "":
				l.Role = dsar.Accessor
			case !l.Subject && l.Hops > 0 && (direct || l.To == l.Table):
				l.Role = dsar.Reference // the person is known without it
			}
		}
	}
}

// preferred ranks links that could all be the owner's.
func preferred(l *Link) int {
	n := 0
	name := strings.ToLower(strings.Join(l.Columns, ""))
	switch {
	case strings.HasPrefix(name, "user") || strings.HasPrefix(name, "owner") || strings.HasPrefix(name, "author"):
		n = 3
	case strings.HasPrefix(name, "creat"):
		n = 2
	}
	if l.Identifier == "" {
		n++
	}
	return n
}

// question is what a person has to decide about a link; "" for one that needs none.
func (p *Proposal) question(candidates []*candidate, l *Link) string {
	i := slices.IndexFunc(candidates, func(c *candidate) bool {
		return c.from.Name == l.Table && c.Link.To == l.To && c.Link.Path == l.Path && slices.Equal(c.Columns, l.Columns)
	})
	c := candidates[i]
	clash := p.clash(l)
	if l.Role == dsar.Reference {
		if clash != "" {
			return clash
		}
		if l.Hops > 0 && l.To != l.Table || l.Hops > 0 && l.Declared {
			return "what becomes of the row when the one it points at is erased?"
		}
		if !l.Declared && c.score < 0.9 {
			return fmt.Sprintf("is it one? (%.2f)", c.score)
		}
		return ""
	}
	var why []string
	switch {
	case l.Hops > 1:
		why = append(why, fmt.Sprintf("%d links from a person", l.Hops))
	case c.by:
		why = append(why, "who did something is not always whose it is")
	}
	if c.nullable && l.Identifier == "" {
		why = append(why, "it may be null")
	}
	if len(l.When) > 0 {
		why = append(why, "it may point at other tables")
	}
	if l.Identifier != "" {
		why = append(why, "it is linked by value")
	}
	if l.Path != "" {
		why = append(why, "it is inside a value")
	}
	if l.Role != dsar.Owner && l.Hops == 1 {
		why = append(why, "the role is "+l.Role.String())
	}
	if clash != "" {
		why = append(why, clash)
	}
	if !c.declared && c.score < 0.9 {
		why = append(why, fmt.Sprintf("is it one? (%.2f)", c.score))
	}
	return strings.Join(why, "; ")
}
