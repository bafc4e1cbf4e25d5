package export

import (
	"context"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/archive"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// feed brings rows from the database into the archive.
type feed struct {
	e         *Exporter
	selection *rows.Selection
	to        *archive.Writer
	progress  func(dsar.Progress)
	rows      int64
	names     map[string]bool
	limit     interface{ Rows(int64) error } // asked before each row; nil: nobody counts
}

// between is after how many rows it is asked whether to go on.
const between = 4096

// table writes the rows that a view shows. Where there are none, it is left out unless it is always there.
func (f *feed) table(ctx context.Context, v *view, always bool) error {
	begun := false
	begin := func() error {
		begun = true
		table := v.table
		for n := 2; f.names[table.Name]; n++ { // one column may be several links
			table.Name = fmt.Sprintf("%s (%d)", v.table.Name, n)
		}
		f.names[table.Name] = true
		return f.to.Table(table)
	}
	if always {
		if err := begin(); err != nil {
			return err
		}
	}
	f.tell(v)
	lite := f.e.lite()
	kinds := make([]archive.Kind, len(v.table.Columns))
	if !lite {
		kinds = nil // those of the columns
	}
	values := make([][]byte, len(v.table.Columns))
	_, err := f.selection.Stream(ctx, f.e.db, v.query, func(r *rows.Row) error {
		if !begun {
			if err := begin(); err != nil {
				return err
			}
		}
		if f.limit != nil {
			if err := f.limit.Rows(1); err != nil {
				return err
			}
		}
		if f.rows++; f.rows%between == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			f.tell(v)
		}
		if lite {
			for i, is := range r.Families {
				kinds[i] = liteKinds[is]
			}
		}
		if v.masks == nil {
			return f.to.Row(r.Values, kinds)
		}
		copy(values, r.Values)
		for i, m := range v.masks {
			if m == nil || values[i] == nil {
				continue
			}
			values[i] = m.mask(values[i])
			if lite {
				kinds[i] = archive.JSON
			}
		}
		return f.to.Row(values, kinds)
	})
	return err
}

func (f *feed) tell(v *view) {
	if f.progress != nil {
		f.progress(dsar.Progress{Table: v.query.Table, Rows: f.rows})
	}
}

// liteKinds are the kinds of values of SQLite.
var liteKinds = map[schema.Family]archive.Kind{
	schema.Int: archive.Integer, schema.Number: archive.Float, schema.Bool: archive.Bool, schema.JSON: archive.JSON, schema.Time: archive.Time,
	schema.Bytes: archive.Blob,
}
