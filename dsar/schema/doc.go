// Package schema reads what a live Postgres or SQLite database is made of: tables, columns, keys, indexes, triggers. It
// reads no row. Package dsar compares a map with it, and package discover proposes a map from it.
//
// It holds no driver: [Read] takes an *sql.DB, an *sql.Tx, an *sqlx.Tx of tenantdb, or whatever else can be queried so.
package schema
