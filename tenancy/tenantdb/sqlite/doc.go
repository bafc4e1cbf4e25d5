// Package sqlite keeps each tenant in a SQLite file of its own.
//
//	db, err := sqlite.Open("data", sqlite.Options{Migrations: steps})
//	err = db.Provision(ctx, tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1})
//	err = db.TenantDB().Tx(tenancy.With(ctx, id), func(ctx context.Context, tx *sqlx.Tx) error { ... })
//
// It needs no server and no cgo. [DB] is the [tenantdb.Backend] that transactions run on and the
// [tenancy.Host] that tenants live in. What belongs to no tenant is in a system database of its own.
// [DB.Adopt] takes in the file of an application that had SQLite before it had tenants.
//
// # What it promises
//
// No SQL text reaches another file. A connection belongs to one file for life, and SQLite asks this
// package about everything a statement would do while it compiles it: ATTACH, DETACH, VACUUM,
// virtual tables that show raw pages, and every PRAGMA but a few that only read are refused
// ([tenantdb.ErrIsolation]), however they are written, hidden or nested. So are changes of the schema,
// temporary tables, and BEGIN, COMMIT and ROLLBACK: nothing a statement does outlives its transaction but
// rows of the tenant (and counters that only it can see, as last_insert_rowid() is).
//
// What may be done with a tenant is written in its file and read by every transaction in its own
// snapshot: suspended, purged, moved or foreign files are refused at once, in every process. A file
// renamed or copied to another tenant's name is refused ([ErrCorrupt]).
//
// A purged tenant stays purged. Files are opened, never created, by transactions; the id of a purged
// tenant is kept in the system database and refused even if somebody puts the file back.
//
// # Limits
//
// One machine: the folder must be on a local disk, and there is no replication. Use [DB.Export] for
// copies. Several processes may share a folder on Linux; each waits for the other's writers. A reader
// that began before another process suspended the tenant is not stopped. Elsewhere than on Linux one
// process alone may use a folder, and a backup tool that opens and closes a live file there takes
// SQLite's locks away.
//
// A statement may compute for as long as its context lets it, and make several values of Options.MaxValue each in
// the memory that all tenants share: give work a deadline, and do not run SQL that somebody sent.
//
// What a DELETE removed is overwritten in the file and stays for a while in the log beside it: until
// [tenantdb.DB.Expunge], or until the last process closes the file. Where deleting moved rows together, copies of those that
// stay may be left in unused parts of pages, and outlive them, until [tenantdb.DB.Vacuum].
//
// Files are not encrypted: use an encrypted disk, and package vault for what must be unreadable even
// then. The disk may keep what a purge or a DELETE overwrote; the receipt says so.
//
// # What you do yourself
//
// Give the folder to the service's user alone. Declare time columns TIMESTAMP to get time.Time back:
// times are stored as whole microseconds since 1970, UTC, and the function bw_now() returns the
// database's clock so. Tables that are STRICT use INTEGER and give int64. A text longer than 4 KiB is
// compiled each time it runs; a short one is kept compiled.
package sqlite
