package export

import (
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/archive"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// view is what is shown of a table: columns that are withheld are never read.
type view struct {
	query rows.Query
	table archive.Table
	masks []*mask // by column; nil: none
}

// Why something is withheld.
const (
	isSecret   = "secret"
	isOthers   = "about other people"
	notAsked   = "not provided by you on consent or contract"
	partHidden = "in part withheld"
)

func (e *Exporter) lite() bool { return e.db.Dialect() == tenantdb.SQLite }

// hides reports whether the class is withheld from everybody.
func (e *Exporter) hides(c redact.Class) bool {
	return !c.IsZero() && !c.SupportMaySee() && !slices.Contains(e.o.Payment, c)
}

// secretNames are the names under which JSON holds secrets, wherever it is.
func (e *Exporter) secretNames() map[string]bool {
	out := map[string]bool{}
	for _, name := range e.map_.TableNames() {
		t, _ := e.map_.Table(name)
		for _, f := range t.Fields {
			if f.Column == nil {
				continue
			}
			if e.hides(f.Column.Class) {
				out[strings.ToLower(f.Name)] = true
			}
			for _, in := range f.Column.Inside {
				if e.hides(in.Class) {
					path := in.Name[strings.LastIndexByte(in.Name, '.')+1:]
					out[strings.ToLower(strings.TrimRight(path, "[]"))] = true
				}
			}
		}
	}
	delete(out, "")
	return out
}

// mine is the view of rows that are the person's; nil if nothing of them is shown.
func (e *Exporter) mine(t *dsar.Mapped, portable bool) *view {
	v := &view{query: rows.Query{Table: t.Name, Part: rows.Mine}, table: archive.Table{Name: t.Name, Note: e.why(t.Purpose)}}
	personal := false
	for _, f := range t.Fields {
		why := ""
		if c := f.Column; c != nil {
			switch {
			case e.hides(c.Class):
				why = isSecret
			case c.Others:
				why = isOthers
			case portable && !e.portable(t, c):
				why = notAsked
			default:
				personal = true
			}
		}
		e.add(v, t, f, why, func(in *dsar.Column) bool {
			return in.Others || portable && in.Purpose != "" && !e.portable(t, in) // without one of its own, it has the column's
		})
	}
	if portable && !personal || len(v.table.Columns) == 0 {
		return nil
	}
	return v
}

// linked is the view of rows that are somebody else's: what makes them known by, and the link to the person.
func (e *Exporter) linked(t *dsar.Mapped, tie int) *view {
	l := &t.Ties[tie]
	at := strings.Join(l.Columns, ", ")
	if l.Path != "" {
		at += "." + l.Path
	}
	v := &view{query: rows.Query{Table: t.Name, Part: rows.Linked}, table: archive.Table{Name: t.Name + " by " + at,
		Note: "Rows that are not yours, in which you are named or had to do with: what they are known by, and the link."}}
	for _, f := range t.Fields {
		link := l.Path == "" && slices.Contains(l.Columns, f.Name)
		key := slices.Contains(t.Key, f.Name) && (f.Column == nil || f.Column.Class.IsZero())
		if !link && !key || f.Column != nil && e.hides(f.Column.Class) {
			continue
		}
		e.add(v, t, f, "", func(*dsar.Column) bool { return true })
	}
	if len(v.table.Columns) == 0 {
		return nil
	}
	return v
}

// whole is the view of all rows, as the tenant itself sees them; nil if nothing of them is shown.
func (e *Exporter) whole(t *dsar.Mapped) *view {
	v := &view{query: rows.Query{Table: t.Name, Part: rows.All}, table: archive.Table{Name: t.Name, Note: e.why(t.Purpose)}}
	for _, f := range t.Fields {
		why := ""
		if f.Column != nil && e.hides(f.Column.Class) {
			why = isSecret
		}
		e.add(v, t, f, why, func(*dsar.Column) bool { return false })
	}
	if len(v.table.Columns) == 0 {
		return nil
	}
	return v
}

// add shows a column, or says why it is withheld. Of a JSON column, members are masked that are secret or are to be hidden.
func (e *Exporter) add(v *view, t *dsar.Mapped, f dsar.Field, why string, hide func(*dsar.Column) bool) {
	if why != "" {
		v.table.Withheld = append(v.table.Withheld, archive.Withheld{Column: f.Name, Why: why})
		return
	}
	d := schema.Dialect(e.db.Dialect())
	family := f.Family(d)
	col := archive.Column{Name: f.Name, Type: f.Type(d), Kind: e.kind(family, f.Type(d))}
	if f.Column != nil && family == schema.Array && slices.ContainsFunc(f.Column.Inside, func(in dsar.Column) bool { return e.hides(in.Class) || hide(&in) }) {
		e.add(v, t, f, isOthers, hide)
		return
	}
	v.query.Columns = append(v.query.Columns, f.Name)
	json := family == schema.JSON || f.Column != nil && len(f.Column.Inside) > 0 && family != schema.Array
	if json {
		m := &mask{names: e.secret}
		if f.Column != nil {
			for i := range f.Column.Inside {
				in := &f.Column.Inside[i]
				hidden := e.hides(in.Class) || hide(in)
				m.add(in.Name, hidden)
				if hidden {
					col.Note = partHidden
				}
			}
		}
		if len(m.names) > 0 || col.Note != "" {
			for len(v.masks) < len(v.table.Columns) {
				v.masks = append(v.masks, nil)
			}
			v.masks = append(v.masks, m)
			col.Kind = archive.JSON
		}
	}
	v.table.Columns = append(v.table.Columns, col)
}

// kind is how values of Postgres are written; those of SQLite say it themselves.
func (e *Exporter) kind(f schema.Family, typ string) archive.Kind {
	switch f {
	case schema.Int:
		return archive.Integer
	case schema.Number:
		if strings.Contains(typ, "float") || strings.Contains(typ, "double") || strings.Contains(typ, "real") {
			return archive.Float
		}
		return archive.Decimal
	case schema.Bool:
		return archive.Bool
	case schema.JSON:
		return archive.JSON
	case schema.Time:
		return archive.Time
	case schema.Array:
		if !e.lite() {
			return archive.Array
		}
	case schema.Bytes:
		if e.lite() {
			return archive.Blob
		}
		return archive.Hex
	}
	return archive.Text
}

// portable reports whether the column is processed on consent or contract: Art. 20(1)(a) GDPR.
func (e *Exporter) portable(t *dsar.Mapped, c *dsar.Column) bool {
	purpose := c.Purpose
	if purpose == "" {
		purpose = t.Purpose
	}
	for _, p := range e.map_.Purposes() {
		if p.Name == purpose {
			return p.Basis == dsar.Consent || p.Basis == dsar.Contract
		}
	}
	return false
}

// why is what a purpose is for.
func (e *Exporter) why(purpose string) string {
	for _, p := range e.map_.Purposes() {
		if p.Name == purpose {
			return p.Why
		}
	}
	return ""
}
