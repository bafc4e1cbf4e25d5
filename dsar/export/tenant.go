package export

import (
	"context"
	"fmt"
	"io"

	"filippo.io/age"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/archive"
)

// Tenant writes an archive of all that there is of ctx's tenant, as of one moment: what a customer takes along whose workspace ends. What is
// about any of its people is in it, but secrets are not; it is encrypted to the recipients, or stays where it is made if there are
// none and the exporter is Unencrypted.
func (e *Exporter) Tenant(ctx context.Context, w io.Writer, o dsar.ExportOptions, to ...age.Recipient) (*dsar.Exported, error) {
	if len(to) == 0 && !e.o.Unencrypted {
		return nil, fmt.Errorf("%w: nobody to encrypt to", ErrOptions)
	}
	a := archive.Options{Title: "All data of a workspace", Recipients: to, Info: e.info("")}
	a.Info.Withheld = []string{"Passwords, keys and other secrets"}
	return e.tables(ctx, w, o, a, e.map_.TableNames())
}

// Bulk writes an archive of tables of ctx's tenant, as Tenant does, for staff. It asks nobody whether they may, and does not encrypt: it is
// for a stream of package egress, which decides, encrypts and records, and is asked (by its method Rows) before each row.
func (e *Exporter) Bulk(ctx context.Context, w io.Writer, o dsar.ExportOptions, tables ...string) (*dsar.Exported, error) {
	for _, name := range tables {
		if _, ok := e.map_.Table(name); !ok {
			return nil, fmt.Errorf("%w: the map has no such table", ErrOptions)
		}
	}
	if len(tables) == 0 {
		return nil, fmt.Errorf("%w: no tables", ErrOptions)
	}
	return e.tables(ctx, w, o, archive.Options{Title: "Bulk export"}, tables)
}

func (e *Exporter) tables(ctx context.Context, w io.Writer, o dsar.ExportOptions, a archive.Options, tables []string) (*dsar.Exported, error) {
	return e.write(ctx, w, o, a, func(ctx context.Context, f *feed) error {
		f.limit, _ = w.(interface{ Rows(int64) error })
		var err error
		if f.selection, err = e.rows.Tenant(ctx); err != nil {
			return err
		}
		for _, name := range tables {
			t, _ := e.map_.Table(name)
			if v := e.whole(&t); v != nil && t.Derived == "" {
				if err := f.table(ctx, v, true); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
