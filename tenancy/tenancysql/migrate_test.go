package tenancysql_test

import (
	"context"
	"sync"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenancysql"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

func TestPostgresIsMigratedOnceByManyAndKnowsItsVersion(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	pg, db, _ := openPostgres(t)
	owner := ownerDB(t, pg)
	_, err := tenancysql.Open(ctx, db)
	require.ErrorIs(t, err, tenantdb.ErrSchema, "nothing is there yet")
	require.Error(t, tenancysql.Migrate(ctx, owner, ""))

	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() { errs[i] = tenancysql.Migrate(ctx, owner, pg.System.Role) })
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	s, err := tenancysql.Open(ctx, db)
	require.NoError(t, err)
	e, err := s.Create(ctx, tenancy.Tenant{ID: tenancy.NewID()})
	require.NoError(t, err)
	require.NoError(t, tenancysql.Migrate(ctx, owner, pg.System.Role))
	got, err := s.Lookup(ctx, e.ID)
	require.NoError(t, err)
	require.Equal(t, e, got)

	admin, err := pgx.Connect(ctx, pg.Admin.DSN)
	require.NoError(t, err)
	defer admin.Close(ctx)
	for _, version := range []int{0, 2} {
		_, err = admin.Exec(ctx, `UPDATE tenancy_directory.version SET version = $1`, version)
		require.NoError(t, err)
		_, err = tenancysql.Open(ctx, db)
		require.ErrorIs(t, err, tenantdb.ErrSchema)
	}
	_, err = admin.Exec(ctx, `INSERT INTO tenancy_directory.goose_db_version (version_id, is_applied) VALUES (99, true)`)
	require.NoError(t, err)
	require.ErrorIs(t, tenancysql.Migrate(ctx, owner, pg.System.Role), tenantdb.ErrSchema, "made by a newer release")
}

func TestTheDirectoryIsNobodysOnPostgres(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	pg, db, _ := openPostgres(t)
	require.NoError(t, tenancysql.Migrate(ctx, ownerDB(t, pg), pg.System.Role))
	s, err := tenancysql.Open(ctx, db)
	require.NoError(t, err)
	_, err = s.Create(ctx, tenancy.Tenant{ID: acme})
	require.NoError(t, err)

	app, err := pgx.Connect(ctx, pg.App.DSN)
	require.NoError(t, err)
	defer app.Close(ctx)
	tables := []string{"tenant", "step", "version"}
	for _, table := range tables {
		_, err = app.Exec(ctx, `SELECT * FROM tenancy_directory.`+table)
		require.ErrorContains(t, err, "permission denied")
	}
	admin, err := pgx.Connect(ctx, pg.Admin.DSN)
	require.NoError(t, err)
	defer admin.Close(ctx)
	_, err = admin.Exec(ctx, `GRANT USAGE ON SCHEMA tenancy_directory TO PUBLIC; GRANT ALL ON ALL TABLES IN SCHEMA tenancy_directory TO PUBLIC`)
	require.NoError(t, err)
	for _, table := range tables {
		n := -1
		require.NoError(t, app.QueryRow(ctx, `SELECT count(*) FROM tenancy_directory.`+table).Scan(&n))
		require.Zero(t, n, "a grant by mistake shows nothing of %s", table)
	}
	_, err = app.Exec(ctx, `INSERT INTO tenancy_directory.version (version) VALUES (9)`)
	require.ErrorContains(t, err, "row-level security")

	require.NoError(t, tenancysql.Migrate(ctx, ownerDB(t, pg), pg.System.Role))
	_, err = app.Exec(ctx, `SELECT * FROM tenancy_directory.tenant`)
	require.ErrorContains(t, err, "permission denied", "the next migration takes the grant back")
	err = db.System(ctx, "test", func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM tenancy_directory.tenant`)
		return err
	})
	require.Error(t, err, "an entry is never deleted")
}

func TestTheSchemaOfSQLiteIsChecked(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	bare := openSQLite(t, t.TempDir(), sqlite.Options{})
	_, err := tenancysql.Open(ctx, tenantdb.New(bare))
	require.ErrorIs(t, err, tenantdb.ErrSchema)

	db := tenantdb.New(openSQLite(t, dir, sqlite.Options{SystemMigrations: directoryMigrations(t)}))
	s, err := tenancysql.Open(ctx, db)
	require.NoError(t, err)
	e, err := s.Create(ctx, tenancy.Tenant{ID: acme})
	require.NoError(t, err)
	again, err := tenancysql.Open(ctx, tenantdb.New(openSQLite(t, dir, sqlite.Options{SystemMigrations: directoryMigrations(t)})))
	require.NoError(t, err)
	got, err := again.Lookup(ctx, acme)
	require.NoError(t, err)
	require.Equal(t, e, got)

	system := func(text string) error {
		return db.System(ctx, "test", func(ctx context.Context, tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, text)
			return err
		})
	}
	require.Error(t, system(`DELETE FROM directory_tenant`), "an entry is never deleted")
	require.NoError(t, system(`UPDATE directory_version SET version = 2`))
	_, err = tenancysql.Open(ctx, db)
	require.ErrorIs(t, err, tenantdb.ErrSchema)
}

func TestADatabaseWithoutSystemWorkHasNoDirectory(t *testing.T) {
	t.Parallel()
	db, err := sqlite.Open(t.TempDir(), sqlite.Options{SystemMigrations: directoryMigrations(t)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err = tenancysql.Open(t.Context(), tenantdb.New(db))
	require.ErrorIs(t, err, tenantdb.ErrNoSystem)
}
