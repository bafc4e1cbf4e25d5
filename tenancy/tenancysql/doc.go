// Package tenancysql keeps the directory of tenants in SQL: it is the
// [tenancy.Store] behind a [tenancy.Lifecycle], over Postgres and SQLite.
//
// The directory belongs to no tenant. It lives in the system database: on
// Postgres in schema tenancy_directory, which only the system role may read, on
// SQLite in the file that package tenantdb/sqlite keeps beside the tenants'.
// Every call is system work, so db has to be opened for it: on Postgres with
// postgres.WithSystem, on SQLite with sqlite.Options.SystemAudit. Without it Open
// answers [tenantdb.ErrNoSystem].
//
//	// Postgres: once per release, logged in as the owner of the database
//	err := tenancysql.Migrate(ctx, owner, "app_system")
//	db, err := postgres.Open(ctx, dsn, keys, postgres.WithSystem(system))
//
//	// SQLite: with the other migrations of the system database
//	steps, err := sqlite.ReadMigrations("directory", tenancysql.Migrations(tenantdb.SQLite))
//	db, err := sqlite.Open(dir, sqlite.Options{SystemMigrations: steps, SystemAudit: audit})
//
//	// both
//	store, err := tenancysql.Open(ctx, db.TenantDB())
//	cache := tenancy.NewCache(store, 2*time.Second) // for the gate; cache.Invalidate(id) after each change
//
// A store never runs ahead of its schema or behind it: Open refuses one that
// is older or newer than this release knows.
//
// Times are the database's clock. A store asks the database, and tells the audit
// hook, each time: put a [tenancy.Cache] in front of it where every request looks
// a tenant up, and call Invalidate in every process after a change.
//
// What it leaves to you: one directory for all shards, in a database that is
// backed up. A directory restored from an old backup says what was true then;
// the databases of the tenants refuse what they know better (epochs, purged
// ids), and nothing else notices.
package tenancysql
