package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"
)

// conn is a connection to one file, as database/sql sees it. It never changes files, and of what a
// caller can do on it nothing is left when the transaction has ended: settings, temporary tables and
// the end of the transaction itself are denied to SQL text. It is used by one goroutine at a time.
type conn struct {
	raw    rawConn
	stmts  statements
	begin  step // BEGIN and COMMIT of the transactions that only read
	commit step
	sess   *sqlx.Conn // what database/sql makes of it, from the first transaction until it is destroyed

	path     string
	limited  bool            // the file may not grow beyond Options.MaxBytes
	modules  map[string]bool // DB.modules
	internal bool            // the statement being compiled is ours
	readOnly bool            // the transaction must not write
	denied   error           // why the rules refused the last statement

	inTx   bool
	dead   bool  // the database rolled the transaction back by itself
	broken bool  // not to be used for another transaction
	lease  lease // who uses it

	known   *header // what the file said when others had changed it knownAt times
	knownAt uint32
}

// lease is the use of a connection by one transaction.
type lease struct {
	h     *handle // nil for the connections of maintenance
	epoch int64   // the placement the transaction believes in; 0: any
	write bool
	seen  *header // what the file said when the transaction began
}

// errGone is what a transaction says that SQLite has rolled back under the caller, as OR ROLLBACK, a
// full disk or an interrupted write make it do. Statements after that would each be committed alone.
var errGone = fmt.Errorf("%w: the database rolled it back", tenantdb.ErrDoomed)

// BeginTx implements driver.ConnBeginTx.
func (c *conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	c.readOnly, c.dead = o.ReadOnly, false
	var err error
	if o.ReadOnly {
		err = c.quick("BEGIN", &c.begin)
	} else {
		err = c.run(ctx, "BEGIN IMMEDIATE")
	}
	c.inTx = err == nil
	if err == nil && c.lease.h != nil {
		err = c.lease.h.check(context.Background(), c)
	}
	if err != nil {
		if c.run(context.Background(), "ROLLBACK") != nil {
			// Either there was nothing to roll back or the state is unknown; both are rare.
			c.broken = true
		}
		c.inTx = false
		return nil, err
	}
	return (*transaction)(c), nil
}

type transaction conn

// Commit does not watch the context: once it has begun, its outcome is known to nobody who gives up on it.
func (t *transaction) Commit() error {
	c := (*conn)(t)
	defer c.ended()
	c.inTx = false
	if c.dead {
		return errGone
	}
	var err error
	if c.readOnly {
		err = c.quick("COMMIT", &c.commit)
	} else {
		err = c.run(context.Background(), "COMMIT")
	}
	if err != nil {
		c.broken = true
		_ = c.run(context.Background(), "ROLLBACK") // fails if the database did it
		return err
	}
	// Its own commit counts as a change too. Nobody else's can be among them: it held the file until now,
	// and SQLite looks for changes only when the next transaction begins.
	if !c.readOnly && c.known != nil {
		if c.knownAt, err = c.raw.FileControlDataVersion("main"); err != nil {
			c.known = nil
		}
	}
	return nil
}

func (t *transaction) Rollback() error {
	c := (*conn)(t)
	defer c.ended()
	c.inTx = false
	if c.dead {
		return nil
	}
	err := c.run(context.Background(), "ROLLBACK")
	c.broken = c.broken || err != nil
	return err
}

// run executes one of our own statements, compiled once per connection.
func (c *conn) run(ctx context.Context, query string) error {
	c.internal = true
	defer func() { c.internal = false }()
	s, err := c.stmts.own(ctx, c.raw, query)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(ctx, nil)
	return err
}

// row executes one of our own queries and reads its first row into dest; io.EOF if there is none.
func (c *conn) row(ctx context.Context, dest []driver.Value, query string, args ...driver.NamedValue) error {
	c.internal = true
	defer func() { c.internal = false }()
	s, err := c.stmts.own(ctx, c.raw, query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		return err
	}
	err = rows.Next(dest)
	if cerr := rows.Close(); err == nil {
		err = cerr
	}
	return err
}

