package postgres

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Begin implements [tenantdb.Backend]. Nothing is sent, and no connection taken, before the first
// statement.
func (db *DB) Begin(ctx context.Context, s tenantdb.Scope, o tenantdb.TxOptions) (tenantdb.Begun, error) {
	t, err := db.newTx(ctx, s, o)
	if err != nil {
		return tenantdb.Begun{}, err
	}
	return t.begun(db, o.Native)
}

// BeginSystem implements [tenantdb.Backend].
func (db *DB) BeginSystem(ctx context.Context, reason string, o tenantdb.TxOptions) (tenantdb.Begun, error) {
	if db.opts.system == nil {
		return tenantdb.Begun{}, tenantdb.ErrNoSystem
	}
	t, err := db.opts.system.newTx(ctx, reason, o)
	if err != nil {
		return tenantdb.Begun{}, err
	}
	return t.begun(db, o.Native)
}

// txKey carries a transaction that has been made to the driver that hands it to database/sql.
type txKey struct{}

// begun hands t to database/sql, at once or, if it is asked for natively, when somebody wants that.
func (t *tx) begun(db *DB, native bool) (b tenantdb.Begun, err error) {
	b.Native = t
	if native {
		b.Lazy = lazy{t, db}
	} else {
		b.Tx, err = lazy{t, db}.Handle()
	}
	return b, err
}

// lazy is a transaction that database/sql has not heard of yet.
type lazy struct {
	t  *tx
	db *DB
}

// Handle implements [tenantdb.Lazy]. The *sql.Tx does not watch the context: statements do, and a goroutine that
// rolls back under a running pgx call would race with it.
func (l lazy) Handle() (*sqlx.Tx, error) {
	return l.db.sql.BeginTxx(context.WithValue(context.WithoutCancel(l.t.ctx), txKey{}, l.t), nil)
}

// Commit implements [tenantdb.Lazy].
func (l lazy) Commit() error { return l.t.Commit(l.t.ctx) }

// Rollback implements [tenantdb.Lazy].
func (l lazy) Rollback() error { return l.t.Rollback(l.t.ctx) }

func (db *DB) newTx(ctx context.Context, s tenantdb.Scope, o tenantdb.TxOptions) (*tx, error) {
	if s.Tenant.IsZero() {
		return nil, tenancy.ErrNoTenant
	}
	begin, err := beginSQL(o)
	if err != nil {
		return nil, err
	}
	return &tx{pool: db.pool, ctx: ctx, begin: begin, bind: db.bind(s), tenant: s.Tenant}, nil
}

// beginSQL returns the BEGIN of o.
func beginSQL(o tenantdb.TxOptions) (string, error) {
	sql, err := isolationSQL(o.Isolation)
	if err == nil && o.ReadOnly {
		sql += " read only"
	}
	return sql, err
}

func isolationSQL(l sql.IsolationLevel) (string, error) {
	switch l {
	case sql.LevelDefault, sql.LevelReadUncommitted, sql.LevelReadCommitted:
		return "begin isolation level read committed", nil
	case sql.LevelRepeatableRead, sql.LevelSnapshot:
		return "begin isolation level repeatable read", nil
	case sql.LevelSerializable, sql.LevelLinearizable:
		return "begin isolation level serializable", nil
	}
	return "", fmt.Errorf("tenantdb/postgres: no isolation level %s", l)
}

// scopeSQL binds the transaction under way, explicit or implicit, and only it. It also frees locks that a failed
// statement left with the session, and undoes SET ROLE, which RESET ALL does not: nothing else would.
const scopeSQL = `select set_config('tenancy.scope', $1, true), set_config('role', 'none', false), pg_advisory_unlock_all()`

const scopeTimeoutsSQL = `select set_config('tenancy.scope', $1, true), set_config('role', 'none', false), pg_advisory_unlock_all(), set_config('statement_timeout', $2, true), ` +
	`set_config('lock_timeout', $3, true), set_config('idle_in_transaction_session_timeout', $4, true)`

// binding is the statement that binds a transaction to a tenant.
type binding struct {
	sql  string
	args []any
}

func (db *DB) bind(s tenantdb.Scope) binding {
	scope := db.signer.scope(s)
	if db.opts.timeouts == nil {
		return binding{scopeSQL, []any{scope}}
	}
	t := db.opts.timeouts(s.Tenant)
	if t == (Timeouts{}) {
		return binding{scopeSQL, []any{scope}}
	}
	return binding{scopeTimeoutsSQL, []any{scope, millis(t.Statement), millis(t.Lock), millis(t.IdleInTransaction)}}
}
