package discover

import (
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/classify"
	"github.com/bailiwick-dev/bailiwick/dsar/internal/word"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// calling returns the column with what people are called by others: a user name that is in text.
func (w *world) calling() *schema.Column {
	if w.actor == nil {
		return nil
	}
	var found *schema.Column
	for _, u := range w.actor.Columns {
		if u.Family != schema.Text || u.Name == w.actor.key {
			continue
		}
		switch words := strings.Join(word.Split(u.Name), " "); words {
		case "username", "user name", "login", "user login", "user key", "login name", "handle":
			if found == nil {
				found = u
			}
		}
	}
	return found
}

// byUserName returns a link by what people are called: a column that is called as the user name is.
func (w *world) byUserName(t *table, col *schema.Column) *candidate {
	u := w.calling()
	if u == nil || w.isRoot(t) || col.Family != schema.Text {
		return nil
	}
	words := strings.Join(word.Split(col.Name), " ")
	if words != "username" && words != "user name" && words != "authorname" && !strings.EqualFold(col.Name, u.Name) || words == "handle" || words == "login" {
		return nil
	}
	c := &candidate{Link: dsar.Link{Columns: []string{col.Name}, To: w.actor.Name, ToColumns: []string{u.Name}}, from: t, to: w.actor, score: 0.55, nullable: !col.NotNull,
		stem: []string{"username"}, called: true}
	c.note("%s is called as %s.%s", col.Name, w.actor.Name, u.Name)
	return c
}

// username is the identifier of people who are known by a name that two of them may have.
const username = "username"

// byIdentifier takes a link by what people are called for one by identifier where several of them may be called so: a link to a row is to one.
func (w *world) byIdentifier(c *candidate) {
	if c.declared || c.Identifier != "" || len(c.ToColumns) != 1 || c.ToColumns[0] == c.to.key || !w.isRoot(c.to) || c.to.IsUnique(c.ToColumns) {
		return
	}
	column, id := c.ToColumns[0], username
	if classify.Column(c.to.Name, column, schema.Text) == redact.ClassEmail {
		id = w.identifier
	} else if c.to.called == "" {
		c.to.called = column
	}
	if id == w.identifier || c.to.called == column {
		c.Link = dsar.Link{Columns: c.Columns, Identifier: id, Path: c.Path}
	}
}

// assigning are roles that trackers write as user names.
var assigning = set(`assignee reporter creator author lead owner user approver reviewer requester uploader editor submitter`)
