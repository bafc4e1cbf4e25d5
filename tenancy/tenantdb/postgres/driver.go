package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// connector gives database/sql connections that take one of the pool's only while they need it.
type connector struct{ db *DB }

func (c connector) Connect(context.Context) (driver.Conn, error) { return &sqlConn{db: c.db}, nil }
func (c connector) Driver() driver.Driver                        { return sqlDriver{} }

type sqlDriver struct{}

func (sqlDriver) Open(string) (driver.Conn, error) {
	return nil, errors.New("tenantdb/postgres: use Open")
}

// sqlConn is one database/sql connection: a transaction, or statements of which each is bound by its own
// context.
type sqlConn struct {
	db      *DB
	tx      *tx    // nil outside transactions
	release func() // of the limiter, for tx; nil: none
}

// runner is what statements run on.
type runner interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// on returns what a statement with ctx runs on. A statement without a context of its own has that of its
// transaction, so that whatever ends the one ends the other.
func (c *sqlConn) on(ctx context.Context) (runner, context.Context) {
	if c.tx == nil {
		return c.db, ctx
	}
	if ctx.Done() == nil {
		ctx = c.tx.ctx
	}
	return c.tx, ctx
}

func (c *sqlConn) ExecContext(ctx context.Context, sql string, args []driver.NamedValue) (driver.Result, error) {
	r, ctx := c.on(ctx)
	tag, err := r.Exec(ctx, sql, plain(args)...)
	if err != nil {
		return nil, err
	}
	return driver.RowsAffected(tag.RowsAffected()), nil
}

func (c *sqlConn) QueryContext(ctx context.Context, sql string, args []driver.NamedValue) (driver.Rows, error) {
	r, ctx := c.on(ctx)
	rows, err := r.Query(ctx, sql, plain(args)...)
	if err != nil {
		return nil, err
	}
	// The first row is read here, so that an error of the statement is the call's and not the loop's.
	more := rows.Next()
	if !more && rows.Err() != nil {
		return nil, rows.Err()
	}
	return newSQLRows(rows, more), nil
}

// CheckNamedValue lets every argument through: pgx encodes them.
func (c *sqlConn) CheckNamedValue(*driver.NamedValue) error { return nil }

func plain(args []driver.NamedValue) []any {
	out := make([]any, len(args))
	for i, a := range args {
		out[i] = a.Value
	}
	return out
}

// BeginTx implements [driver.ConnBeginTx]: for a transaction made by Begin, or for users of SQLX one of
// ctx's tenant.
func (c *sqlConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	t, made := ctx.Value(txKey{}).(*tx)
	if !made {
		id, err := tenancy.From(ctx)
		if err != nil {
			return nil, err
		}
		t, err = c.db.newTx(ctx, tenantdb.Scope{Tenant: id},
			tenantdb.TxOptions{ReadOnly: o.ReadOnly, Isolation: sql.IsolationLevel(o.Isolation)})
		if err != nil {
			return nil, err
		}
		if c.release, err = c.db.admit(ctx, id); err != nil {
			return nil, err
		}
	}
	c.tx = t
	return sqlTx{c}, nil
}

type sqlTx struct{ c *sqlConn }

func (x sqlTx) Commit() error {
	defer x.c.leave()
	return x.c.tx.Commit(x.c.tx.ctx)
}

func (x sqlTx) Rollback() error {
	defer x.c.leave()
	return x.c.tx.Rollback(x.c.tx.ctx)
}

// leave is called once the transaction has ended.
func (c *sqlConn) leave() {
	if c.release != nil {
		c.release()
	}
	c.tx, c.release = nil, nil
}

// Begin implements [driver.Conn].
func (c *sqlConn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// Close implements [driver.Conn].
func (c *sqlConn) Close() error {
	if c.tx != nil {
		return sqlTx{c}.Rollback()
	}
	return nil
}

// Ping implements [driver.Pinger] on a connection of its own, as nobody.
func (c *sqlConn) Ping(ctx context.Context) error {
	if err := c.db.pool.Ping(ctx); err != nil {
		return acquireError(ctx, err)
	}
	return nil
}

// Prepare implements [driver.Conn].
func (c *sqlConn) Prepare(query string) (driver.Stmt, error) { return &sqlStmt{c, query}, nil }

// sqlStmt remembers a statement: pgx's cache prepares it.
type sqlStmt struct {
	c   *sqlConn
	sql string
}

func (s *sqlStmt) Close() error                               { return nil }
func (s *sqlStmt) NumInput() int                              { return -1 }
func (s *sqlStmt) CheckNamedValue(v *driver.NamedValue) error { return s.c.CheckNamedValue(v) }
func (s *sqlStmt) Exec([]driver.Value) (driver.Result, error) { return nil, tenancy.ErrNoTenant }
func (s *sqlStmt) Query([]driver.Value) (driver.Rows, error)  { return nil, tenancy.ErrNoTenant }
func (s *sqlStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.c.ExecContext(ctx, s.sql, args)
}
func (s *sqlStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.c.QueryContext(ctx, s.sql, args)
}
