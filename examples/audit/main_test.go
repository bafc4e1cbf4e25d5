package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/bailiwick-dev/bailiwick/internal/pgserver.Start.func1")) // dbtest's server
}

func Example() {
	dir, err := os.MkdirTemp("", "audit")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	if err := onSQLite(context.Background(), os.Stdout, dir); err != nil {
		fmt.Println(err)
	}
	// Output:
	// rolled back: out of paper
	// 0  note.written by "Ada", erased: []
	// signed: 1 event
	// erased: 3 values
	// 0  note.written by "", erased: [actor.id actor.name actor.email]
	// 1  audit.erased by "", erased: []
}

func TestAuditverifyTellsWhetherTheCopyIsTheLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, onSQLite(t.Context(), new(bytes.Buffer), dir))
	requireVerifies(t, dir)
}

// requireVerifies runs the command on what was handed over, as it is and changed.
func requireVerifies(t *testing.T, dir string) {
	t.Helper()
	command := filepath.Join(t.TempDir(), "auditverify")
	built, err := exec.Command("go", "build", "-o", command, "github.com/bailiwick-dev/bailiwick/audit/auditverify").CombinedOutput()
	require.NoError(t, err, string(built))
	key, err := os.ReadFile(filepath.Join(dir, "log.key"))
	require.NoError(t, err)
	auditverify := func(more ...string) (status int, out string) {
		b, err := exec.Command(command, append([]string{"-key", strings.TrimSpace(string(key))}, more...)...).CombinedOutput()
		if exit := new(exec.ExitError); errors.As(err, &exit) {
			return exit.ExitCode(), string(b)
		}
		require.NoError(t, err)
		return 0, string(b)
	}
	copied, checkpoint := filepath.Join(dir, "log.tar"), filepath.Join(dir, "checkpoint")

	status, out := auditverify("-trusted", checkpoint, copied)
	require.Equal(t, 0, status, out)
	require.Contains(t, out, `OK: log of "alder", 3 events, 0 pruned, all anchored`)
	require.Contains(t, out, "3 erased")

	status, out = auditverify(copied)
	require.Equal(t, 2, status, out)

	b, err := os.ReadFile(copied)
	require.NoError(t, err)
	require.NotContains(t, string(b), "ada@example.com")
	changed := filepath.Join(dir, "changed.tar")
	require.NoError(t, os.WriteFile(changed, bytes.Replace(b, []byte(`"action":"note.written"`), []byte(`"action":"note.writtem"`), 1), 0o600))
	status, out = auditverify("-trusted", checkpoint, changed)
	require.Equal(t, 1, status, out)
	require.Regexp(t, `AUD020 +event 0`, out)
}
