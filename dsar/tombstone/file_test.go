package tombstone_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/tombstone"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

var (
	day  = time.Date(2026, 7, 1, 9, 30, 0, 0, time.UTC)
	acme = tenancy.MustParseID("acme")
	ajax = tenancy.MustParseID("ajax")
)

func stone(tenant tenancy.ID, id string) tombstone.Stone {
	return tombstone.Stone{ID: id, Tenant: tenant, Key: "k1", Subject: []byte(id), Map: "sha256:00", Sealed: bytes.Repeat([]byte{7}, 300)}
}

func openFile(t testing.TB, path string) *tombstone.File {
	t.Helper()
	l, err := tombstone.OpenFile(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func logPath(t testing.TB) string { return filepath.Join(t.TempDir(), "log") }

func TestALineStaysAndAStoneIsWrittenOnce(t *testing.T) {
	t.Parallel()
	path := logPath(t)
	l := openFile(t, path)
	ctx := t.Context()
	var heads []tombstone.Entry
	for i, tenant := range []tenancy.ID{acme, ajax, acme} {
		e, err := l.Append(ctx, stone(tenant, fmt.Sprint("r", i)), day)
		require.NoError(t, err)
		require.Equal(t, uint64(i+1), e.Seq)
		heads = append(heads, e)
	}
	again, err := l.Append(ctx, stone(acme, "r0"), day.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, heads[0], again)
	other, err := l.Append(ctx, stone(ajax, "r0"), day) // ids are a tenant's own
	require.NoError(t, err)
	require.Equal(t, uint64(4), other.Seq)

	l = openFile(t, path)
	head, err := l.Head(ctx, acme)
	require.NoError(t, err)
	require.Equal(t, tombstone.Head{Seq: 3, Hash: heads[2].Hash}, head)
	lines, err := l.After(ctx, acme, 0)
	require.NoError(t, err)
	require.Equal(t, []tombstone.Entry{heads[0], heads[2]}, lines)
	lines, err = l.After(ctx, acme, 1)
	require.NoError(t, err)
	require.Equal(t, heads[2:], lines)
	hash, ok, err := l.Line(ctx, 2)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, heads[1].Hash, hash)
	_, ok, err = l.Line(ctx, 5)
	require.NoError(t, err)
	require.False(t, ok)
	tenants, err := l.Tenants(ctx)
	require.NoError(t, err)
	require.ElementsMatch(t, []tenancy.ID{acme, ajax}, tenants)
	fi, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), fi.Mode().Perm())
	for _, s := range []tombstone.Stone{{}, {ID: "x"}, {ID: "x", Tenant: acme}} {
		_, err := l.Append(ctx, s, day)
		require.Error(t, err)
	}
}

// What a crash left at any byte of the last line was never acknowledged, as long as its newline is missing.
func TestATornLineIsCutAndWrittenAgain(t *testing.T) {
	t.Parallel()
	path := logPath(t)
	l := openFile(t, path)
	_, err := l.Append(t.Context(), stone(acme, "r1"), day)
	require.NoError(t, err)
	one, err := os.ReadFile(path)
	require.NoError(t, err)
	_, err = l.Append(t.Context(), stone(acme, "r2"), day)
	require.NoError(t, err)
	two, err := os.ReadFile(path)
	require.NoError(t, err)
	for n := len(one); n < len(two); n += 7 {
		torn := filepath.Join(t.TempDir(), "torn")
		tail := two[len(one):n]
		if n%2 == 0 {
			tail = make([]byte, len(tail)) // blocks that were never written
		}
		require.NoError(t, os.WriteFile(torn, append(bytes.Clone(one), tail...), 0o600))
		l := openFile(t, torn)
		head, err := l.Head(t.Context(), acme)
		require.NoError(t, err)
		require.Equal(t, uint64(1), head.Seq)
		e, err := l.Append(t.Context(), stone(acme, "r2"), day)
		require.NoError(t, err)
		require.Equal(t, uint64(2), e.Seq)
		now, err := os.ReadFile(torn)
		require.NoError(t, err)
		require.Equal(t, two, now)
		require.NoError(t, l.Close())
	}
}

