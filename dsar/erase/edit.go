package erase

import (
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// edit is what one column becomes.
type edit struct {
	column string
	to     rows.Cond     // SQL that needs nothing of the job
	how    dsar.Strategy // else
	class  redact.Class
	tie    int // where only is true: the column is changed where this tie points at what is erased
	only   bool
	stand  string // the table whose stand-in's key the column holds; k is which of its columns
	k      int
	inside []member // members of JSON
}

// member is what one member of a JSON column becomes.
type member struct {
	path string
	how  dsar.Strategy
	tie  int // where only is true: where it holds what that tie points at
	only bool
}

// masks are what the columns of a row that stays become.
func (l *layout) masks(t *table) (out []edit, err error) {
	for _, f := range t.Fields {
		if f.Column == nil {
			continue
		}
		live := t.live.Column(f.Name)
		e := edit{column: f.Name, how: f.Column.Erase, class: f.Column.Class}
		if !f.Column.Erase.IsZero() {
			if _, changes, err := l.value(t, live, e.class, e.how, make([]byte, 32)); err != nil {
				return nil, err
			} else if changes {
				out = append(out, e)
			}
			continue
		}
		for i := range f.Column.Inside {
			in := &f.Column.Inside[i]
			if _, kept := in.Erase.Reason(); !in.Erase.IsZero() && !kept && !in.Erase.Is(dsar.Shred) {
				path, _, _ := strings.Cut(strings.TrimSpace(in.Name), " ")
				e.inside = append(e.inside, member{path: path, how: in.Erase})
			}
		}
		if len(e.inside) > 0 {
			out = append(out, e)
		}
	}
	return out, nil
}
