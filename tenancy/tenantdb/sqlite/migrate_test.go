package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

var (
	colour = sqlite.Migration{ID: "test/2", SQL: "ALTER TABLE note ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'"}
	audit  = sqlite.Migration{ID: "audit/1", Func: func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, "CREATE TABLE event (id INTEGER PRIMARY KEY, what TEXT)")
		return err
	}}
)

func TestAFileIsMigratedWhenItIsNextOpened(t *testing.T) {
	t.Parallel()
	dir, _, _ := closed(t, sqlite.Options{Migrations: notes})
	// A step that another package's list brings comes before one that the file has seen.
	db := open(t, dir, sqlite.Options{Migrations: []sqlite.Migration{audit, notes[0], colour}})
	require.NoError(t, exec(db, globex, "INSERT INTO event (what) SELECT colour FROM note"))
	require.NoError(t, db.TenantDB().Read(in(globex), func(ctx context.Context, tx *sqlx.Tx) error {
		var ids []string
		require.NoError(t, tx.SelectContext(ctx, &ids, "SELECT id FROM tenancy_migration ORDER BY id"))
		require.Equal(t, []string{"audit/1", "test/1", "test/2"}, ids)
		return nil
	}))
	require.NoError(t, db.Close())

	older := open(t, dir, sqlite.Options{Migrations: notes})
	require.ErrorIs(t, exec(older, globex, "DELETE FROM note"), tenantdb.ErrSchema)
	require.NoError(t, exec(older, acme, "DELETE FROM note"), "only opened files were migrated")
}

func TestAProgramThatIsBehindTheFileIsRefusedWhileItHasItOpen(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	older := open(t, dir, sqlite.Options{Migrations: notes})
	provision(t, older, acme)
	read, write := tries(older)
	require.NoError(t, errors.Join(read, write))
	newer := open(t, dir, sqlite.Options{Migrations: append(notes[:1:1], colour)})
	read, write = tries(newer)
	require.NoError(t, errors.Join(read, write))
	read, write = tries(older)
	require.ErrorIs(t, read, tenantdb.ErrSchema)
	require.ErrorIs(t, write, tenantdb.ErrSchema)
}

func TestAMigrationThatFailsLeavesTheFileAsItWas(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for name, bad := range map[string]sqlite.Migration{
		"sql":   {ID: "test/3", SQL: "CREATE TABLE half (a); INSERT INTO nowhere VALUES (1)"},
		"func":  {ID: "test/3", SQL: "CREATE TABLE half (a)", Func: func(context.Context, *sqlx.Tx) error { return boom }},
		"keys":  {ID: "test/3", SQL: "CREATE TABLE half (a REFERENCES note); INSERT INTO half VALUES (99)"},
		"quits": {ID: "test/3", SQL: "CREATE TABLE half (a); COMMIT; INSERT INTO nowhere VALUES (1)"},
	} {
		dir, _, file := closed(t, sqlite.Options{Migrations: notes})
		db := open(t, dir, sqlite.Options{Migrations: append(notes[:1:1], colour, bad)})
		require.Error(t, exec(db, globex, "DELETE FROM note"), name)
		require.NoError(t, db.Close())
		if name == "quits" {
			continue // a migration that commits by itself is its author's; it must not be recorded as done
		}
		again := open(t, dir, sqlite.Options{Migrations: append(notes[:1:1], colour)})
		require.NoError(t, exec(again, globex, "UPDATE note SET colour = 'blue'"), name)
		require.Error(t, exec(again, globex, "SELECT * FROM half"), name)
		require.FileExists(t, file)
	}
}

