// Package tenantdb is the one way from this library, and from an application
// that uses it, to a database: a transaction that can see one tenant only.
//
// A [DB] works the same over Postgres (package tenantdb/postgres: row-level
// security, with the tenant signed into each transaction) and over SQLite
// (package tenantdb/sqlite: one file a tenant). It holds no driver.
//
//	err := db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
//		_, err := tx.ExecContext(ctx, tx.Rebind(`INSERT INTO note (tenant_id, id, body) VALUES (?, ?, ?)`), ...)
//		return err
//	})
//
// The tenant is the one of ctx (tenancy.With); without one nothing is read or
// written. The ctx handed to the function carries the transaction: whatever is
// called with it, such as an audit log or a vault, joins, so that their rows
// and yours commit together or not at all. A function that fails, panics or
// swallows the error of a call that joined leaves nothing behind.
package tenantdb
