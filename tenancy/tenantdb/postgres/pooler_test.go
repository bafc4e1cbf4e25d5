package postgres_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
)

// pgbouncer starts a PgBouncer in transaction mode, with two server connections, and returns h.App's DSN through it.
func pgbouncer(t testing.TB, h *house) string {
	t.Helper()
	dsn := tryPgbouncer(t, h)
	if dsn == "" {
		t.Skip("pgbouncer is not installed: isolation behind a pooler is not tested")
	}
	return dsn
}

// tryPgbouncer is pgbouncer, or "" where none is installed.
func tryPgbouncer(t testing.TB, h *house) string {
	t.Helper()
	bin, err := exec.LookPath("pgbouncer")
	if err != nil {
		bin = "/usr/sbin/pgbouncer"
	}
	if _, err := os.Stat(bin); err != nil {
		return ""
	}
	server, err := pgx.ParseConfig(h.App.DSN)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := l.Addr().(*net.TCPAddr).Port
	require.NoError(t, l.Close())

	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755)) // for the user it runs as
	ini, users := filepath.Join(dir, "pgbouncer.ini"), filepath.Join(dir, "users.txt")
	require.NoError(t, os.WriteFile(ini, fmt.Appendf(nil, `[databases]
* = host=%s port=%d
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = trust
auth_file = %s
pool_mode = transaction
default_pool_size = 2
max_client_conn = 200
ignore_startup_parameters = extra_float_digits
`, server.Host, server.Port, port, users), 0o644))
	require.NoError(t, os.WriteFile(users, fmt.Appendf(nil, "%q %q\n", h.App.Role, server.Password), 0o644))

	cmd := exec.Command(bin, ini)
	if os.Geteuid() == 0 { // it refuses to run as root
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	u, err := url.Parse(h.App.DSN)
	require.NoError(t, err)
	u.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	u.RawQuery = "sslmode=disable"
	require.Eventually(t, func() bool {
		c, err := pgx.Connect(t.Context(), u.String())
		if err != nil {
			return false
		}
		return c.Close(context.Background()) == nil
	}, wait, 20*time.Millisecond)
	return u.String()
}

// TestPoolerNeverMixesTenants has 16 clients share two server connections, in each mode and each way.
func TestPoolerNeverMixesTenants(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	dsn := pgbouncer(t, h)
	const clients = 16
	ids := make([]tenancy.ID, clients)
	for i := range ids {
		ids[i] = tenancy.MustParseID(fmt.Sprintf("client-%d", i))
		require.NoError(t, h.sys.Provision(deadline(t), tenancy.Tenant{ID: ids[i], State: tenancy.Active, Epoch: 1}))
	}
	h.exec(t, h.Admin.DSN, `INSERT INTO note SELECT id, 1, id FROM tenancy.tenant WHERE id LIKE 'client-%'`)
	const own = `SELECT string_agg(DISTINCT tenant_id, ',') FROM note WHERE id > $1`
	ways := map[string]func(ctx context.Context, db *postgres.DB) (string, error){
		"one-shot": func(ctx context.Context, db *postgres.DB) (s string, err error) {
			return s, db.QueryRow(ctx, own, 0).Scan(&s)
		},
		"batch": func(ctx context.Context, db *postgres.DB) (s string, err error) {
			var b pgx.Batch
			b.Queue(`SELECT pg_sleep(0.0005)`)
			b.Queue(own, 0).QueryRow(func(r pgx.Row) error { return r.Scan(&s) })
			return s, db.SendBatch(ctx, &b).Close()
		},
		"transaction": func(ctx context.Context, db *postgres.DB) (s string, err error) {
			return s, db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
				if _, err := tx.Exec(ctx, `UPDATE note SET body = body WHERE id = $1`, 1); err != nil {
					return err
				}
				return tx.QueryRow(ctx, own, 0).Scan(&s)
			})
		},
		"sqlx": func(ctx context.Context, db *postgres.DB) (s string, err error) {
			if err := db.SQLX().GetContext(ctx, &s, own, 0); err != nil {
				return "", err
			}
			return s, db.TenantDB().Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error { return tx.GetContext(ctx, &s, own, 0) })
		},
	}
	for _, mode := range modes {
		// Asked for cache_statement, Open finds the pooler and describes instead.
		db := h.openDSN(t, with(dsn, "pool_max_conns=%d&default_query_exec_mode=%s", clients, mode))
		for way, ask := range ways {
			var wrong, failed atomic.Int64
			var wg sync.WaitGroup
			for _, id := range ids {
				ctx := as(t, id)
				wg.Go(func() {
					for range soak(15, 2000) {
						switch got, err := ask(ctx, db); {
						case err != nil:
							failed.Add(1)
							t.Log(err)
						case got != id.String():
							wrong.Add(1)
						}
					}
				})
			}
			wg.Wait()
			require.Zero(t, wrong.Load(), "%s, %s: answers of another tenant", mode, way)
			require.Zero(t, failed.Load(), "%s, %s", mode, way)
		}
	}
}

func TestStatementCacheBehindAPoolerIsReported(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	dsn := pgbouncer(t, h)
	pool, err := pgxpool.New(t.Context(), dsn)
	require.NoError(t, err)
	defer pool.Close()
	_, err = postgres.New(t.Context(), pool, h.keys, postgres.AllowOldServer())
	require.ErrorContains(t, err, "default_query_exec_mode=cache_describe")

	db, err := postgres.New(t.Context(), pool, h.keys, postgres.AllowOldServer(), postgres.AllowStatementCache())
	require.NoError(t, err)
	defer db.Close()
	var said atomic.Bool
	require.Eventually(t, func() bool { // statements of one name meet on the two server connections
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				var got string
				err := db.QueryRow(as(t, alpha), `SELECT string_agg(DISTINCT tenant_id, ',') FROM note`).Scan(&got)
				switch {
				case err == nil && got != "alpha":
					t.Error("wrong tenant")
				case err != nil && strings.Contains(err.Error(), "max_prepared_statements"):
					said.Store(true)
				}
			})
		}
		wg.Wait()
		return said.Load()
	}, wait, tick)
}

func TestResidueBehindAPooler(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.canCount(t)
	dsn := pgbouncer(t, h)
	for _, mode := range []string{"cache_describe", "simple_protocol"} {
		db := h.openDSN(t, with(dsn, "pool_max_conns=4&default_query_exec_mode=%s", mode))
		for name, r := range residues {
			if name == "a statement" {
				continue // see the limits in the package comment
			}
			_, err := db.Exec(as(t, alpha), r.leave)
			require.NoError(t, err)
			require.NoError(t, db.Tx(as(t, alpha), func(ctx context.Context, tx pgx.Tx) error {
				_, err := tx.Exec(ctx, r.leave)
				return err
			}))
			for range 6 {
				if r.found != "" {
					require.False(t, boolean(t, as(t, beta), db, r.found), "%s: %s", mode, name)
				}
				require.Empty(t, scopeLeft(t, db))
			}
		}
	}
}
