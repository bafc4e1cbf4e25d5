package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
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

// child is another process on the same folder. It writes pairs of rows for two tenants, a pair in a transaction, and
// says each number once both transactions are committed, until it is killed.
func child(dir string) {
	db, err := sqlite.Open(dir, sqlite.Options{Migrations: notes})
	for i := 0; err == nil; i++ {
		for _, id := range []tenancy.ID{acme, globex} {
			if err = db.TenantDB().Tx(in(id), func(ctx context.Context, tx *sqlx.Tx) error {
				for range 2 {
					if _, err := tx.ExecContext(ctx, "INSERT INTO note (body) VALUES (?)", fmt.Sprintf("child %d", i)); err != nil {
						return err
					}
				}
				return nil
			}, tenantdb.Retry(100)); err != nil {
				break
			}
		}
		if err == nil {
			fmt.Println(i)
		}
	}
	fmt.Println("stopped:", err)
	os.Exit(1)
}

// start runs child, under another program if one is given, and returns a reader of what it says.
func start(t *testing.T, dir string, under ...string) (*osexec.Cmd, *bufio.Scanner) {
	t.Helper()
	args := append(under, os.Args[0])
	cmd := osexec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd, bufio.NewScanner(out)
}

// said reads the next number the child says, and reports whether it said one.
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

// survived requires that the file of each tenant is whole and holds every pair that was said to be committed, in
// order, and at most the one after: no half of one.
func survived(t *testing.T, db *sqlite.DB, last int) {
	t.Helper()
	for _, id := range []tenancy.ID{acme, globex} {
		got := bodies(t, db, id)
		require.GreaterOrEqual(t, len(got), 2*(last+1))
		require.LessOrEqual(t, len(got), 2*(last+2), "rows that nobody wrote")
		require.Zero(t, len(got)%2, "half a transaction")
		for i, b := range got {
			require.Equal(t, fmt.Sprintf("child %d", i/2), b)
		}
		require.NoError(t, db.TenantDB().Tx(in(id), func(ctx context.Context, tx *sqlx.Tx) error {
			var check string
			require.NoError(t, tx.GetContext(ctx, &check, "PRAGMA integrity_check"))
			require.Equal(t, "ok", check)
			_, err := tx.ExecContext(ctx, "DELETE FROM note")
			return err
		}))
	}
}

func TestAKilledProcessLosesNothingItSaidItHadCommitted(t *testing.T) {
	t.Parallel()
	rounds := 8
	if os.Getenv("BAILIWICK_SOAK") == "1" {
		rounds = 200
	}
	dir := t.TempDir()
	db, err := sqlite.Open(dir, sqlite.Options{Migrations: notes})
	require.NoError(t, err)
	provision(t, db, acme, globex)
	require.NoError(t, db.Close())
	for range rounds {
		cmd, out := start(t, dir)
		last := -1
		require.True(t, said(t, out, &last))
		time.AfterFunc(rand.N(50*time.Millisecond), func() { _ = cmd.Process.Kill() })
		for said(t, out, &last) {
		}
		_ = cmd.Wait()
		db, err := sqlite.Open(dir, sqlite.Options{Migrations: notes})
		require.NoError(t, err)
		survived(t, db, last)
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
	got := bodies(t, db, acme)
	for i := 0; i < len(got); i++ {
		switch b := got[i]; b {
		case fmt.Sprintf("parent %d", mine):
			mine++
		case fmt.Sprintf("child %d", theirs):
			theirs++
			i++
			require.Equal(t, b, got[i], "the pair was written in one transaction")
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
