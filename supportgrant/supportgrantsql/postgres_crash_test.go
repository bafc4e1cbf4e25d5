package supportgrantsql_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/internal/pgserver"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

type postgresErrand struct {
	Place  door.Place
	Tenant string
	Grant  uuid.UUID
}

// TestAnErrandOfReadingOnPostgres is what the test below starts.
func TestAnErrandOfReadingOnPostgres(t *testing.T) {
	var e postgresErrand
	if !door.Errand(t, &e) {
		return
	}
	s := storeIn(t, onPostgres.At(t, e.Place))
	ctx := tenancy.With(context.Background(), tenancy.MustParseID(e.Tenant))
	readUntilKilled(ctx, s, e.Grant)
}

// withPosts makes the table that page reads.
func withPosts(t *testing.T, w *door.World, tenant tenancy.ID) {
	owner := door.OpenSQL(t, w.PG.Owner.DSN)
	_, err := owner.ExecContext(t.Context(), `CREATE TABLE sgt_post (tenant_id text COLLATE "C" NOT NULL, id bigint NOT NULL, title text, PRIMARY KEY (tenant_id, id))`)
	require.NoError(t, err)
	_, err = owner.ExecContext(t.Context(), `GRANT SELECT ON sgt_post TO `+w.PG.App.Role)
	require.NoError(t, err)
	_, err = owner.ExecContext(t.Context(), `INSERT INTO sgt_post VALUES ($1, 1, 'one')`, tenant.String())
	require.NoError(t, err)
}

// A process that reads is killed at any moment: what it had shown is in the log, and its holds are gone.
func TestWhatAKilledProcessShowedIsInTheLogOnPostgres(t *testing.T) {
	t.Parallel()
	w := onPostgres.OnPostgres(t)
	s, id := storeIn(t, w), w.NewTenant(t)
	ctx := tenancy.With(context.Background(), id)
	withPosts(t, w, id)
	g := live(t, ctx, s, asked(time.Hour))
	inTheLog(t, ctx, s, g.ID, killReaders(t, soakOr(3, 250), "TestAnErrandOfReadingOnPostgres", postgresErrand{w.Place(), id.String(), g.ID}))
	_, err := s.Move(ctx, supportgrant.Move{ID: g.ID, Version: g.Version, From: supportgrant.Approved, To: supportgrant.Withdrawn})
	require.NoError(t, err)
	require.NoError(t, s.Drain(ctx, g.ID))
	require.ErrorIs(t, s.Read(ctx, page(g.ID), nil), supportgrant.ErrNotGranted)
}

// A backend of Postgres is killed, which takes all others with it, while four read: what they had shown is in the log once the server is back.
func TestWhatWasShownWhenABackendIsKilledIsInTheLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755)) // for the user that the server runs as
	server, err := pgserver.Start(context.Background(), dir, "fsync=on", "synchronous_commit=on", "full_page_writes=on", "restart_after_crash=on")
	if errors.Is(err, pgserver.ErrNotInstalled) {
		t.Skip("no Postgres here")
	}
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Stop() })
	pg := dbtest.PostgresOn(t, server.DSN(pgserver.Superuser, "postgres"))
	conn, err := pgx.Connect(t.Context(), pg.Owner.DSN)
	require.NoError(t, err)
	require.NoError(t, postgres.Setup(t.Context(), conn, postgres.SetupOptions{AppRole: pg.App.Role, SystemRole: pg.System.Role, Keys: door.Keys(t)}))
	require.NoError(t, conn.Close(t.Context()))
	require.NoError(t, onPostgres.Migrate(t.Context(), door.OpenSQL(t, pg.Owner.DSN), pg.App.Role, pg.System.Role))
	w := onPostgres.At(t, door.Place{PG: pg})
	s, id := storeIn(t, w), w.NewTenant(t)
	ctx := tenancy.With(context.Background(), id)
	withPosts(t, w, id)
	g := live(t, ctx, s, asked(time.Hour))
	var shown []string
	var mu sync.Mutex
	var readers sync.WaitGroup
	stop, cancel := context.WithCancel(ctx)
	for range 4 {
		readers.Go(func() {
			for stop.Err() == nil {
				r := page(g.ID)
				_ = s.Read(stop, r, func(context.Context, supportgrant.Rows) error { // while the server is down it fails
					mu.Lock()
					defer mu.Unlock()
					shown = append(shown, r.Entry.ID.String())
					return nil
				})
			}
		})
	}
	count := func() int { mu.Lock(); defer mu.Unlock(); return len(shown) }
	backend := func() (pid int) {
		admin, err := pgx.Connect(t.Context(), pg.Admin.DSN)
		if err != nil {
			return 0
		}
		defer admin.Close(context.Background())
		_ = admin.QueryRow(t.Context(), `SELECT pid FROM pg_stat_activity WHERE usename = $1 ORDER BY random() LIMIT 1`, pg.App.Role).Scan(&pid)
		return pid
	}
	rounds := soakOr(2, 200)
	for range rounds {
		had := count()
		require.Eventually(t, func() bool { return count() > had }, time.Minute, time.Millisecond)
		time.Sleep(rand.N(30 * time.Millisecond))
		require.Eventually(t, func() bool {
			pid := backend()
			return pid > 0 && syscall.Kill(pid, syscall.SIGKILL) == nil
		}, time.Minute, 10*time.Millisecond)
	}
	cancel()
	readers.Wait()
	require.Eventually(t, func() bool {
		return backend() >= 0 && s.Read(ctx, page(g.ID), func(context.Context, supportgrant.Rows) error { return nil }) == nil
	}, time.Minute, 20*time.Millisecond)
	inTheLog(t, ctx, s, g.ID, shown)
	t.Logf("%d reads were shown while %d backends were killed", len(shown), rounds)
}
