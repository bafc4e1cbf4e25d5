// Package dsarsql keeps what package dsar and the packages beside it write down in SQLite or Postgres, each tenant's beside the tenant's own
// rows.
//
//	store, err := dsarsql.New(db)              // requests: db is a *tenantdb.DB
//	journal, err := dsarsql.NewJournal(db)     // of package erase
//	register, err := dsarsql.NewBreaches(db)   // of package breach
//	mark, err := dsarsql.NewMark(db)           // of package tombstone
//	calls, err := dsarsql.NewCalls(db)         // of package processor
//	exports, err := dsarsql.NewEgress(db)      // of package egress
//	sweeps, err := dsarsql.NewSweeps(db)       // of package retention
//
// On Postgres the owner of the database runs [Migrate] once a release, and hands [Tables] to rls.Inspect. On SQLite [SQLite] goes into
// sqlite.Options.Migrations, read under the name "dsar"; leave sqlite.Options.Sync as it is. Tables that are not there, older or newer
// than this release are refused (dsar.ErrSchema).
//
// # What the database keeps
//
// Constraints and triggers refuse, to whoever writes, what dsar.Store says must never be: a request that begins elsewhere than open, or makes
// a move that none makes; another kind, person, law or time of receipt; Verified, and what comes after it, without its time; an erasure
// that is approved without a plan; an end without an outcome; any change of what is closed, and any other that makes no new version; a second
// request of a person's that is worked on; steps that are done, events, holds and restraints that change or go before their time. They
// refuse that an entry of a breach is changed or removed, or does not have the next number, a key of its own and the hash of the one
// before it; and that the mark of the log of tombstones goes back. On Postgres they hold in any replication mode, and no table of these
// is emptied (TRUNCATE); on SQLite nothing is put in the place of a row (REPLACE). Whoever owns the tables can drop triggers, and a file can be
// edited. What only breach.Register knows, the hash of an entry, is found by it.
//
// Of bulk exports they refuse that somebody approves what they asked for, that one begins which was not approved, and that an ask, or what
// has ended, changes.
//
// A tenant's rows go with the tenant, when it is purged or moved.
//
// # Claims and locks
//
// Of many workers that claim at once each gets other requests (FOR UPDATE SKIP LOCKED; SQLite has one writer a file). Leases are
// compared and set, and end, by the database's clock. A request that is read in a transaction is locked until that ends, on Postgres as a
// row, on SQLite as the file.
//
// Holds are read fresh, so that one that was placed is seen by whoever asks after it: in a transaction of REPEATABLE READ or SERIALIZABLE on
// Postgres, and in one of SQLite's that only reads, which cannot see it, Holds is an error.
//
// # Limits
//
// Times are microseconds.
package dsarsql
