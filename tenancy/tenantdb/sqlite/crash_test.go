package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	osexec "os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

const childEnv = "BAILIWICK_SQLITE_CHILD"

// child is another process on the same folder. It writes rows for two tenants and says each number
// once its transaction is committed, until it is killed.
func child(dir string) {
	db, err := sqlite.Open(dir, sqlite.Options{Migrations: notes})
	for i := 0; err == nil; i++ {
		for _, id := range []tenancy.ID{acme, globex} {
			if err = db.TenantDB().Tx(in(id), func(ctx context.Context, tx *sqlx.Tx) error {
				_, err := tx.ExecContext(ctx, "INSERT INTO note (body) VALUES (?)", fmt.Sprintf("child %d", i))
				return err
			}, tenantdb.Retry(100)); err != nil {
				break
			}
		}
		fmt.Println(i)
	}
	fmt.Println("stopped:", err)
	os.Exit(1)
}

// start runs child and returns a reader of what it says.
func start(t *testing.T, dir string) (*osexec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := osexec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd, bufio.NewScanner(out)
}

// said returns the last number of the child's output.
func said(t *testing.T, s *bufio.Scanner, last *int) bool {
	t.Helper()
	if !s.Scan() {
		return false
	}
	n, err := strconv.Atoi(s.Text())
	require.NoError(t, err, s.Text())
	*last = n
	return true
}

func TestAKilledProcessLosesNothingItSaidItHadCommitted(t *testing.T) {
	t.Parallel()
	rounds := 5
	if os.Getenv("BAILIWICK_SOAK") == "1" {
		rounds = 200
	}
	dir := t.TempDir()
	db, err := sqlite.Open(dir, sqlite.Options{Migrations: notes})
	require.NoError(t, err)
	provision(t, db, acme, globex)
	require.NoError(t, db.Close())
	for round := range rounds {
		cmd, out := start(t, dir)
		last := -1
		require.True(t, said(t, out, &last))
		time.AfterFunc(time.Duration(round*7)*time.Millisecond, func() { _ = cmd.Process.Kill() })
		for said(t, out, &last) {
		}
		_ = cmd.Wait()
		db, err := sqlite.Open(dir, sqlite.Options{Migrations: notes})
		require.NoError(t, err)
		for _, id := range []tenancy.ID{acme, globex} {
			got := bodies(t, db, id)
			require.GreaterOrEqual(t, len(got), last+1)
			require.LessOrEqual(t, len(got), last+3, "rows that nobody wrote")
			for i, b := range got {
				require.Equal(t, fmt.Sprintf("child %d", i), b)
			}
			require.NoError(t, db.TenantDB().Tx(in(id), func(ctx context.Context, tx *sqlx.Tx) error {
				var check string
				require.NoError(t, tx.GetContext(ctx, &check, "PRAGMA integrity_check"))
				require.Equal(t, "ok", check)
				_, err := tx.ExecContext(ctx, "DELETE FROM note")
				return err
			}))
		}
		require.NoError(t, db.Close())
	}
}

// Two processes write the same tenants, each waiting for the other; a state that one sets binds the
// other, and a purge waits until the other has let go of the file.
func TestTwoProcessesShareAFolder(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	db := open(t, dir, sqlite.Options{Migrations: notes})
	provision(t, db, acme, globex)
	cmd, out := start(t, dir)
	last := -1
	require.True(t, said(t, out, &last))
	for i := range 50 {
		require.NoError(t, db.TenantDB().Tx(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO note (body) VALUES (?)", fmt.Sprintf("parent %d", i))
			return err
		}, tenantdb.Retry(100)))
		require.True(t, said(t, out, &last))
	}
	set(t, db, tenancy.Suspended)
	for out.Scan() && out.Text()[0] != 's' {
	}
	require.Equal(t, "stopped: "+tenancy.ErrNotActive.Error(), out.Text())
	_ = cmd.Wait()
	set(t, db, tenancy.Active)
	mine, theirs := 0, 0
	for _, b := range bodies(t, db, acme) {
		switch b {
		case fmt.Sprintf("parent %d", mine):
			mine++
		case fmt.Sprintf("child %d", theirs):
			theirs++
		default:
			t.Fatalf("out of order: %s", b)
		}
	}
	require.Equal(t, 50, mine)
	require.Greater(t, theirs, last)
}

func TestAWriterElsewhereIsWaitedForAndThenAConflict(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	db := open(t, dir, sqlite.Options{Migrations: notes, Wait: 20 * time.Millisecond})
	other := open(t, dir, sqlite.Options{Migrations: notes})
	provision(t, db, acme)
	require.NoError(t, other.TenantDB().Tx(in(acme), func(context.Context, *sqlx.Tx) error {
		err := exec(db, acme, "INSERT INTO note (body) VALUES ('x')")
		require.ErrorIs(t, err, tenantdb.ErrConflict)
		require.NotErrorIs(t, err, tenantdb.ErrOutcomeUnknown)
		require.Empty(t, bodies(t, db, acme), "readers do not wait")
		return nil
	}))
	require.NoError(t, exec(db, acme, "INSERT INTO note (body) VALUES ('x')"))
}
