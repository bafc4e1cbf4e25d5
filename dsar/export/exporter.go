package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"filippo.io/age"
	"github.com/jmoiron/sqlx"
	"golang.org/x/mod/sumdb/note"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/archive"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// ErrOptions: something that an exporter needs is missing.
var ErrOptions = errors.New("export: bad options")

// Options say who signs exports, who can read them, and what people are told.
type Options struct {
	// Signer signs the manifest: a key of package audit, or one from archive.Key.
	Signer note.Signer
	// Recipients returns who can read the archive about a person: their own age recipient, or one from archive.Passphrase. It is required
	// unless Unencrypted says that exports stay where they are made.
	Recipients  func(context.Context, dsar.Person) ([]age.Recipient, error)
	Unencrypted bool
	// Info is what the map does not say: rights, authority, source, automated decisions. What the map says is put beside it.
	Info archive.Info
	// Payment are classes of payment data that people get: ClassPayment, ClassCard or ClassBankAccount. Without it all of these are withheld
	// as secrets are. Art. 15 GDPR covers them: name them where exports are encrypted.
	Payment []redact.Class
}

// Exporter exports what there is about a person, or a tenant. It is safe for concurrent use.
type Exporter struct {
	db     *tenantdb.DB
	map_   *dsar.Compiled
	rows   *rows.Rows
	o      Options
	secret map[string]bool // names of secret columns and members, in small letters
}

var _ dsar.Exporter = (*Exporter)(nil)

// New returns the exporter for the database of a map.
func New(db *tenantdb.DB, c *dsar.Compiled, o Options) (*Exporter, error) {
	switch {
	case db == nil || c == nil:
		return nil, fmt.Errorf("%w: it needs a database and a map", ErrOptions)
	case o.Signer == nil:
		return nil, fmt.Errorf("%w: it needs a signer", ErrOptions)
	case o.Recipients == nil && !o.Unencrypted:
		return nil, fmt.Errorf("%w: exports are encrypted to nobody, and nobody said Unencrypted", ErrOptions)
	case o.Recipients != nil && o.Unencrypted:
		return nil, fmt.Errorf("%w: exports have recipients, and are said to be Unencrypted", ErrOptions)
	}
	for _, class := range o.Payment {
		if class != redact.ClassPayment && class != redact.ClassCard && class != redact.ClassBankAccount {
			return nil, fmt.Errorf("%w: %s is no class of payment data", ErrOptions, class)
		}
	}
	r, err := rows.New(c, db.Dialect())
	if err != nil {
		return nil, err
	}
	o.Payment = slices.Clone(o.Payment)
	e := &Exporter{db: db, map_: c, rows: r, o: o}
	e.secret = e.secretNames()
	return e, nil
}

// Export writes an archive (package archive) of what there is about the person, as of one moment: what the methods of dsar.Exporter promise.
// If it returns an error, what was written is no archive.
func (e *Exporter) Export(ctx context.Context, p dsar.Person, w io.Writer, o dsar.ExportOptions) (*dsar.Exported, error) {
	var to []age.Recipient
	if !e.o.Unencrypted {
		var err error
		if to, err = e.o.Recipients(ctx, p); err != nil {
			return nil, fmt.Errorf("export: whom to encrypt to: %w", err)
		}
		if len(to) == 0 {
			return nil, fmt.Errorf("%w: nobody to encrypt to", ErrOptions)
		}
	}
	title := "Your data (Art. 15 GDPR)"
	if o.Portable {
		title = "Your data, to take along (Art. 20 GDPR)"
	}
	return e.write(ctx, w, o, archive.Options{Title: title, Recipients: to, Info: e.info(p.Kind)}, func(ctx context.Context, f *feed) error {
		s, err := e.rows.Resolve(ctx, e.db, p)
		if err != nil {
			return err
		}
		f.selection = s
		for _, name := range e.map_.TableNames() {
			if err := e.person(ctx, f, name, o.Portable); err != nil {
				return err
			}
		}
		return nil
	})
}

// person writes what a person gets of a table.
func (e *Exporter) person(ctx context.Context, f *feed, name string, portable bool) error {
	t, _ := e.map_.Table(name)
	if t.Derived != "" {
		return nil
	}
	if _, ok := f.selection.Where(name, rows.Mine); ok {
		if v := e.mine(&t, portable); v != nil {
			if err := f.table(ctx, v, true); err != nil {
				return err
			}
		}
	}
	if portable {
		return nil
	}
	for i := range t.Ties {
		at, ok := f.selection.Points(name, i, rows.All)
		if !ok || t.Ties[i].Role == dsar.Reference {
			continue
		}
		if _, ok := f.selection.Where(name, rows.Linked); !ok {
			continue
		}
		v := e.linked(&t, i)
		if v == nil {
			continue
		}
		v.query.And = at
		if err := f.table(ctx, v, false); err != nil {
			return err
		}
	}
	return nil
}

// write runs fn in a snapshot, and completes the archive if it and the transaction end well.
func (e *Exporter) write(ctx context.Context, w io.Writer, o dsar.ExportOptions, a archive.Options, fn func(context.Context, *feed) error) (*dsar.Exported, error) {
	application, _ := e.map_.Application()
	a.Request, a.Application, a.Map, a.Signer, a.Unencrypted = o.Request, application, e.map_.Hash(), e.o.Signer, len(a.Recipients) == 0
	var out *archive.Writer
	defer func() {
		if out != nil {
			out.Abort()
		}
	}()
	err := rows.Snapshot(ctx, e.db, func(ctx context.Context) error {
		var err error
		if a.At, err = e.Now(ctx); err != nil {
			return err
		}
		if out, err = archive.NewWriter(w, a); err != nil {
			return err
		}
		return fn(ctx, &feed{e: e, to: out, progress: o.Progress, names: map[string]bool{}})
	})
	if err != nil {
		return nil, err
	}
	sum, err := out.Close()
	if err != nil {
		return nil, err
	}
	return &dsar.Exported{Rows: sum.Rows, Bytes: sum.Bytes, Manifest: sum.Manifest}, nil
}

// Now is the database's clock, for [DownloadOptions].
func (e *Exporter) Now(ctx context.Context) (t time.Time, err error) {
	err = e.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if e.db.Dialect() == tenantdb.Postgres {
			return tx.QueryRowContext(ctx, `SELECT clock_timestamp()`).Scan(&t)
		}
		var micro int64
		err := tx.QueryRowContext(ctx, `SELECT bw_now()`).Scan(&micro)
		t = time.UnixMicro(micro)
		return err
	})
	return t, err
}
