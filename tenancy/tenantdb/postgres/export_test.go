package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// RawQueryRow asks on one of db's connections, as nobody, and without the binding.
func RawQueryRow(ctx context.Context, db *DB, sql string, args ...any) pgx.Row {
	return db.pool.QueryRow(ctx, sql, append([]any{pgx.QueryExecModeExec}, args...)...)
}

// Sign signs a scope as db does, to expire when it says.
func Sign(db *DB, s tenantdb.Scope, expiry time.Time) string { return db.signer.sign(s, expiry) }

// SetClock makes db sign as if it were now.
func SetClock(db *DB, now func() time.Time) { db.signer.now = now }

// ScopeSQL is the statement that binds a transaction.
const ScopeSQL = scopeSQL

// SchemaVersion is the version this code needs.
const SchemaVersion = schemaVersion

// Pool returns db's pool.
func Pool(db *DB) *pgxpool.Pool { return db.pool }

// ServerFault says why a server version cannot be trusted.
func ServerFault(num int) string { return serverFault(num) }
