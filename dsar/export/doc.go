// Package export writes what there is about a person, or a whole tenant, from the user's own tables to an archive (package archive): the
// exporter of requests for access (Art. 15 GDPR) and portability (Art. 20).
//
//	e, err := export.New(db, compiled, export.Options{Signer: signer, Recipients: func(ctx context.Context, p dsar.Person) ([]age.Recipient, error) {
//		return recipientOf(p) // an age key, or archive.Passphrase
//	}})
//	x, err := e.Export(ctx, dsar.Person{Kind: "user", Key: []string{"7"}}, file, dsar.ExportOptions{Request: "r-17"})
//
// # What is in it
//
// Rows that are the person's, alone or with others, with all columns but those below. Of rows that are somebody else's, in which they are
// named or had to do with: the key and the link, in a table of its own ("ticket by agent_id"). Withheld are secrets (classes of
// credentials; payment data unless Options.Payment names it), columns and members of JSON that the map says are about Others, and, where
// JSON is, members with the name of a secret. The manifest and the pages say of each table what is withheld, and why. A
// portable export has only what rests on consent or contract.
//
// [Exporter.Tenant] exports all rows of a tenant, but for secrets; [Exporter.Bulk] tables of it, for staff, by way of package egress.
//
// # What is promised
//
// All rows are of one moment: one transaction that only reads (REPEATABLE READ on Postgres), whoever writes meanwhile. It is DEFERRABLE
// to no use below SERIALIZABLE, so it is not. Columns that are withheld never leave the database. Memory does not grow with the
// rows, and no statement has a placeholder a row. What is left of an export that was stopped, or failed, is no archive. Nothing
// leaves unencrypted unless the options say Unencrypted.
//
// # What it cannot know
//
// Whether the map is right: what is about others and not said so is exported. What stands in free text. What is in a row of several
// owners about one of them, beside what is marked as Others.
//
// # What you must do yourself
//
// See to it that who asks is who they say (package dsar does), and that the archive gets to them: [Downloads] is one way.
package export
