// Package dsarsql keeps what package dsar and the packages beside it write down in SQLite or Postgres, each tenant's beside the tenant's own
// rows.
//
//	register, err := dsarsql.NewBreaches(db)            // db is a *tenantdb.DB
//	breaches, err := breach.New(register, breach.Options{...})
//
// On Postgres the owner of the database runs [Migrate] once a release, and hands [Tables] to rls.Inspect. On SQLite [SQLite] goes into
// sqlite.Options.Migrations, read under the name "dsar"; leave sqlite.Options.Sync as it is. Tables that are not there, older or newer
// than this release are refused (dsar.ErrSchema).
//
// # What the database keeps
//
// Triggers refuse, to whoever writes: that an entry of a breach is changed or removed, and that it does not have the next number, a key of
// its own and the hash of the one before it; on Postgres that a table is emptied (TRUNCATE), and on SQLite that something is put in the
// place of a row (REPLACE). Entries' own hashes are not looked at: breach.Register finds an entry that was put in by hand. Whoever owns the
// tables can drop triggers, and a file can be edited. On Postgres nothing is changed or removed in any replication mode. A tenant's rows go with the
// tenant, when it is purged or moved.
//
// # Limits
//
// Times are microseconds.
package dsarsql
