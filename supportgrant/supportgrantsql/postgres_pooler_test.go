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
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgranttest/storetest"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// throughPooler is a store that reaches Postgres by a PgBouncer in transaction mode, with fewer server connections than readers.
func throughPooler(t *testing.T, w *door.World) supportgrant.Store {
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
		"auth_file = %s\npool_mode = transaction\ndefault_pool_size = 4\nmax_client_conn = 200\nignore_startup_parameters = extra_float_digits\n", server.Host, server.Port, port, users), 0o644))
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
	db, err := postgres.Open(t.Context(), u.String(), door.Keys(t), postgres.AllowOldServer())
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	s, err := supportgrantsql.New(db.TenantDB())
	require.NoError(t, err)
	return s
}

func TestNothingIsHandedOverLateThroughAPooler(t *testing.T) {
	t.Parallel()
	h, w := postgresWorld(t)
	h.Stores = []supportgrant.Store{throughPooler(t, w), throughPooler(t, w)}
	for _, stall := range []time.Duration{0, time.Millisecond} {
		r := storetest.Race(t, h, soakOr(3, 400), 8, stall)
		require.Zero(t, r.Began+r.Late+r.Unaudited)
		require.Positive(t, r.Reads)
		t.Logf("%d reads raced %d withdrawals; the median took %v", r.Reads, len(r.Withdrawals), r.Withdrawals[len(r.Withdrawals)/2])
	}
}
