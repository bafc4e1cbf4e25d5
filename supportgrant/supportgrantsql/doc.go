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
// # A read on Postgres
//
// [Migrate] makes the tables, under the row-level security of package tenancy/rls. A guarded read is two transactions: the first adds the
// entry and commits, and the second holds the grant by an advisory lock, looks at it anew, and reads. The database itself refuses to hold before the entry is
// committed, at another level than READ COMMITTED, and on a standby. All locks are a transaction's, as poolers in transaction mode need it. A withdrawal
// takes that lock before it changes the grant: readers that come wait for it, and those that hold have handed over. If one holds for longer than a
// tenth of a second it commits without, and then waits for who holds; when its time is over it ends the backends that hold, and what these had sent already is not taken back. Moves, ends
// and proofs that must never be are refused to any SQL, the owner's too, unless it takes the triggers away first.
//
// # Sessions of SQL
//
// Staff that needs psql or a reporting tool gets a role of its own, with what [SessionSQL] prints: SELECT on the columns that the registry lists whole, and
// policies that ask for each row whether the grant is live. [Store.Session] issues a token for a live grant, which opens one session, once, in the
// minute after. It ends with the grant, and after an hour at the latest; a row that would come out of its table after that does not, in an open transaction, cursor or statement either.
// [InspectSessions] finds what was given to the role beside.
//
// The limits. Rows that are on their way stay so, those that a sort, an aggregate or a cursor WITH HOLD has taken out of the table among them, until the backend
// ends: a withdrawal waits for guarded reads and not for sessions. The log tells that there was a session and
// of no statement in it: have the server log what the role does. Who is on the staff is asked when the token is issued, and later not: withdraw the
// grants of who leaves. All sessions are of one role: who has one sees in pg_stat_activity what others of the staff run, and can end it. EXPLAIN and pg_stats-like estimates tell how much there is of all tenants together. A session is a backend's: connect directly, for a
// pooler would give a bound backend to somebody else. The scope of the tenant that a session carries opens nothing to this role alone, but
// would to the application's, for an hour: keep that one's password from staff. The owner of the tables must be who ran tenantdb/postgres.Setup. Large objects can
// be made by any role of a server unless a superuser revokes lo_create and its like.
//
// # Limits
//
// Times are microseconds. On SQLite a column is JSON if it is declared as JSON, or a CHECK of its table calls json_valid() with it: declare
// those of views by name in the registry with care. SQLite knows no privileges: who runs SQL of their own in a tenant's file reads all of it.
package supportgrantsql
