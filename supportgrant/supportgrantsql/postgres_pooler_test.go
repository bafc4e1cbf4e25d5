package supportgrantsql_test

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgranttest/storetest"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// throughPooler returns the DSN of w's database by a PgBouncer in transaction mode, with fewer server connections than readers.
func throughPooler(t testing.TB, w *door.World) string {
	bin, err := exec.LookPath("pgbouncer")
	if err != nil {
		bin = "/usr/sbin/pgbouncer"
	}
	if _, err := os.Stat(bin); err != nil {
		t.Skip("pgbouncer is not installed: reads through a pooler are not tested")
	}
	server, err := pgx.ParseConfig(w.PG.App.DSN)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := l.Addr().(*net.TCPAddr).Port
	require.NoError(t, l.Close())
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755)) // for the user it runs as
	ini, users := filepath.Join(dir, "pgbouncer.ini"), filepath.Join(dir, "users.txt")
	require.NoError(t, os.WriteFile(ini, fmt.Appendf(nil, "[databases]\n* = host=%s port=%d\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\nunix_socket_dir =\nauth_type = trust\n"+
		"auth_file = %s\npool_mode = transaction\ndefault_pool_size = 8\nmax_client_conn = 200\nignore_startup_parameters = extra_float_digits\n", server.Host, server.Port, port, users), 0o644))
	require.NoError(t, os.WriteFile(users, fmt.Appendf(nil, "%q %q\n", w.PG.App.Role, server.Password), 0o644))
	cmd := exec.Command(bin, "-q", ini)
	if os.Geteuid() == 0 { // it refuses to run as root
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	u, err := url.Parse(w.PG.App.DSN)
	require.NoError(t, err)
	u.Host, u.RawQuery = net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), "sslmode=disable&pool_max_conns=16"
	require.Eventually(t, func() bool {
		c, err := net.DialTimeout("tcp", u.Host, time.Second)
		return err == nil && c.Close() == nil
	}, time.Minute, 20*time.Millisecond)
	return u.String()
}

// Whatever Postgres keeps to it keeps to behind a pooler that gives each transaction another session: races of reads and withdrawals, histories and all.
func TestPostgresKeepsToTheContractOfStoresThroughAPooler(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) storetest.Harness {
		h, w := postgresWorld(t)
		dsn := throughPooler(t, w)
		for i := range h.Stores {
			db, err := postgres.Open(t.Context(), dsn, door.Keys(t), postgres.AllowOldServer())
			require.NoError(t, err)
			t.Cleanup(func() { _ = db.Close() })
			h.Stores[i], err = supportgrantsql.New(db.TenantDB())
			require.NoError(t, err)
		}
		return h
	})
}
