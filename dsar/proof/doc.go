// Package proof looks for what is left of a person after their erasure: in every row of every table, in what the database keeps
// beside its rows, and, on SQLite, in the bytes of the file.
//
//	prover, err := proof.New(db, compiled, proof.Options{Owner: owner, Backups: 30 * 24 * time.Hour})
//	service, err := dsar.New(..., dsar.Options{Prover: prover, ...}) // which takes the values before, and looks for them after
//
// or by hand:
//
//	needles, err := prover.Take(ctx, person) // before the erasure
//	p, err := prover.Look(ctx, needles)      // after it: p.Clean(), p.Found, p.Residual
//
// # What is looked for
//
// All that the person is and was known by, and what [Prover.Take] took from their rows: names, addresses, numbers, devices, and other
// values that tell who somebody is. Each is looked for in all these forms: as it is, in any case of letters, in Unicode's normal
// forms C and D, escaped for URLs, once and twice, for JSON, HTML, SQL and mail (quoted-printable), in Latin-1, in UTF-16, in hex digits, in
// base64 wherever it stands in what was encoded, by its unsalted MD5, SHA-1, SHA-256 and SHA-512 in hex, base64 and bytes, the digits
// alone of a phone number, and the bytes of a UUID.
//
// A value that another person's row has in the same column is not looked for, because it would be found in theirs: a city, a name that two
// people have. The proof counts those. What has fewer than five letters is in anything by accident: of such
// values only identifiers are looked for, where one is all that a column of identifiers holds. Keys of fewer than sixteen
// characters, such as numbers, are not looked for, nor those of rows that stay: that no row points at the person is what the erasure
// sees to.
//
// What is found must not be part of a longer word: ann@example.test is not in joann@example.test. After a sign other than a letter or
// digit it counts, and so mary-ann@example.test is found, and looked at by somebody, rather than once too seldom.
//
// # Where
//
// In Postgres: all columns that can hold text, or a number where one is looked for, of all tables, partitions, inherited and
// foreign tables and materialised views, those outside of the map too; statistics of the planner; large objects. Rows are the tenant's, as
// row-level security shows them. What the application's role may not read is read by Options.Owner, or named in Residual; a table of the
// map that nobody may read is an error. In SQLite: every value of every table with those inside of full-text indexes, the
// indexes themselves by their words, and the bytes of the file and of the log.
//
// All rows of Postgres are looked at as they are at one moment. A second connection of the pool reads other tables beside the
// first, if one is free and sees the same moment: which it seldom does where there are hundreds of writers a second.
//
// Found says table, column, form and how many rows; never a value. What the map keeps is marked as kept, and so is what stands in rows
// that others own, too, and that stay theirs.
//
// # What it cannot see
//
// Other systems, and files that the database knows the names of. What is compressed or encrypted by the application, hashed with a
// salt, in pictures, or spelled in a way that nobody told. A phone number whose digits are set apart otherwise than where it is
// known. What the server's own log, its write-ahead log, replicas and backups hold: Residual says so, and until when if it is known.
//
// # What you must do yourself
//
// On Postgres, give Options.Owner, or run ANALYZE after erasures: as long as the planner's statistics show a value, the proof is not
// clean. Say how long backups live. What [Prover.Collect] returns is personal: dsar's requests keep it under their seal until they are closed. A proof reads the whole database: run it when there is time for that. On SQLite it
// vacuums the file, which writes all of it anew, unless Options.KeepFiles is set.
package proof
