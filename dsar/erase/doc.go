// Package erase takes people out of a database, as the map of package dsar says: rows go, are masked, are kept for a reason, stay for their
// other owners, and links to the person are cut from other people's rows.
//
//	journal, err := dsarsql.NewJournal(db)              // db is a *tenantdb.DB
//	e, err := erase.New(db, compiled, journal, erase.Options{Held: service.Held})
//	plan, err := e.Plan(ctx, person)                    // what would happen: counts, no values
//	done, err := e.Erase(ctx, dsar.Job{ID: "r-7", Person: person, Approved: plan.Hash})
//
// # How it goes
//
// First the keys of rows are noted: of those that stay, of those whose links are cut, and of those that go whose way to the person is broken before
// their turn. Then links to what goes are cut from the rows that stay, other people's and the person's own, and foreign keys of cycles
// from those that go; where none may be null, the rows of a cycle go in one statement. Then each table has its turn, the rows that
// others lead to last, in batches that commit: a batch's rows and what the journal says of them are in one transaction. At the
// end one transaction locks the person's row, looks for all that came meanwhile, and takes that and the row itself. Then derived tables are made again, and the person's key is shredded.
//
// Where all that somebody has goes, foreign keys say ON DELETE CASCADE, and there are at most twenty batches of rows, they go with the
// person's row, and are counted, in one transaction. Elsewhere no foreign key takes rows along that the map says something else of.
//
// # What is promised
//
// Call Erase again with the same job after any error, or a crash at any moment: it goes on, and the end and the counts are those of an
// erasure that nothing interrupted. A job is one worker's at a time. A job that is done returns what it did.
//
// What is done is what was approved: see [Eraser.Plan] for what may differ. A row that was made under the person's key after theirs was
// removed is another person's: the job stops with dsar.ErrPlan. It is told by the columns that say when it was made (created_at and
// the like), or else by the identifiers.
//
// No row of another person or tenant changes, but for links to the person. Rows that are written meanwhile are found. Rows that are about to go
// are locked first, so that foreign keys refuse who would write more. Without foreign keys nobody does: see below.
//
// A hold that is placed midway wins at the next batch: dsar.ErrHeld, with what was done so far. Erase goes on when it is released.
//
// Masked values fit their columns, whatever is unique, NOT NULL, of a width, or an address. A Pseudonym is random: the same wherever this
// person's value stood, and nobody can work it out or find it again, for the job's salt is destroyed with the job. Where a column is unique
// each row's has an ending of its own. Then: Pseudonym of a link with a foreign key leads to a new row of the person's table that holds nothing of
// anybody.
//
// No key of a row is in the journal when the job is done, or given up ([Eraser.Abandon]), but those of rows that are kept: they go with them ([Eraser.Expire]).
//
// # Limits
//
// Whether a row is shared is decided when its key is noted, or its turn comes. A row that somebody masked has written to again since is not
// masked again. Keys have at most four columns; rows that stay, or whose keys are noted, need a primary key. Inside of
// JSON, rows are changed one by one. Rows of a cycle that nothing breaks are not cut into batches. A check constraint that refuses what a
// masked value becomes is an error, of the database, when its turn comes.
//
// A column with Keep stays as it is in a row that is masked: nothing comes back for it when its end has come. On SQLite, times are
// texts that SQLite's own functions read, or numbers since 1970.
//
// What the database keeps of removed rows is not looked at here: see package proof.
//
// # What you must do yourself
//
// Hide the person first, and end their sessions: undoing an erasure is not hiding them for as long as it can be undone, and nothing here comes back.
// Give the application's role SELECT, UPDATE and DELETE on the tables, for rows are locked; INSERT on the person's for stand-ins. Create the
// indexes that the plan asks for. Call Expire now and then. On Postgres, make derived tables again as their owner (Options.Refresh).
package erase
