// Package consentsql keeps the ledgers of package consent in SQLite or Postgres, each tenant's beside the tenant's own rows.
//
//	store, err := consentsql.New(db)                   // db is a *tenantdb.DB
//	m, err := consent.New(consent.Config{Store: store, ...})
//
// On Postgres the owner of the database runs [Migrate] once a release, and hands [Tables] to rls.Inspect. On SQLite
// [SQLite] goes into sqlite.Options.Migrations, read under the name "consent"; leave sqlite.Options.Sync as it is. Tables that are
// not there, older or newer than this release are refused (consent.ErrSchema).
//
// # What the database keeps
//
// Who reads the head of a ledger holds its end until the transaction has ended: so entries of one tenant come one after the other, in all
// processes, and there is one chain. On Postgres that is a lock of the tenant's row, and a write is one statement behind it; SQLite has one
// writer a file.
//
// Triggers refuse, to whoever writes: that an entry or a text is changed or removed; that an entry does not have the next number and a key of its
// own, or is on a text that is not known; on Postgres that a text has another hash, and that a table is emptied (TRUNCATE); on SQLite that
// something is put in the place of a row (REPLACE). Entries' hashes are not looked at: consent.Manager's Verify finds a row that was put in by hand.
// Whoever owns the tables can drop triggers, and a file can be edited. On Postgres nothing is changed or removed in any replication mode. A
// tenant's ledger goes with the tenant, when it is purged or moved.
//
// States may be written by who has the application's rights: they can be made anew from the entries.
//
// # What forgetting leaves
//
// On SQLite, when Forget has returned, no byte of the state is in the tenant's files: it is overwritten where it was, rows never move, and
// the write-ahead log is emptied after the commit. While somebody reads what the log holds it cannot be: that is waited for a quarter of a
// second, and done when they have ended, or when the file is next opened. The keyed hash that the state was found by may stay in unused parts
// of an index, with the place of a row that holds nothing any more; places are in the order in which users first came. Such a row's room is
// not used again.
//
// Postgres keeps a removed state in the table's file until VACUUM and later writes, in its write-ahead log and its archive until recycled, on replicas
// and in backups.
//
// # Reading it yourself
//
// consent_entry has a column for each field of an entry; on SQLite it is a view of consent_row. Granted and denied have a bit for each
// category. A subject's entries are found on SQLite by asking each stretch of 1,024 entries.
//
// # Limits
//
// Times are microseconds. Users come in random places of an index: the more there are, the more pages of a file one entry writes.
package consentsql
