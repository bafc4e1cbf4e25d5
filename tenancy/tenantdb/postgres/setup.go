package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/bailiwick-dev/bailiwick/internal/migrate"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

//go:embed migrations/*.sql
var migrations embed.FS

// schemaVersion is the version of schema tenancy that this code works with: of the newest migration.
const schemaVersion = 1

// setupLock is the advisory lock of whoever runs Setup: grants, too, do not bear company.
const setupLock int64 = 7233150837425263456

const versionTable = "tenancy.goose_db_version"

// SetupOptions say what [Setup] prepares a database for.
type SetupOptions struct {
	// AppRole is the role that the application logs in as. It must be able to log in and own
	// nothing; Setup grants it the use of schema tenancy and takes TEMPORARY and CREATE away from it
	// and from PUBLIC.
	AppRole string
	// SystemRole is the role of work that crosses tenants. It must have BYPASSRLS. Empty: there is
	// none, and nobody but the owner can add a tenant.
	SystemRole string
	// Keys are the signing keys the database accepts from now on.
	Keys tenancy.Keys
	// Shard and Region name this database: give it a name from the start if there may ever be a second
	// one. They never change once set: a database that was set up under others is refused.
	Shard  string
	Region tenancy.Region
}

// Setup makes schema tenancy in the database of conn, or brings it up to date, and grants the roles
// what they need of it. conn is logged in as the owner of the database, directly and not through a
// pooler. Setup may be repeated, and run by several processes at once. It answers
// [tenantdb.ErrSchema] if the schema is newer than this code, [tenancy.ErrWrongRegion] if the database was
// set up in another region, and [tenantdb.ErrUnsafe] if it was set up as another shard, a role is not
// fit for its part, or a key has the id of an installed one but not its secret.
//
// A database that was set up without a name can be given one, once, before it holds tenants that are pinned
// to a region; processes that have it open must then be started anew, because scopes are signed for the
// name.
func Setup(ctx context.Context, conn *pgx.Conn, o SetupOptions) error {
	keys, err := rowsOf(o.Keys, o.Shard)
	if err != nil {
		return err
	}
	if o.AppRole == "" || o.AppRole == o.SystemRole {
		return errors.New("tenantdb/postgres: Setup needs an AppRole, and a SystemRole that is not the same")
	}
	// Roles that are missing or not fit leave no trace.
	if err := alone(ctx, conn, func(tx pgx.Tx) error { return checkRoles(ctx, tx, o) }); err != nil {
		return err
	}
	if err := makeSchema(ctx, conn.Config()); err != nil {
		return err
	}
	return alone(ctx, conn, func(tx pgx.Tx) error {
		renamed, err := nameShard(ctx, tx, o.Shard, string(o.Region))
		if err != nil {
			return err
		}
		if err := grant(ctx, tx, o); err != nil {
			return err
		}
		if !renamed {
			if err := sameSecrets(ctx, tx, keys); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, installKeysSQL, keys.tags, keys.ipads, keys.opads)
		return translate(err)
	})
}

// alone runs fn in a transaction while no other Setup is at work.
func alone(ctx context.Context, conn *pgx.Conn, fn func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, setupLock); err != nil {
			return translate(err)
		}
		return fn(tx)
	})
}

func makeSchema(ctx context.Context, cfg *pgx.ConnConfig) error {
	db := stdlib.OpenDB(*cfg)
	defer db.Close()
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	err = migrate.Up(ctx, db, migrate.Schema{
		Steps: dir, Versions: versionTable, Lock: setupLock, Before: `CREATE SCHEMA IF NOT EXISTS tenancy`, Newer: tenantdb.ErrSchema,
	})
	if err != nil {
		return fmt.Errorf("tenantdb/postgres: %w", translate(err))
	}
	return nil
}

// nameShard records what this database is, or finds that it is something else. It reports whether a database
// that had no name was given one.
func nameShard(ctx context.Context, tx pgx.Tx, shard, region string) (renamed bool, err error) {
	_, err = tx.Exec(ctx, `INSERT INTO tenancy.shard (name, region) VALUES ($1, $2) ON CONFLICT (one) DO NOTHING`, shard, region)
	if err != nil {
		return false, translate(err)
	}
	tag, err := tx.Exec(ctx, `UPDATE tenancy.shard SET name = $1, region = $2 WHERE (name, region) = ('', '') AND (name, region) <> ($1, $2)`, shard, region)
	if err != nil {
		return false, translate(err)
	}
	var isShard, isRegion string
	if err := tx.QueryRow(ctx, `SELECT name, region FROM tenancy.shard`).Scan(&isShard, &isRegion); err != nil {
		return false, translate(err)
	}
	switch {
	case isRegion != region:
		return false, fmt.Errorf("%w: the database was set up in region %q, not %q", tenancy.ErrWrongRegion, isRegion, region)
	case isShard != shard:
		return false, unsafe([]string{fmt.Sprintf("the database was set up as shard %q, not %q; the name never changes", isShard, shard)})
	}
	return tag.RowsAffected() > 0, nil
}

