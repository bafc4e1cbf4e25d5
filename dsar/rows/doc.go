// Package rows says which rows of a database are a person's, in SQL, on Postgres and SQLite: what an export reads, an erasure removes and
// a proof looks through.
//
//	r, err := rows.New(compiled, db.Dialect())
//	who, err := r.Resolve(ctx, db, dsar.Person{Kind: "user", Known: map[string][]string{"email": {"a@example.com"}}})
//	cond, ok := who.Where("ticket", rows.Owned) // false: none can be
//	db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
//		_, err := tx.ExecContext(ctx, tx.Rebind("DELETE FROM ticket AS t WHERE "+cond.SQL), cond.Args...)
//		...
//	})
//
// # Parts
//
// A way from a row to a person goes over links, and ends at the first row of a subject's table that it comes to: what belongs to whom
// somebody invited is not the inviter's. It is as strong as the weakest of its links, and the row is what the strongest of its ways makes it. So each row is in at most one of [Owned], [CoOwned], [Accessed] and [Mentioned]; who is in none has nothing to do with the row.
// [Mine] is the first two, in which the row itself is the person's. Of these, a row is [Shared] if another person reaches it as owner or co-owner:
//
//	Erased   Mine, and nobody else's, or DeleteForAll: Table.Erase says what becomes of it
//	Stays    Mine, and another's as well, under LastOwnerWins or RedactMine: their links are cut
//
// Another person is another row of the subject's table, a row of another kind's, or, of a kind without a table, another value of an identifier.
//
// # What is promised
//
// Conditions are nested semijoins: however many rows lead to others, there is no placeholder a row. They compare columns as they are, so that
// the indexes that dsar.Verify asks for are used; what has to be cast is cast at the other side. Each table in them that has a tenant
// column is compared with the tenant that [Rows.Resolve] was called for, beside what row-level security does; without a tenant nothing
// is resolved, and a [Selection] is refused in the context of another one.
//
// Values that identify a person are compared as their dsar.Form says: the spellings that are in the database are looked for by
// Resolve, among all that is in the columns that hold them, and conditions compare with those.
//
// Rows are streamed as the database has them, in constant memory. On Postgres they come as the server writes them, around database/sql.
//
// # Limits
//
// A Selection knows the person's row, and the spellings, as they were when it was made: resolve again for what came later. What other
// people go by is compared in small letters, without what follows a +, and byte by byte beyond ASCII, unless the person goes by it as well.
//
// Who is named in a text or in a file is not linked: [Selection.Named] finds texts for people to look at, package proof what is left.
//
// A path into a column of Postgres that is of type text is an error where a row holds no JSON; on SQLite such a row holds nothing. On Postgres,
// row-level security keeps indexes from being used for JSON and arrays. So does a table that was filled a moment ago and that ANALYZE has not
// seen, and a link without an index: then one statement may take very long. Names with a question mark in them are refused.
//
// # What you must do yourself
//
// Give what a person was called before: nobody else knows. Run dsar.Verify, which says which index is missing and whether the types of the
// map are those of the database: conditions are made from the map. Let the role that connects see all rows of the tenant: a policy of your own that
// hides some of them hides them here too.
package rows
