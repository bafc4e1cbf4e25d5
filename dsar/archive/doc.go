// Package archive is the format in which people get their data: a ZIP file with each table as JSON Lines and as CSV, pages to read, and a
// signed manifest, encrypted to whom it is for. It is written in one pass, in memory that does not grow with the data.
//
//	w, err := archive.NewWriter(out, archive.Options{Request: id, Title: "Your data", At: at, Info: info, Signer: signer,
//		Recipients: []age.Recipient{recipient}})
//	defer w.Abort()
//	err = w.Table(archive.Table{Name: "ticket", Columns: []archive.Column{{Name: "id", Kind: archive.Integer}, {Name: "subject"}}})
//	err = w.Row([][]byte{[]byte("7"), []byte("hello")}, nil) // as often as there are rows
//	sum, err := w.Close()                                    // only now is it an archive
//
//	r, size, err := archive.Decrypt(file, size, identity)
//	manifest, err := archive.Verify(r, size, verifier)
//
// It knows nothing of databases: package export, which does, is the way in for most.
//
// # The format
//
//	index.html                    what there is, whose it is, and what Art. 15(1) GDPR says people are told
//	data/003-message-0001.jsonl   the rows, one JSON object a line: the exact form, see [Kind]
//	data/003-message-0001.csv     the same rows (RFC 4180, UTF-8), for spreadsheets
//	pages/003-message-0001.html   the first 5,000 rows of a table, for people
//	manifest.json                 every file with its rows, its length and the SHA-256 of its packed bytes: see [Manifest]
//	manifest.sig                  a signed note (golang.org/x/mod/sumdb/note, Ed25519) on the SHA-256 of manifest.json
//
// Files are split at a size, and the data files of a number have the same rows. Names are made of a number and small letters, whatever a
// table is called. Encrypted, the whole is an age file (age-encryption.org/v1).
//
// # What is promised
//
// No byte of an archive can be changed, none can be added and none left out: [Verify] takes the one sequence of bytes that was signed.
// Nothing is unpacked before it is known to be what was signed. Half an archive is none. Unless its maker says Unencrypted, nobody
// reads an archive but its recipients.
//
// What the values hold harms nobody. No cell of a CSV file is a formula, behind no separator that a spreadsheet may use. Pages
// have no script, ask for nothing, and say so to the browser (Content-Security-Policy). No name is a path.
//
// The same rows at the same time make the same archive, as long as it is not encrypted.
//
// # What it cannot do
//
// CSV and pages are views: an apostrophe is put before what could be a formula, NUL and what is not UTF-8 is replaced, long values are
// shortened on pages. JSON Lines has all. Memory is constant but for some 400 bytes a file of the archive, a few times [Options.Split],
// and the longest row; a row has to stay below 4 GiB. Unpacked files are not compared with the manifest's SHA-256, which is of the packed
// ones (they are authenticated before they are unpacked): their CRC-32 is there. A recipient's key that leaks opens what
// was encrypted to it.
//
// # Speed
//
// Rows are written by one goroutine and packed by three. Text is packed by github.com/klauspost/compress at level 1, which was measured
// at more than twice the speed of compress/flate for the same length.
package archive
