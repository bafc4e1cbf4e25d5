// Package receipt writes the signed paper that ends a request: what was erased, what was kept and until when, what was refused
// and by which law, and, for a whole workspace, that it was destroyed.
//
//	r := receipt.Of(request, "user", erased, proof)
//	r.Tenant, r.Processors = tenant, []receipt.Processor{{Name: "mailer", State: dsar.Confirmed, At: at}, {Name: "crm", State: dsar.Unconfirmed}}
//	signed, err := r.Sign(signer, email, phone)  // not signed if one of those values is in it
//	r, err = receipt.Open(signed, verifier)      // years later, by anybody who has the public key
//	err = r.WriteText(w)                         // for the person
//
// A [Receipt] is for one person, a [Certificate] for a tenant. Both are signed notes (golang.org/x/mod/sumdb/note, Ed25519), as
// the checkpoints of package audit are, and may be signed by the same key: their first line says what they are. Below it stands
// JSON in one canonical form.
//
// # What is promised
//
// No byte of what was signed can be changed, and a text that is not in canonical form does not open. The outcome is not the
// caller's to choose: a receipt whose rows were kept, whose proof found something, or one of whose processors did not confirm,
// says [Partly]. A row that is kept without a reason is not signed. Values that [Receipt.Sign] is given do not get into a
// receipt. What was done in other people's rows is in no count, and names no table: that somebody wrote about a person, and how
// often, is not for that person's receipt.
//
// # What it cannot know
//
// Whether what it is told is true. A processor that confirmed may still hold copies. A name of a table, a reason of the map or
// the id of a request may hold personal data of its own, if somebody chose it so.
//
// # What you must do yourself
//
// Keep the private key out of the database, publish the public key where people find it in later years, and add to Residual
// how long your backups live.
package receipt