func TestADamagedLineIsNeverCut(t *testing.T) {
	t.Parallel()
	path := logPath(t)
	l := openFile(t, path)
	for i := range 3 {
		_, err := l.Append(t.Context(), stone(acme, fmt.Sprint(i)), day)
		require.NoError(t, err)
	}
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for n := 0; n < len(whole)-1; n += 11 { // without its newline the last line is a torn one
		bad := bytes.Clone(whole)
		bad[n] ^= 2
		at := filepath.Join(t.TempDir(), "bad")
		require.NoError(t, os.WriteFile(at, bad, 0o600))
		_, err := tombstone.OpenFile(at)
		require.ErrorIs(t, err, tombstone.ErrLog, "byte %d", n)
		now, err := os.ReadFile(at)
		require.NoError(t, err)
		require.Equal(t, bad, now)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	for name, text := range map[string]string{"taken out": lines[0] + lines[2], "changed places": lines[1] + lines[0] + lines[2], "cut at the front": lines[1] + lines[2]} {
		at := filepath.Join(t.TempDir(), "bad")
		require.NoError(t, os.WriteFile(at, []byte(text), 0o600))
		_, err := tombstone.OpenFile(at)
		require.ErrorIs(t, err, tombstone.ErrLog, name)
	}
	require.NoError(t, os.WriteFile(path, []byte(lines[0]), 0o600))
	_, err = l.Head(t.Context(), acme)
	require.ErrorIs(t, err, tombstone.ErrLog, "it became shorter")
	_, err = l.Append(t.Context(), stone(acme, "9"), day)
	require.ErrorIs(t, err, tombstone.ErrLog)
}

func TestSeveralProcessesWriteOneLog(t *testing.T) {
	t.Parallel()
	path := logPath(t)
	const each = 25
	var wg sync.WaitGroup
	for range 4 {
		l := openFile(t, path) // a lock of its own, as another process has
		for g := range 2 {
			wg.Go(func() {
				for i := range each {
					_, err := l.Append(context.Background(), stone(acme, fmt.Sprintf("%p-%d-%d", l, g, i)), day)
					require.NoError(t, err)
				}
			})
		}
	}
	wg.Wait()
	lines, err := openFile(t, path).After(t.Context(), acme, 0)
	require.NoError(t, err)
	require.Len(t, lines, 4*2*each)
}

// child writes stones, tells of each that was acknowledged, and is killed.
func child(path string) {
	l, err := tombstone.OpenFile(path)
	if err != nil {
		fmt.Println("failed", err)
		os.Exit(1)
	}
	for i := 0; ; i++ {
		if _, err := l.Append(context.Background(), stone(acme, fmt.Sprintf("%d-%d", os.Getpid(), i)), day); err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
		fmt.Println("done", os.Getpid(), i)
	}
}

func TestWhatWasAcknowledgedOutlivesAKill(t *testing.T) {
	t.Parallel()
	path := logPath(t)
	for round := range 8 {
		var out [2]bytes.Buffer
		var cmds [2]*exec.Cmd
		for i := range cmds {
			cmds[i] = exec.Command(os.Args[0], "-test.run=^$")
			cmds[i].Env = append(os.Environ(), "TOMBSTONE_CHILD="+path)
			cmds[i].Stdout = &out[i]
			require.NoError(t, cmds[i].Start())
		}
		time.Sleep(time.Duration(20+13*round) * time.Millisecond)
		for i := range cmds {
			_ = cmds[i].Process.Kill()
			_ = cmds[i].Wait()
		}
		l := openFile(t, path)
		lines, err := l.After(t.Context(), acme, 0)
		require.NoError(t, err)
		there := map[string]bool{}
		for _, e := range lines {
			there[e.ID] = true
		}
		for i := range out {
			for line := range strings.Lines(out[i].String()) {
				if !strings.HasSuffix(line, "\n") {
					continue
				}
				word := strings.Fields(line)
				require.Equal(t, "done", word[0], line)
				_, err := strconv.Atoi(word[2])
				require.NoError(t, err)
				require.True(t, there[word[1]+"-"+word[2]], line)
			}
		}
		require.NoError(t, l.Close())
	}
}