// exec executes any statements of our own, compiled for this once.
func (c *conn) exec(ctx context.Context, query string, args ...any) error {
	c.internal = true
	defer func() { c.internal = false }()
	_, err := c.raw.ExecContext(ctx, query, named(args))
	return err
}

// strings returns the first column of one of our own queries.
func (c *conn) strings(ctx context.Context, query string, args ...any) (out []string, err error) {
	c.internal = true
	defer func() { c.internal = false }()
	rows, err := c.raw.QueryContext(ctx, query, named(args))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	dest := make([]driver.Value, len(rows.Columns()))
	for {
		if err := rows.Next(dest); err == io.EOF {
			return out, nil
		} else if err != nil {
			return nil, err
		}
		out = append(out, fmt.Sprint(dest[0]))
	}
}

func (c *conn) text(ctx context.Context, query string, args ...any) (string, error) {
	all, err := c.strings(ctx, query, args...)
	if err == nil && len(all) == 0 {
		err = io.EOF
	}
	if err != nil {
		return "", err
	}
	return all[0], nil
}

func named(args []any) []driver.NamedValue {
	out := make([]driver.NamedValue, len(args))
	for i, a := range args {
		out[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return out
}

// Begin implements driver.Conn.
func (c *conn) Begin() (driver.Tx, error) { //nolint:staticcheck // the interface asks for it
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// ended gives the connection back to its file, at the end of the transaction. database/sql has closed the
// rows of the transaction by then; what it still does for it, such as closing statements, it does under the
// lock that it takes for each call of a connection, and before it lets go of sess.
func (c *conn) ended() {
	if c.usable() {
		c.giveBack()
	} else {
		go c.giveBack() // destroy waits for whoever calls us
	}
}

// giveBack ends the lease.
func (c *conn) giveBack() {
	if l := c.lease; l.h != nil {
		c.lease = lease{}
		l.h.put(c, l.write)
		l.h.release()
	}
}

// Close implements driver.Conn. The physical connection is closed by destroy.
func (c *conn) Close() error { return nil }

// ResetSession and IsValid make database/sql keep the connection when it rolls back for a context that
// ended. Nothing is left of a transaction, and put looks at the connection's state itself.
func (c *conn) ResetSession(context.Context) error { return nil }

// IsValid implements driver.Validator.
func (c *conn) IsValid() bool { return true }

// usable reports whether another transaction may use c.
func (c *conn) usable() bool { return !c.broken && !c.inTx && c.raw.IsValid() }

// destroy closes the physical connection.
func (c *conn) destroy() error {
	if c.sess != nil {
		_ = c.sess.Close() // waits for database/sql to be done with the last transaction
	}
	c.begin, c.commit = step{}, step{}
	c.stmts.close()
	return c.raw.Close()
}

// ready is asked before each statement of a caller.
func (c *conn) ready(ctx context.Context) error {
	switch {
	case c.dead:
		return errGone
	case c.lease.h == nil:
		return nil
	}
	return tenantdb.Belongs(ctx, c.lease.h.id)
}

// confirm is asked after each statement of a caller has begun, before it is given a result.
func (c *conn) confirm() error {
	if c.readOnly && c.lease.h != nil && !c.lease.h.id.IsZero() {
		return c.lease.h.confirm(context.Background(), c)
	}
	return nil
}

// failed is told of each error of a caller's statement, and returns what the caller is told. Some
// errors end the transaction and SQLite says so only in its state: BEGIN works again.
func (c *conn) failed(err error) error {
	err = c.overQuota(c.refusal(err))
	if c.inTx && !c.dead && c.run(context.Background(), "BEGIN") == nil {
		c.dead = true
		if c.run(context.Background(), "ROLLBACK") != nil {
			c.broken = true
		}
	}
	return err
}

// overQuota tells a file that may not grow from a disk that is full: SQLite has one code for both.
func (c *conn) overQuota(err error) error {
	const room = 1 << 20
	var e *sqlite.Error
	if !c.limited || !errors.As(err, &e) || e.Code()&0xff != codeFull {
		return err
	}
	if free, known := freeBytes(c.path); known && free < room {
		return err
	}
	return fmt.Errorf("%w: %w", tenantdb.ErrQuota, err)
}
