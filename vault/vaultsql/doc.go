// Package vaultsql keeps the keys and secrets of package vault in SQLite or Postgres, each tenant's beside the tenant's own
// rows.
//
//	store, err := vaultsql.New(db)                   // db is a *tenantdb.DB
//	v, err := vault.Open(ctx, store, keeper, vault.Options{})
//
// On Postgres the owner of the database runs [Migrate] once a release, and hands [Tables] to rls.Inspect. On SQLite
// [SQLite] goes into sqlite.Options.Migrations and [SQLiteSystem] into SystemMigrations, both read under the name "vault";
// leave sqlite.Options.Sync as it is. The roots belong to no tenant: they are in the system database, or in a schema that
// the system role alone may read, so that a database opened without system access has no vault. Tables that are not there, older or
// newer than this release are refused (vault.ErrSchema).
//
// # What the database keeps
//
// A transaction of the application's that seals for the first time commits the new key with its rows, or neither. However
// many processes make a key at once, there is one: a unique index says so, and the others take it. A key is put
// under one that is active at that moment, whose row it locks: so once a key is retired nothing new comes under it, and it
// can be destroyed when nothing is left.
//
// Triggers refuse, to whoever writes: that a key is active again once it was retired, or gets anything back once it was shredded; that a key
// or a root is changed in any other way, or removed; that a version of a secret goes back, or is changed, but for going from a
// retired key to the one in its place; that a table is emptied (TRUNCATE). On Postgres that holds in every replication mode; whoever owns the tables can drop triggers,
// and a file can be edited. What is put in a wrong place opens nowhere: package vault binds it to tenant, purpose, person and name.
// A tenant's keys go with the tenant, when it is purged or moved.
//
// # What shredding leaves
//
// On SQLite, when Shred has returned, no byte of the wrapped keys is in the tenant's files; nor of what DestroyKey, PutSecret
// and RemoveSecret take away, and of what Rewrap and ResealSecrets replace once nothing is left under the old key. It is overwritten where
// it was, rows that hold it never move, and the write-ahead log is emptied after the commit. While somebody reads
// what the log holds it cannot be: that is waited for a quarter of a second, and done when they have ended, or when the file
// is next opened. A shredded key's row stays, with zeros in it, and so does the room of a removed secret, for another one of its
// size. A root that was destroyed stays in the system database's log until that is written over or closed. What lies under the
// file system, as blocks that a disk has not reused, no program can tell.
//
// Postgres keeps removed bytes in the table's file until VACUUM and later writes, in its write-ahead log and its archive
// until recycled, on replicas and in backups. They open only with the keys above them: where that is too long, rotate
// these (vault.RotateTenantKey) and let the old root's key be destroyed where the keeper has it.
//
// # Limits
//
// Residue is a text and no measurement. A vault's DestroyRoot does not look whether a tenant's key is still under the root: tenants may
// be in other databases. Times are microseconds. A clock of the database that goes back lengthens a lease; the
// comparison of versions still lets one caller alone store the next one.
package vaultsql