func TestAMigrationChangedUnderItsOldNameIsRefused(t *testing.T) {
	t.Parallel()
	opts := sqlite.Options{Migrations: notes, SystemMigrations: []sqlite.Migration{{ID: "sys/1", SQL: "CREATE TABLE plan (name TEXT);\n"}}}
	dir, _, _ := closed(t, opts)
	changed := []sqlite.Migration{notes[0]}
	for _, change := range []func(m *sqlite.Migration){
		func(m *sqlite.Migration) { m.SQL += "; CREATE TABLE secret_4711 (a)" },
		func(m *sqlite.Migration) { m.Func = func(context.Context, *sqlx.Tx) error { return errors.New("ran") } },
	} {
		changed[0] = notes[0]
		change(&changed[0])
		db := open(t, dir, sqlite.Options{Migrations: append(changed, colour), SystemMigrations: opts.SystemMigrations})
		err := exec(db, globex, "SELECT 1")
		require.ErrorIs(t, err, tenantdb.ErrSchema)
		require.ErrorContains(t, err, `"test/1" was changed`)
		require.NotContains(t, err.Error(), "4711")
		var fleet *sqlite.FleetError
		require.ErrorAs(t, db.Migrate(context.Background(), 1, nil), &fleet)
		require.Len(t, fleet.Failed, 2)
		require.ErrorIs(t, fleet.Failed["globex"], tenantdb.ErrSchema)
		require.NoError(t, db.Close())
	}
	_, err := sqlite.Open(dir, sqlite.Options{SystemMigrations: []sqlite.Migration{{ID: "sys/1", SQL: "CREATE TABLE plan (name INT);\n"}}})
	require.ErrorIs(t, err, tenantdb.ErrSchema)

	opts.SystemMigrations[0].SQL = "CREATE TABLE plan (name TEXT);\r\n" // checked out on another system
	db := open(t, dir, opts)
	require.NoError(t, exec(db, globex, "INSERT INTO note (body) VALUES ('untouched')"))
	require.Error(t, exec(db, globex, "SELECT colour FROM note"))
}

func TestTheFleetIsMigratedPastTheFilesThatFail(t *testing.T) {
	t.Parallel()
	const tenants = 30
	dir := tempDir(t)
	db, err := sqlite.Open(dir, sqlite.Options{Migrations: notes, Sync: sqlite.SyncNormal})
	require.NoError(t, err)
	var ids []tenancy.ID
	for i := range tenants {
		id := tenancy.MustParseID(fmt.Sprintf("t%d", i))
		ids = append(ids, id)
		provision(t, db, id)
		require.NoError(t, exec(db, id, "INSERT INTO note (body) VALUES (?)", fmt.Sprint(i)))
	}
	require.NoError(t, db.SetState(context.Background(), tenancy.Tenant{ID: ids[0], State: tenancy.Suspended, Epoch: 1}))
	require.NoError(t, db.Close())
	broken := only(t, dir)
	require.NoError(t, os.WriteFile(broken, []byte("damaged damaged damaged damaged damaged damaged damaged damaged damaged damaged damaged damaged"), 0o600))

	// A step that tenant 7's data makes fail.
	var ran atomic.Int32
	step := sqlite.Migration{ID: "test/2", Func: func(ctx context.Context, tx *sqlx.Tx) error {
		ran.Add(1)
		_, err := tx.ExecContext(ctx, "CREATE TABLE more AS SELECT * FROM note; CREATE TABLE strict (a INT CHECK (a <> 7)); INSERT INTO strict SELECT body FROM note")
		return err
	}}
	db = open(t, dir, sqlite.Options{Migrations: append(notes[:1:1], step), Sync: sqlite.SyncNormal})
	ctx, cancel := context.WithCancel(context.Background())
	seen := 0
	err = db.Migrate(ctx, 2, func(p sqlite.Progress) {
		seen++
		require.Equal(t, seen, p.Done)
		require.Equal(t, tenants, p.Total)
		if seen == 10 {
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, seen, tenants)

	var fleet *sqlite.FleetError
	failures := 0
	err = db.Migrate(context.Background(), 2, func(p sqlite.Progress) {
		if p.Err != nil {
			failures++
		}
	})
	require.ErrorAs(t, err, &fleet)
	require.Equal(t, 2, failures)
	require.Len(t, fleet.Failed, 2)
	require.Error(t, fleet.Failed["t7"])
	require.LessOrEqual(t, int(ran.Load()), tenants+2, "files were migrated twice")
	for i, id := range ids {
		var n int
		err := db.TenantDB().Read(in(id), func(ctx context.Context, tx *sqlx.Tx) error {
			return tx.GetContext(ctx, &n, "SELECT count(*) FROM more")
		})
		switch {
		case i == 0:
			require.ErrorIs(t, err, tenancy.ErrNotActive)
		case i == 7 || errors.Is(err, sqlite.ErrCorrupt):
			require.Error(t, err)
		default:
			require.NoError(t, err)
			require.Equal(t, 1, n)
		}
	}
}

func TestEachVisitsEveryTenantThatMayBeRead(t *testing.T) {
	t.Parallel()
	var reasons []string
	db := open(t, tempDir(t), sqlite.Options{Migrations: notes, SystemAudit: func(_ context.Context, a tenancy.Act) error { reasons = append(reasons, a.Reason); return nil }})
	provision(t, db, acme, globex, tenancy.MustParseID("initech"))
	set(t, db, tenancy.Suspended)
	seen := map[string]bool{}
	require.NoError(t, db.Each(in(acme), "count notes", func(ctx context.Context, id tenancy.ID) error {
		seen[id.String()] = true
		return db.TenantDB().Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO note (body) VALUES (?)", id)
			return err
		})
	}))
	require.Equal(t, map[string]bool{"globex": true, "initech": true}, seen)
	require.Equal(t, []string{"count notes"}, reasons)
	require.ErrorIs(t, open(t, tempDir(t), sqlite.Options{}).Each(context.Background(), "x", nil), tenantdb.ErrNoSystem)
}