// sameSecrets refuses keys that would replace an installed one under its own id: processes that sign with
// that one would be refused all at once. [System.RotateKeys] is for those who mean it.
func sameSecrets(ctx context.Context, tx pgx.Tx, keys keyRows) error {
	var other bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM tenancy.key k JOIN unnest($1::text[], $2::bytea[]) u(tag, ipad) ON k.tag = u.tag
		WHERE k.ipad <> u.ipad)`, keys.tags, keys.ipads).Scan(&other)
	if err == nil && other {
		return unsafe([]string{"a key of the same id is installed with another secret: give a new key a new id"})
	}
	return translate(err)
}

// grant gives the roles what they need of schema tenancy, and nobody anything else.
func grant(ctx context.Context, tx pgx.Tx, o SetupOptions) error {
	all := quote(o.AppRole)
	if o.SystemRole != "" {
		all += ", " + quote(o.SystemRole)
	}
	sql := []string{
		`REVOKE ALL ON SCHEMA tenancy FROM PUBLIC, ` + all,
		`REVOKE ALL ON ALL TABLES IN SCHEMA tenancy FROM PUBLIC, ` + all,
		`REVOKE ALL ON ALL FUNCTIONS IN SCHEMA tenancy FROM PUBLIC, ` + all,
		`GRANT USAGE ON SCHEMA tenancy TO ` + all,
		`GRANT EXECUTE ON FUNCTION tenancy.id(), tenancy.claimed(), tenancy.about(), tenancy.leaving(text) TO ` + all,
	}
	if o.SystemRole != "" {
		sys := quote(o.SystemRole)
		sql = append(sql,
			`GRANT SELECT, INSERT, UPDATE ON tenancy.tenant TO `+sys,
			`GRANT SELECT ON tenancy.shard TO `+sys,
			`GRANT EXECUTE ON FUNCTION tenancy.install_keys(text[], bytea[], bytea[]), tenancy.fence_key(text) TO `+sys)
	}
	_, err := tx.Exec(ctx, strings.Join(sql, ";\n"))
	return translate(err)
}

// checkRoles finds roles that isolation would not hold for, once what can be taken away from them is.
func checkRoles(ctx context.Context, tx pgx.Tx, o SetupOptions) error {
	var db string
	var missing, schemas []string
	err := tx.QueryRow(ctx, `SELECT current_database()::text,
		ARRAY(SELECT 'role ' || r || ' does not exist' FROM unnest($1::text[]) r
			WHERE r <> '' AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = r)),
		ARRAY(SELECT nspname::text FROM pg_catalog.pg_namespace WHERE nspname IN ('public', 'tenancy'))`,
		[]string{o.AppRole, o.SystemRole}).Scan(&db, &missing, &schemas)
	if err != nil {
		return translate(err)
	}
	if len(missing) > 0 {
		return unsafe(missing)
	}
	app := quote(o.AppRole)
	sql := `REVOKE TEMPORARY, CREATE ON DATABASE ` + quote(db) + ` FROM PUBLIC, ` + app
	for _, s := range schemas {
		sql += `; REVOKE CREATE ON SCHEMA ` + quote(s) + ` FROM PUBLIC, ` + app
	}
	if _, err := tx.Exec(ctx, sql); err != nil {
		return translate(err)
	}
	reasons, err := roleFaults(ctx, tx, o.AppRole)
	if err != nil {
		return err
	}
	if o.SystemRole != "" {
		var bypasses bool
		err := tx.QueryRow(ctx, `SELECT rolbypassrls OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = $1`, o.SystemRole).Scan(&bypasses)
		if err != nil {
			return translate(err)
		}
		if !bypasses {
			reasons = append(reasons, "the system role lacks BYPASSRLS: it would see nothing")
		}
	}
	return unsafe(reasons)
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
