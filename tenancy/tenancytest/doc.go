// Package tenancytest attacks an application's own schema as one tenant after
// the rows of another, and breaks it on purpose to show that the attacks and
// the inspector of tenancy/rls would notice.
//
//	func attackShop(t *testing.T, keys tenancy.Keys) {
//		db, err := postgres.Open(t.Context(), "postgres://app:secret@localhost:5432/shop_test", keys)
//		if err != nil {
//			t.Fatal(err)
//		}
//		defer db.Close()
//		acme, bell := tenancy.MustParseID("acme"), tenancy.MustParseID("bell") // provisioned and active
//		tenancytest.Attack(t, tenancytest.Target{DB: db.TenantDB(), A: acme, B: bell})
//	}
//
// # What Attack tries
//
// On Postgres it reads the catalogue for the tables that have the tenant column and for the views and
// functions that the application's role may use, makes rows for both tenants where there are none, and tries as A,
// in transactions that are rolled back:
//
//   - read.*: B's rows by scan, key, join, subquery, aggregate, cursor, COPY, lock, error message; through views,
//     materialized views and functions (called with both tenants' values); and whether anything A sees
//     changes when B inserts rows (read.interference)
//   - write.*: to insert into B, to change, delete, take over or move rows, with and without a condition,
//     by ON CONFLICT, MERGE, TRUNCATE, setval, views and functions
//   - forge.*: to set the tenant scope, and every setting a policy or function names, to what a policy
//     might believe, in the statements and between them
//   - oracle.*, cascade.*: to learn of B's rows by unique, exclusion and foreign keys, and to touch them by ON DELETE
//   - alter.*, role.*, create.*: to change the schema, to become another role, to leave functions behind
//   - residue.*: what A leaves on a connection (settings, temporary tables, cursors, locks, LISTEN,
//     sequences) for B to find; this is committed, as it must be
//
// On SQLite, where a tenant is a file, it tries to leave A's file by SQL text: file.*.
//
// # Promises
//
// An attack counts as having run only if the database answered it: one that could not be tried is in
// Report.Skipped with the reason. A table without rows of B, tenants of two Postgres databases, and a run in
// which nothing was tried, are errors.
// What is reported succeeded; the kit does not accuse by the look of a catalogue, with one exception: a
// materialized view over tenant tables that the role may read, which no policy can guard. No error
// or report holds the content of a row.
//
// # Limits
//
// It shows that these attacks fail on this schema with these rows, not that none can succeed: use the
// inspector of tenancy/rls beside it, which reads what cannot be tried. [Mutate] says what both are
// worth on a schema. Not tried, because row-level security does not claim to prevent it: time, EXPLAIN's
// row estimates, gaps in shared sequences, LOCK TABLE, NOTIFY, large objects, and what the server's logs and
// pg_stat_activity show to roles that may read them. Prepared statements made by SQL's PREPARE stay on
// a connection, with the values in their text.
//
// # What you do yourself
//
// Use a database for tests. Name functions with effects outside of the database in Target.Except. Give
// the Target a Seed where rows cannot be made from types, foreign keys and checks.
package tenancytest
