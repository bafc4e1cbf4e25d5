// Package rbacsql keeps who may do what in SQLite or Postgres, each tenant's rules beside the tenant's own rows.
//
//	store, err := rbacsql.New(db)                   // db is a *tenantdb.DB
//
// On Postgres the owner of the database runs [Migrate] once a release, and hands [Tables] to rls.Inspect. On SQLite
// [SQLite] goes into sqlite.Options.Migrations and [SQLiteSystem] into SystemMigrations, both read under the name "rbac". Where
// the tokens and invitations live is no tenant's: it is in the system database, or in a schema that the system role alone may
// read. A database opened without system access has none. Tables that are not there, older or newer than this release are
// refused (rbac.ErrSchema).
//
// # What the database keeps
//
// A change of rules takes the tenant's version, one more than the last, and holds its row to the end of the transaction: so
// changes of one tenant come one after the other, in all processes, and what one decides by what it reads then holds when it
// commits. Who follows reads the rows above the version that it has, in one statement.
//
// Triggers and constraints refuse, to whoever writes: that a version goes back; that a rule changes in any other version
// than the newest, or twice in one; that a rule, an invitation or a review is deleted, or a table emptied; that a removed role or a
// revoked token comes back; that a token's hash, member or time of creation changes, or it expires later than 366 days
// after that; that an invitation which was accepted or withdrawn is changed; that the items of a closed review are. On Postgres
// a rule changes only in the transaction that took the version, so that nobody changes one behind those who follow; SQLite
// cannot tell transactions apart, and takes a row written by hand that has the newest version. Whoever owns the tables can drop
// triggers, and a file can be edited. A tenant's rows go with the tenant, when it is purged or moved.
//
// # Hints
//
// On Postgres each change notifies a channel, with [rbac.Hint] and nothing else: see [Hints]. Commits that notify wait for each
// other in the whole server, which changes of rules can bear. SQLite has no such thing.
//
// # Limits
//
// Times are microseconds. The system database knows people, tokens and invitations by the SHA-256 of their ids: who can guess an id can
// ask for it. What it knows stays when a tenant is purged: it says that the id was there.
package rbacsql
