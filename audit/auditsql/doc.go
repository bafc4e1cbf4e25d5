// Package auditsql keeps the logs of package audit in SQLite or Postgres, each tenant's beside the tenant's own rows.
//
//	store, err := auditsql.New(db)                   // db is a *tenantdb.DB
//	log, err := audit.Open(ctx, store, audit.Options{...})
//
// On Postgres the owner of the database runs [Migrate] once a release, and hands [Tables] to rls.Inspect. On SQLite
// [SQLite] goes into sqlite.Options.Migrations and [SQLiteSystem] into SystemMigrations, both read under the name "audit".
// Tables that are not there, older or newer than this release are refused (audit.ErrSchema) by audit.Open, if the
// log of the heads has them too, and by the first call that works on a tenant's log.
//
// # How events get their places
//
// On Postgres a batch is one statement and one round trip: it locks the row of the tenant's head, and stores the events
// after the newest one. The lock, held to the commit, is what makes places without gap or twin, however many processes there
// are; nothing is cached. An event recorded inside a transaction of the application's goes into an outbox instead, in the packet of that
// transaction's COMMIT, and waits for nobody: it gets its place when the outbox is drained. If another event took its id
// before that transaction committed it stays there, for the log holds one event an id, and audit.Log tells of it: its
// Logger, Flush. On SQLite a tenant has
// one writer at a time, and an event gets its place in the transaction it is recorded in.
//
// # What the database refuses
//
// To change an event, an opening other than by shortening or removing it, a tile or a checkpoint; to remove an
// event that is not below a pruning which an event of the log names; to erase or prune under a hold; to
// empty a table (TRUNCATE), to take an entry out of the outbox that is not in the log; on SQLite also to put something
// in the place of a row (REPLACE). That holds for the application's role and, on Postgres, in every replication mode for every
// role; whoever owns the tables can drop triggers, and a file can be edited: that is what the verifier is for. A tenant's
// log goes with the tenant, when it is purged or moved.
//
// # What erasing leaves
//
// On SQLite, when Erase has returned, no byte of an erased value is in the tenant's files: it is overwritten where it
// was (secure_delete), rows stay where they are, so that no copy of them is left elsewhere, and the write-ahead log is emptied after the
// commit. While somebody reads what the log holds it cannot be: Erase then waits for a quarter of a second at
// most, and says that copies are Lingering. They go when a transaction of this process next ends with the way free, and
// when the file is next opened, which also makes good a crash in between, or closed by the last process. The keyed pseudonyms of
// subjects may stay in unused parts of an index. What lies under the file system, as blocks that a disk has not reused, no program can tell.
//
// Postgres keeps a removed value in
// the table's file until VACUUM and later writes, in its write-ahead log and its archive until recycled, on replicas
// and in backups. Use an audit.Sealer where that is too long: what it sealed is gone everywhere with the key.
package auditsql
