package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/auditsql"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/internal/pgserver"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"golang.org/x/mod/sumdb/note"
)

// durablePostgres returns a database on a server that syncs every commit to the disk, as the one for tests does not.
func durablePostgres(b *testing.B) *dbtest.PG {
	b.Helper()
	s, err := pgserver.Start(context.Background(), folder(b), "fsync=on", "synchronous_commit=on", "full_page_writes=on")
	if errors.Is(err, pgserver.ErrNotInstalled) {
		b.Skip("no Postgres here")
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Stop(); err != nil {
			b.Error(err)
		}
	})
	return dbtest.PostgresOn(b, s.DSN(pgserver.Superuser, "postgres"))
}

// auditWorld is a Postgres database with the tables of our log, those of what it is compared with, and two tenants. Most
// is done as that of ctx.
type auditWorld struct {
	*pgWorld
	ctx, other context.Context
}

// Tables of the others. Those in auditGuarded are under row-level security, as ours are.
const auditOthers = `
CREATE TABLE row_plain (tenant_id text COLLATE "C" NOT NULL, seq bigint GENERATED ALWAYS AS IDENTITY, action text NOT NULL,
	actor text NOT NULL, at timestamptz NOT NULL, body bytea NOT NULL, PRIMARY KEY (tenant_id, seq));
CREATE TABLE row_guarded (LIKE row_plain INCLUDING ALL);
CREATE TABLE chain_locked (tenant_id text COLLATE "C" NOT NULL, seq bigint NOT NULL, prev bytea NOT NULL, hash bytea NOT NULL,
	action text NOT NULL, actor text NOT NULL, at timestamptz NOT NULL, body bytea NOT NULL, PRIMARY KEY (tenant_id, seq));
CREATE TABLE chain_event (LIKE chain_locked INCLUDING ALL);
CREATE TABLE chain_head (tenant_id text COLLATE "C" NOT NULL PRIMARY KEY, size bigint NOT NULL, hash bytea NOT NULL) WITH (fillfactor = 50);
CREATE TABLE business (tenant_id text COLLATE "C" NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY, body text NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE TABLE person_row (tenant_id text COLLATE "C" NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY, actor text, name text, agent text,
	body bytea NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE INDEX ON person_row (tenant_id, actor)`

var auditGuarded = []string{"row_guarded", "chain_event", "chain_head", "business"}

func newAuditWorld(tb testing.TB, pg *dbtest.PG) *auditWorld {
	tb.Helper()
	w := &auditWorld{pgWorld: &pgWorld{PG: pg}, ctx: tenantContexts(2)[0], other: tenantContexts(2)[1]}
	setUp(tb, pg, "one", 2)
	cfg, err := pgx.ParseConfig(pg.Owner.DSN)
	if err != nil {
		tb.Fatal(err)
	}
	owner := stdlib.OpenDB(*cfg)
	defer owner.Close()
	if err := auditsql.Migrate(context.Background(), owner, pg.App.Role, pg.System.Role); err != nil {
		tb.Fatal(err)
	}
	w.exec(tb, pg.Owner.DSN, auditOthers)
	w.exec(tb, pg.Owner.DSN, "INSERT INTO chain_head VALUES ('"+tenantName(0)+"', 0, '')")
	w.exec(tb, pg.Owner.DSN, guards(tb, pg, auditGuarded...))
	w.exec(tb, pg.Owner.DSN, "GRANT SELECT, INSERT, UPDATE ON row_plain, chain_locked, person_row TO "+pg.App.Role)
	return w
}

// open opens the database as an application with conns connections does.
func (w *auditWorld) open(tb testing.TB, conns int) *postgres.DB {
	tb.Helper()
	sys := openSystem(tb, w.PG)
	tb.Cleanup(sys.Close)
	db, err := postgres.New(context.Background(), pool(tb, w.App.DSN, conns, nil), benchKeys, postgres.WithSystem(sys))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db
}

// auditFiles opens a folder of SQLite files with our log, synced at every commit, and returns it with its tenant's context.
func auditFiles(tb testing.TB) (*tenantdb.DB, context.Context) {
	tb.Helper()
	steps, err := sqlite.ReadMigrations("audit", auditsql.SQLite())
	if err != nil {
		tb.Fatal(err)
	}
	system, err := sqlite.ReadMigrations("audit", auditsql.SQLiteSystem())
	if err != nil {
		tb.Fatal(err)
	}
	o := sqlite.Options{Migrations: steps, SystemMigrations: system, SystemAudit: func(context.Context, tenancy.Act) error { return nil }}
	dir, ctxs := ourFiles(tb, 1, o)
	files := openFiles(tb, dir, o)
	tb.Cleanup(func() { files.Close() })
	return files.TenantDB(), ctxs[0]
}

// openLog opens our log in db. The last verifies what it signs.
func openLog(tb testing.TB, db *tenantdb.DB) (*audit.Log, *auditsql.Store, note.Verifier) {
	tb.Helper()
	store, err := auditsql.New(db)
	if err != nil {
		tb.Fatal(err)
	}
	log, key := openLogOver(tb, store)
	return log, store, key
}

const auditOrigin = "bench.example/audit"

// The key of all logs: with one of its own each, a log that is opened again would record that its key was changed.
var auditSigner, auditVerifier = func() (note.Signer, note.Verifier) {
	secret, public, err := note.GenerateKey(rand.Reader, auditOrigin)
	if err != nil {
		panic(err)
	}
	signer, err := audit.NewSigner(secret)
	if err != nil {
		panic(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		panic(err)
	}
	return signer, verifier
}()

// openLogOver opens our log over any store.
func openLogOver(tb testing.TB, store audit.Store) (*audit.Log, note.Verifier) {
	tb.Helper()
	key, err := tenancy.NewKey("a1", bytes.Repeat([]byte("audit"), 8))
	if err != nil {
		tb.Fatal(err)
	}
	log, err := audit.Open(context.Background(), store, audit.Options{Origin: auditOrigin, Signer: auditSigner, Key: key})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := log.Close(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return log, auditVerifier
}
