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
// indexes are used; what has to be cast is cast at the other side. Each table in them that has a tenant column is compared with the tenant
// that [Rows.Resolve] was called for, beside what row-level security does; without a tenant nothing is resolved, and a
// [Selection] is refused in the context of another one.
//
// Values that identify a person are compared as their dsar.Form says: the spellings that are in the database are looked for by
// Resolve, among all that is in the columns that hold them, and conditions compare with those. Rows that come later under yet another
// spelling are found by resolving again.
package rows
