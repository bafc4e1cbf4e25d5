// Package audit is a log of what was done, to whom and by whom, which nobody can
// change, drop or reorder unnoticed, and in which people can still be forgotten.
//
// # Use
//
// Define what can happen once, open the log, and record:
//
//	var DocumentRead = audit.Define("document.read", audit.Read)
//
//	signer, err := audit.NewSigner(private) // what note.GenerateKey made
//	l, err := audit.Open(ctx, store, audit.Options{Origin: "example.com/audit", Signer: signer, Key: key})
//	...
//	err = l.Record(ctx, audit.Event{Action: DocumentRead, Actor: user, Targets: []audit.Party{document}})
//
// Each event goes to the log of the context's tenant ([github.com/bailiwick-dev/bailiwick/tenancy.With]). Package auditsql
// has a [Store] over SQLite and Postgres. [Log.Middleware] records requests before they are answered, and
// [Log.Handler] what is logged with an [Attr], [Acts] what is done to tenants. [Log.Run] signs in the background what was recorded; [Verify] and the
// command auditverify check a copy of a log without access to it.
//
// # Promises
//
//   - What [Log.Append] returned without error is durable and has its place: places have no gaps, and are given in one
//     order, whatever processes write at once. In a transaction of the store the event commits with it or not at all.
//   - An error of Append means that what the event describes must not happen. Where it is not known whether it was recorded
//     the error is [ErrUnknown], and appending under the same ID finds out: the log holds one event of an id.
//   - A tenant's events are the leaves of a Merkle tree (RFC 6962) whose size and root are signed. Whoever holds a signed
//     checkpoint can prove that an event is in the log, and finds every later change of what it covers.
//   - What identifies a person is in the tree as commitments under random salts only. [Log.Erase] removes the values and
//     the salts; the tree stays what it is. An erasure or a pruning that no event of the log tells of is tampering.
//   - A log whose newest checkpoint is by a key that nobody named is not signed any further ([ErrSigner]); recording goes on.
//   - An event that cannot be encoded in exactly one way is refused ([ErrEvent]), before anything is written.
//
// # Limits
//
// An event has at most 16 targets, 64 keys of data and 65,535 bytes in the tree; the erasable values of one person in it
// have at most 1 MiB. Times are kept to the microsecond, in years of four digits; Event.Time is what the program says, and
// Recorded is what the store's clock says.
//
// That an event has a place is durable at once; that nobody can take it back unnoticed is so from the next
// checkpoint that somebody else holds. Who has the database and the signing key can rewrite what nobody outside
// vouches for: see [Options].Witnesses and Anchors, and the verdict [Unanchored]. So can who has a key that
// Options.Verifiers still names.
//
// The time of recording, and what events are looked up by (subject, and copies of action and outcome), lie beside the tree and are not signed:
// who changes them in the database can keep an event out of a query's answer, and not out of a bundle. [Verify]
// takes the same memory for a log of any length, and looks for an id that is in it twice only where [Policy].Unique lets it read the
// bundle again: the database refuses that, and who writes past the database leaves both events there to be seen. It cannot tell that a hold of one person was
// broken, for what was erased does not tell whose it was. Of values that are sealed it tells without a Sealer only that some are
// there: that one of two is gone, or that they were swapped, only who can open them finds out. Of two logs that were signed for one tenant, each whole in itself, it
// takes a checkpoint held outside to tell which is the true one. A log restored from an old copy is
// not signed again ([ErrBackwards]) as long as the process remembers, or the log of heads
// has one of its lost checkpoints among the 16,384 heads after the one that is left; [Log.AcceptRestore] goes on with
// it, and is an Error to every verifier whose [Policy] does not name that very restore.
//
// Labels, types of parties, actions and times of an erased event stay, and so does all that was recorded in clear text.
// Without a [Sealer], copies of the database keep what was erased after they were made.
//
// # What is left to you
//
// Record before you act, and do not act if it fails. Mark people ([Party].Person, [Personal]) and keep personal values out
// of all that stands in clear: types, ids of things, request ids, keys and values of data. Keep the signer's key
// where the database's administrators cannot read it. To change it, start all processes with the new Signer and the old public
// key in Options.Verifiers; those with the old one go on recording, and sign no more, unless they have the new public key in
// theirs: then both sign in turn, and each turn is recorded. Take the old key out when each log was
// signed with the new. Keep checkpoints, or have them kept, outside. Say how long events are kept, and
// call [Log.Prune] then. Whether all this fulfils a law is not for a library to say.
package audit
