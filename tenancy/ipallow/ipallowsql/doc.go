// Package ipallowsql keeps the policies of package ipallow in a tenant's database, SQLite or Postgres.
//
//	store, err := ipallowsql.New(db, "admin")
//	guard, err := ipallow.NewGuard(store, ipallow.Options{})
//
// A tenant has one policy a portal, and each portal's is a [Store] of its own: "admin" can be restricted
// while "shop" is open.
//
// The table holds tenants apart as every table of the library does: on Postgres by forced row-level
// security, set up by [Migrate]; on SQLite by being in the tenant's file, whose migrations are [SQLite].
// A tenant that the database refuses (unknown, suspended, purged, moved away) has no policy that could
// be read, and so a guard refuses it.
//
// A [Store] joins the transaction that its context carries: a change and its audit event commit together
// or not at all. Call Guard.Invalidate after such a commit.
package ipallowsql
