// Package supportgrantsql keeps support grants in SQLite or Postgres, beside the data that they give.
//
//	store, err := supportgrantsql.New(db)           // db is a *tenantdb.DB
//	codes, err := supportgrantsql.NewTOTP(db)       // for package mfa/totp
//
// On SQLite [SQLite] goes into sqlite.Options.Migrations, read under the name "supportgrant". On Postgres the owner of the database
// runs [Migrate] once a release, and hands [Tables] to rls.Inspect. Tables that are not there, older or newer than this release are
// refused (supportgrant.ErrSchema).
//
// # What the database keeps
//
// Constraints and triggers refuse what supportgrant.Store says must never be, to whoever writes: a move that no grant makes, a grant
// that is longer, wider or another's than what was asked for and approved, an approval without the proof of an answered challenge or by
// who asked, an end before its time, and any change of what is in the log. Nothing is deleted. Whoever owns the tables can drop
// triggers, and a file can be edited. A tenant's rows go with the tenant, when it is purged.
//
// # A read on SQLite
//
// One transaction of a tenant writes at a time, in all processes. A read finds its grant live, adds its entry and takes a
// hold of the grant (see [tenantdb.DB.Hold]) in one such transaction, commits it to the disk, reads the rows in a transaction that
// cannot write, and ends the hold when they have been handed over. A withdrawal comes before that transaction, and is found by it, or
// after it, and waits for the hold. The holds of other processes count, and end with them. Reads that come while one commits enter together with the
// next commit, and each stands or falls alone: so a withdrawal waits for one of them at most before it has its turn to write.
//
// The folder must have been opened with synchronous commits, which is the default: see sqlite.SyncFull. While rows are being handed
// over one of Options.Readers is taken.
//
// # Limits
//
// Times are microseconds. On SQLite a column is JSON if it is declared as JSON, or a CHECK of its table calls json_valid() with it: declare
// those of views by name in the registry with care. SQLite knows no privileges: who runs SQL of their own in a tenant's file reads all of it.
package supportgrantsql
