// Package tombstone remembers who was erased, in a place that no backup of the database holds, so that a restored backup does not
// bring them back.
//
//	log, err := tombstone.OpenFile("/var/lib/app-tombstones/log")   // another disk, another backup, another machine's mount
//	guard := &tombstone.Guard{Log: log, Mark: mark, People: tombstone.People(db, compiled, nil), Keys: keys, Eraser: eraser, Map: compiled.Hash()}
//
//	err = guard.Start(ctx)                 // before anything is served: ErrRestored if a tenant's database is behind the log
//	report, err := guard.Replay(ctx)       // for that tenant: erases again who is back
//
//	stone, err := guard.Prepare(ctx, id, person)    // before an erasure; keep it with the request
//	...                                             // the erasure
//	err = guard.Place(ctx, stone, erased.Done)      // after it, and before the request is closed
//
// Package dsar's requests do the last part, if dsar.Options.Tombstones calls the guard: package engine puts it there.
//
// # How a person is found again
//
// A hash of who was erased would find nobody whose address stands in a table of invitations. So a line holds two things: a keyed
// hash of the person's key, and the key, all identifiers and the time at which their row was made, sealed (AES-256-GCM) under a
// key of [Keys]. Those keys are neither in the database nor beside the log, and this is the bargain: for as long as backups hold
// the person, the log and the key together tell who was erased; who has one of them learns how many erasures there were, in which
// tenants and when. Make a new key every few months, and destroy a key once no backup from before its last line is left: its lines
// are then unreadable, and need not be read any more. If a backup from before turns up all the same, [Guard.Replay] is [ErrKey].
//
// A row is the person's if it has the key and was made at the same time: a database gives the number of an erased row to a new one.
// If the table tells no time, one of the identifiers must be the same; if none is, it cannot be known, and Replay is [ErrUnsure]
// until somebody decides. Identifiers that somebody else's row has are left alone.
//
// # What is promised
//
// A line that was acknowledged is on the disk and stays. Lines are chained by their hashes, and the database remembers the hash of
// the last one it saw: a log that was cut, changed or replaced is [ErrLog]. What a crash left of a line that was not acknowledged
// is cut; a damaged line that was, never. Several processes may append. Replay may be called again at any time, and by several
// processes: who is gone stays gone, and nobody else is touched.
//
// # What you must do yourself
//
// Put the log outside of what is backed up with the database and restored with it. Serve nothing before Start returns nil. If
// you erase without package dsar's requests, place the stone before you forget the job: an erasure whose stone was not placed comes
// back with a backup from before it. Destroy old keys.
//
// # Limits
//
// Elsewhere than on Unix one process alone may have the log open. The file must be on a file system with locks that work. A person
// whom the application knows under an identifier that the stone does not hold is not found by it.
package tombstone