func TestReadMigrationsTakesTheUpHalfOfGooseFiles(t *testing.T) {
	t.Parallel()
	steps, err := sqlite.ReadMigrations("app", fstest.MapFS{
		"00002_more.sql": {Data: []byte("ALTER TABLE a ADD COLUMN c;")},
		"00001_a.sql":    {Data: []byte("-- +goose Up\n-- +goose StatementBegin\nCREATE TABLE a (b);\n-- +goose StatementEnd\n-- +goose Down\nDROP TABLE a;\n")},
		"README.md":      {},
	})
	require.NoError(t, err)
	require.Len(t, steps, 2)
	require.Equal(t, "app/00001_a", steps[0].ID)
	require.NotContains(t, steps[0].SQL, "DROP")
	db := open(t, tempDir(t), sqlite.Options{Migrations: steps})
	provision(t, db, acme)
	require.NoError(t, exec(db, acme, "INSERT INTO a (b, c) VALUES (1, 2)"))
	_, err = sqlite.ReadMigrations("app", fstest.MapFS{})
	require.Error(t, err)
	one := fstest.MapFS{"1.sql": {Data: []byte("CREATE TABLE one (a);")}}
	all, err := sqlite.ReadDoors(map[string]fs.FS{"vault": one, "audit": one})
	require.NoError(t, err)
	require.Equal(t, []string{"audit/1", "vault/1"}, []string{all[0].ID, all[1].ID})
	_, err = sqlite.ReadDoors(map[string]fs.FS{"vault": one, "audit": fstest.MapFS{}})
	require.ErrorContains(t, err, "audit")
	for _, bad := range [][]sqlite.Migration{{{ID: "", SQL: "x"}}, {{ID: "a"}}, {steps[0], steps[0]}} {
		_, err := sqlite.Open(tempDir(t), sqlite.Options{Migrations: bad})
		require.Error(t, err)
	}
}

func TestReadMigrationsNeverTakesADownHalf(t *testing.T) {
	t.Parallel()
	for _, down := range []string{"-- +goose Down", "-- +goose down", "--+goose Down", "-- +goose  DOWN --", "\t-- +goose Down\r"} {
		steps, err := sqlite.ReadMigrations("app", fstest.MapFS{"1.sql": {Data: []byte("-- +goose Up\nCREATE TABLE a (b);\n" + down + "\nDROP TABLE a;\n")}})
		require.NoError(t, err, down)
		require.NotContains(t, steps[0].SQL, "DROP", down)
		require.Contains(t, steps[0].SQL, "CREATE", down)
	}
	for _, other := range []string{"-- +goose NO TRANSACTION", "-- +goose ENVSUB ON", "-- +goose Dwon"} {
		_, err := sqlite.ReadMigrations("app", fstest.MapFS{"1.sql": {Data: []byte(other + "\nCREATE TABLE a (b);\n")}})
		require.ErrorContains(t, err, "app/1.sql", other)
	}
}

func TestAMigrationThatPanicsDoesNotKeepTheTenant(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	provision(t, open(t, dir, sqlite.Options{Migrations: notes}), acme)
	ends := []func(){func() { panic("boom") }, runtime.Goexit, func() {}}
	var run int
	db := open(t, dir, sqlite.Options{MaxOpen: 1, Migrations: append(notes[:1:1], sqlite.Migration{ID: "test/2",
		Func: func(ctx context.Context, tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO note (body) VALUES ('of the migration')")
			ends[run]()
			return err
		}})})
	for run = range ends {
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer func() { _ = recover() }()
			_ = exec(db, acme, "SELECT 1")
		}()
		<-done
	}
	require.Equal(t, []string{"of the migration"}, bodies(t, db, acme))
}
