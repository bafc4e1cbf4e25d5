package postgres

import (
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// rows are a query's answer. They end the batch that the query travelled in, and give the connection
// back, when they are closed.
type rows struct {
	pgx.Rows
	br     pgx.BatchResults // nil: the query travelled alone
	done   func()           // called once, when closed; nil: nothing to do
	err    error
	closed bool
}

// Next implements [pgx.Rows].
func (r *rows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

// Close implements [pgx.Rows].
func (r *rows) Close() {
	if r.closed {
		return
	}
	r.closed = true
	r.Rows.Close()
	r.err = r.Rows.Err()
	if r.br != nil {
		if err := r.br.Close(); r.err == nil {
			r.err = err
		}
	}
	r.err = translate(r.err)
	if r.done != nil {
		r.done()
	}
}

// Err implements [pgx.Rows].
func (r *rows) Err() error {
	if r.closed {
		return r.err
	}
	return translate(r.Rows.Err())
}

// Scan implements [pgx.Rows].
func (r *rows) Scan(dest ...any) error {
	err := r.Rows.Scan(dest...)
	if err != nil {
		r.Close()
	}
	return translate(err)
}

// Values implements [pgx.Rows].
func (r *rows) Values() ([]any, error) {
	v, err := r.Rows.Values()
	return v, translate(err)
}

// row is the first of rows.
type row struct{ pgx.Rows }

// Scan implements [pgx.Row].
func (r row) Scan(dest ...any) error {
	defer r.Close()
	if err := r.Err(); err != nil {
		return err
	}
	if !r.Next() {
		if err := r.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := r.Rows.Scan(dest...); err != nil {
		return err
	}
	r.Close()
	return r.Err()
}

// noRows is the answer of a query that was not sent.
type noRows struct{ err error }

func (r *noRows) Close()                                       {}
func (r *noRows) Err() error                                   { return r.err }
func (r *noRows) CommandTag() pgconn.CommandTag                { return pgconn.CommandTag{} }
func (r *noRows) FieldDescriptions() []pgconn.FieldDescription { return nil }
func (r *noRows) Next() bool                                   { return false }
func (r *noRows) Scan(...any) error                            { return r.err }
func (r *noRows) Values() ([]any, error)                       { return nil, r.err }
func (r *noRows) RawValues() [][]byte                          { return nil }
func (r *noRows) Conn() *pgx.Conn                              { return nil }
func (r *noRows) TypeMap() *pgtype.Map                         { return pgtype.NewMap() }

// answers are those to a batch.
type answers struct {
	pgx.BatchResults
	done   func()
	closed bool
}

func (b *answers) Exec() (pgconn.CommandTag, error) {
	tag, err := b.BatchResults.Exec()
	return tag, translate(err)
}

func (b *answers) Query() (pgx.Rows, error) {
	inner, err := b.BatchResults.Query()
	return &rows{Rows: inner}, translate(err)
}

func (b *answers) QueryRow() pgx.Row {
	inner, _ := b.Query() // the row reports the error
	return row{inner}
}

func (b *answers) Close() error {
	err := b.BatchResults.Close()
	if !b.closed {
		b.closed = true
		if b.done != nil {
			b.done()
		}
	}
	return translate(err)
}
