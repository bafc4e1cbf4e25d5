package main

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"modernc.org/sqlite"
)

func TestMain(m *testing.M) {
	// As tenantdb/sqlite does, before the test that opens a file without it.
	if _, err := sqlite.OFDLocking(true); err != nil && !errors.Is(err, sqlite.ErrOFDLockingUnavailable) {
		panic(err)
	}
	// A function that the log's statements call; tenantdb/sqlite gives it to its own connections.
	sqlite.MustRegisterScalarFunction("bw_now", 0, func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
		return time.Now().UnixMicro(), nil
	})
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/bailiwick-dev/bailiwick/internal/pgserver.Start.func1")) // dbtest's server
}

// small is a tour that takes a second or two.
func small(t *testing.T) config {
	t.Helper()
	tmp, err := os.MkdirTemp("", "tour-test-") // not t.TempDir: Postgres, which does not run as root, must be let in
	require.NoError(t, err)
	require.NoError(t, os.Chmod(tmp, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(tmp)) })
	return config{seed: 7, rows: 3000, clients: 4, opsEach: 50, tmp: tmp}
}

func TestEveryPromiseHoldsOnSQLite(t *testing.T) {
	t.Parallel()
	c := small(t)
	requireHeld(t, c, tenantdb.SQLite)
	requireEmpty(t, c.tmp)
}

func TestEveryPromiseHoldsOnPostgres(t *testing.T) {
	t.Parallel()
	c := small(t)
	c.postgres = dbtest.Postgres(t).Admin.DSN
	requireHeld(t, c, tenantdb.Postgres)
}

func requireHeld(t *testing.T, c config, on tenantdb.Dialect) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), c, &stdout, &stderr)
	text := stdout.String()
	require.Equal(t, exitHeld, code, "%s%s", text, stderr.String())
	require.Empty(t, stderr.String())
	require.NotContains(t, text, "BROKEN")
	require.NotContains(t, text, "\x1b", "escape codes in a pipe")
	for line := range strings.Lines(text) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), width, line)
	}
	n := 0
	for _, s := range stops {
		for _, p := range s.Promises {
			for _, a := range p.on(on) {
				n++
				require.Contains(t, text, "  held    "+a.Name+" ")
			}
		}
	}
	require.Greater(t, n, 55)
	require.Contains(t, text, " promises held  ")
}

// These are what an application on shared tables without the library gets away with, until it does not.
func TestAnUnguardedDatabaseIsReportedBroken(t *testing.T) {
	t.Parallel()
	c := small(t)
	var stdout bytes.Buffer
	code, err := tour(t.Context(), c, openUnguarded(t, c), newScreen(&stdout, false), time.Now())
	require.NoError(t, err)
	require.Equal(t, exitBroken, code)
	for _, name := range []string{
		"A query forgets its WHERE",
		"A query asks for birch by name",
		"SQL injected into a search box",
		"A delete forgets its WHERE",
		"A row is inserted into birch",
		"Rows are moved into birch",
		"Birch's file is attached",
		"A copy is written elsewhere",
		"A tenant that does not exist",
		"A tenant is suspended while its clients work",
		"A router that missed a move",
		"Data is brought to the wrong region",
		"Clients of ten tenants, with errors, cancels and panics",
		"A host name that is no tenant's",
		"Subdomain and header disagree",
		"Alder's login at birch's subdomain",
		"A made-up address in front of an allowlist",
		"Dogwood is purged, and looked for everywhere",
		"An event is rewritten",
		"An event is deleted",
		"An event is replaced by another",
		"The guard is removed first",
		"An event is edited",
		"An event is taken out",
		"Two events change places",
		"A name beside the log is replaced",
		"An earlier copy is handed in for the whole",
		"A log is made up, and signed with another key",
		"A change is recorded and then rolled back",
		"An event that cannot be recorded",
		"The log is gone while a page is asked for",
		"Somebody whose data a court wants kept is erased",
		"Noor is erased, and looked for everywhere",
		"Values are removed by hand, past the log",
		"A message, attributes, groups and an error full of them",
		"The same text, cut at every byte",
		"Words that only look like secrets",
		"A report with breadcrumbs, headers, variables and a message",
		"A report that cannot be looked through",
		"A struct full of secrets is printed in every way",
		"A service quotes it in an error",
		"The whole database is read",
		"A value is copied into another tenant's row",
		"A value is copied to another customer",
		"One bit is changed, at each place",
		"A shredded customer's address is opened",
		"An editor makes herself an admin",
		"A role is made with more than its maker may do",
		"An invitation outlives its sender's rights",
		"Two owners remove each other",
		"It is used from elsewhere, in another tenant, and after its end",
		"It is changed at each place, and guessed",
		"A leaver goes on, here and in another process",
		"A handler sets every cookie, in each way there is",
		"A yes is made up",
		"Another site's page posts the yes",
		"All was accepted before the signal",
		"The signal is on the phone, the yes on the laptop",
		"An old cookie is sent after the withdrawal",
		"Nobody can say what the user said",
		"The ledger is rewritten",
		"Support reads before anybody approved, and by other grants",
		"Support approves itself",
		"A code is used again",
		"A request is approved in the database",
		"Eight readers are at it",
		"Who had the grant leaves",
		"A customer asks for another one's data",
		"Somebody under a legal hold is erased",
		"The receipt is edited",
		"The audit log takes nothing any more",
		"The trail is swept",
	} {
		require.Contains(t, stdout.String(), "BROKEN  "+name+"\n")
	}
	require.Contains(t, stdout.String(), "\nBROKEN: ")
}

func TestAnInterruptedTourCleansUp(t *testing.T) {
	t.Parallel()
	for _, postgres := range []string{"", "throwaway"} {
		t.Run("on "+postgres, func(t *testing.T) {
			t.Parallel()
			c := small(t)
			if c.postgres = postgres; postgres != "" {
				dbtest.Postgres(t) // skips where there is none
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var stderr bytes.Buffer
			require.Equal(t, exitInterrupted, run(ctx, c, cancelAt{"held", cancel}, &stderr), stderr.String())
			require.Equal(t, "tour: interrupted\n", stderr.String())
			requireEmpty(t, c.tmp)
		})
	}
}

// cancelAt is a screen in front of which somebody presses Ctrl-C when a word appears.
type cancelAt struct {
	word   string
	cancel context.CancelFunc
}

func (c cancelAt) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(c.word)) {
		c.cancel()
	}
	return len(b), nil
}

func requireEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestTheSameSeedMakesUpTheSameBooks(t *testing.T) {
	t.Parallel()
	require.Equal(t, write(1, 0, alder, 1000), write(1, 0, alder, 1000))
	require.NotEqual(t, write(1, 0, alder, 1000), write(2, 0, alder, 1000))
	n := 0
	for i := range trees {
		n += write(1, i, alder, 52_000).rows()
	}
	require.GreaterOrEqual(t, n, 50_000)
	require.GreaterOrEqual(t, len(trees), 20)
}
