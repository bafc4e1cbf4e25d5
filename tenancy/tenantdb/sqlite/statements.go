package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"

	"modernc.org/sqlite"
)

// A statement costs most when it is compiled, and more so under a guard, so each connection keeps
// the last few it has seen. Those of callers are kept apart by whether they were compiled for a
// transaction that may write.
const (
	keptStatements = 16   // per connection; each costs a few KiB
	keptLength     = 4096 // longer texts are scripts
)

type rawStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type kept struct {
	stmt  rawStmt
	inUse bool
	used  uint64
}

type stmtKey struct {
	text     string
	readOnly bool
}

type statements struct {
	ours map[string]rawStmt
	kept map[stmtKey]*kept
	tick uint64
}

// own returns the statement of this package with that text. The texts are constants, and few.
func (s *statements) own(ctx context.Context, raw rawConn, text string) (rawStmt, error) {
	if st := s.ours[text]; st != nil {
		return st, nil
	}
	st, err := raw.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if s.ours == nil {
		s.ours = make(map[string]rawStmt, 4)
	}
	s.ours[text] = st.(rawStmt)
	return s.ours[text], nil
}

// take returns the compiled statement for text, marked as in use; its holder gives it back by drop
// or by setting inUse to false.
func (s *statements) take(ctx context.Context, raw rawConn, text string, readOnly bool) (*kept, error) {
	key := stmtKey{text, readOnly}
	s.tick++
	if k := s.kept[key]; k != nil && !k.inUse {
		k.inUse, k.used = true, s.tick
		return k, nil
	}
	st, err := raw.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	k := &kept{stmt: st.(rawStmt), inUse: true, used: s.tick}
	if _, busy := s.kept[key]; busy || len(text) > keptLength {
		return k, nil // not in the map: give closes it
	}
	if s.kept == nil {
		s.kept = make(map[stmtKey]*kept, keptStatements)
	}
	if len(s.kept) >= keptStatements {
		s.evict()
	}
	if len(s.kept) < keptStatements {
		s.kept[key] = k
	}
	return k, nil
}

// give ends the use of k.
func (s *statements) give(k *kept, text string, readOnly bool) {
	k.inUse = false
	if s.kept[stmtKey{text, readOnly}] != k {
		_ = k.stmt.Close()
	}
}

// forget closes a statement that failed rather than keep it.
func (s *statements) forget(k *kept, text string, readOnly bool) {
	if key := (stmtKey{text, readOnly}); s.kept[key] == k {
		delete(s.kept, key)
	}
	_ = k.stmt.Close()
}

func (s *statements) evict() {
	var oldest stmtKey
	var found *kept
	for key, k := range s.kept {
		if !k.inUse && (found == nil || k.used < found.used) {
			oldest, found = key, k
		}
	}
	if found != nil {
		delete(s.kept, oldest)
		_ = found.stmt.Close()
	}
}

func (s *statements) close() {
	for _, st := range s.ours {
		_ = st.Close()
	}
	for _, k := range s.kept {
		_ = k.stmt.Close()
	}
	s.ours, s.kept = nil, nil
}

// ExecContext implements driver.ExecerContext.
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.ready(ctx); err != nil {
		return nil, err
	}
	k, err := c.stmts.take(ctx, c.raw, query, c.readOnly)
	if err != nil {
		return nil, c.failed(err)
	}
	res, err := k.stmt.ExecContext(ctx, args)
	if err != nil {
		c.stmts.forget(k, query, c.readOnly)
		return nil, c.failed(c.ran(err))
	}
	c.stmts.give(k, query, c.readOnly)
	return res, c.confirm()
}

// QueryContext implements driver.QueryerContext.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.ready(ctx); err != nil {
		return nil, err
	}
	k, err := c.stmts.take(ctx, c.raw, query, c.readOnly)
	if err != nil {
		return nil, c.failed(err)
	}
	r, err := k.stmt.QueryContext(ctx, args)
	if err != nil {
		c.stmts.forget(k, query, c.readOnly)
		return nil, c.failed(c.ran(err))
	}
	return c.rows(&rows{driverRows: r.(driverRows), c: c, ctx: ctx, k: k, query: query, readOnly: c.readOnly})
}

// rows hands r out if the snapshot it reads is one the caller may see.
func (c *conn) rows(r *rows) (driver.Rows, error) {
	if err := c.confirm(); err != nil {
		_ = r.Close()
		return nil, err
	}
	return r, nil
}

// PrepareContext implements driver.ConnPrepareContext. What a caller prepares it also closes.
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if err := c.ready(ctx); err != nil {
		return nil, err
	}
	s, err := c.raw.PrepareContext(ctx, query)
	if err != nil {
		return nil, c.failed(err)
	}
	return &prepared{s.(rawStmt), c}, nil
}

// Prepare implements driver.Conn.
func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// prepared is a statement that a caller prepared.
type prepared struct {
	rawStmt
	c *conn
}

func (p *prepared) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := p.c.ready(ctx); err != nil {
		return nil, err
	}
	res, err := p.rawStmt.ExecContext(ctx, args)
	if err != nil {
		return nil, p.c.failed(p.c.ran(err))
	}
	return res, p.c.confirm()
}

func (p *prepared) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := p.c.ready(ctx); err != nil {
		return nil, err
	}
	r, err := p.rawStmt.QueryContext(ctx, args)
	if err != nil {
		return nil, p.c.failed(p.c.ran(err))
	}
	return p.c.rows(&rows{driverRows: r.(driverRows), c: p.c, ctx: ctx})
}

// driverRows is what the driver's rows can do.
type driverRows interface {
	driver.Rows
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeLength
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	driver.RowsColumnTypeScanType
}

type rows struct {
	driverRows
	c   *conn
	ctx context.Context
	// The first row was found by the driver's QueryContext. Most queries have one, so the others are
	// watched from when the second is asked for.
	begun bool
	watch *watch
	// k is the kept statement they come from, if it is one, and what it is kept under.
	k        *kept
	query    string
	readOnly bool
}

func (r *rows) Next(dest []driver.Value) error {
	if r.begun && r.watch == nil {
		r.watch = newWatch(r.ctx, r.c.raw)
	}
	r.begun = true
	if r.watch == nil {
		return r.failed(r.driverRows.Next(dest))
	}
	if err := r.watch.begin(); err != nil {
		return err
	}
	err := r.driverRows.Next(dest)
	r.watch.end()
	err = r.failed(err)
	var e *sqlite.Error
	if errors.As(err, &e) && e.Code()&0xff == codeInterrupt && r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	return err
}

func (r *rows) failed(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return r.c.failed(r.c.ran(err))
}

func (r *rows) Close() error {
	if r.watch != nil {
		r.watch.stop()
	}
	err := r.failed(r.driverRows.Close())
	if r.k != nil {
		r.c.stmts.give(r.k, r.query, r.readOnly)
		r.k = nil
	}
	return err
}
