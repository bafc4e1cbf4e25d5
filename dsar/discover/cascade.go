package discover

import (
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// along settles the links whose foreign keys take rows along. Such a row goes with each row that it points at, whoever else's it is: to whom that
// belongs, it belongs, and no share in it outlasts another. A person does not go with another one; that stays a question.
func (p *Proposal) along() {
	owned := map[string]bool{}
	for _, s := range p.Subjects {
		owned[s] = true
	}
	for changed := true; changed; {
		changed = false
		for i := range p.Links {
			l := &p.Links[i]
			if l.Identifier == "" && !owned[l.To] {
				continue
			}
			if l.OnDelete == schema.Cascade && l.Role != dsar.Owner && !p.isSubject(l.Table) && !(l.Role == dsar.CoOwner && p.together[l.Table]) {
				l.Role, p.together[l.Table], changed = dsar.CoOwner, true, true
			}
			if l.Role <= dsar.CoOwner && !owned[l.Table] {
				owned[l.Table], changed = true, true
			}
		}
	}
	for i := range p.Links {
		if l := &p.Links[i]; p.together[l.Table] && l.Role == dsar.CoOwner && l.leaves() {
			l.Role = dsar.Accessor
		}
	}
}

// leaves reports whether the database makes the link null, or the default, when the row that it points at goes.
func (l *Link) leaves() bool {
	return l.OnDelete == schema.SetNull || l.OnDelete == schema.SetDefault
}

// clash is what the database does by itself that a person has to look at; "" if it does what the link says.
func (p *Proposal) clash(l *Link) string {
	switch {
	case l.Hops == 0:
	case l.OnDelete == schema.Cascade && p.isSubject(l.Table) && l.Role > dsar.Owner:
		return "ON DELETE CASCADE takes other people along: change that"
	case l.OnDelete == schema.Cascade && l.Role == dsar.CoOwner:
		return "ON DELETE CASCADE takes the row along, whoever else's it is"
	case l.leaves() && l.Role <= dsar.CoOwner && (l.Role == dsar.Owner || p.together[l.Table]):
		return "ON DELETE " + strings.ToUpper(string(l.OnDelete)) + " leaves it behind: change that, or mask the row"
	}
	return ""
}
