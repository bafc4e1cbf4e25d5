package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/audittest"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/mod/sumdb/note"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type setup struct {
	dir, vkey, trusted, bundle, cut, restored, end string
}

// prepare writes an honest log, a note of it, and the log as it was before.
func prepare(t *testing.T) setup {
	t.Helper()
	secret, vkey, err := note.GenerateKey(nil, "example.com/audit")
	require.NoError(t, err)
	signer, err := note.NewSigner(secret)
	require.NoError(t, err)
	h := audittest.NewHistory(1, audittest.Plan{Events: 300})
	h.Checkpoints = nil
	at := h.Policy.Now
	h.Sign(signer, 300, at)
	whole := h.Book
	early := whole
	early.Leaves, early.Hashes, early.Openings, early.Checkpoints = early.Leaves[:200], early.Hashes[:200], early.Openings[:200], nil
	early.Sign(signer, 200, at)

	s := setup{dir: t.TempDir(), vkey: vkey}
	write := func(name string, data []byte) string {
		name = filepath.Join(s.dir, name)
		require.NoError(t, os.WriteFile(name, data, 0o600))
		return name
	}
	s.bundle, s.cut = write("bundle.tar", whole.Bundle()), write("cut.tar", early.Bundle())
	s.trusted = write("checkpoint", whole.Checkpoints[0].Note)

	root := whole.Root(300)
	h.Book = early
	h.Checkpoints = nil
	h.Own("audit.restored", map[string]any{"kept": 0, "lost": []string{"300 " + base64.StdEncoding.EncodeToString(root[:])}, "reason": "disk"})
	h.Sign(signer, 201, at)
	s.restored, s.end = write("restored.tar", h.Bundle()), write("end", h.Checkpoints[0].Note)
	return s
}

func auditverify(t *testing.T, stdin []byte, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, bytes.NewReader(stdin), &o, &e)
	return code, o.String(), e.String()
}

func TestTheExitStatusIsTheVerdict(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	bundle, err := os.ReadFile(s.bundle)
	require.NoError(t, err)

	code, out, _ := auditverify(t, nil, "-key", s.vkey, "-trusted", s.trusted, "-tenant", "acme", s.bundle)
	require.Equal(t, exitOK, code, out)
	require.Contains(t, out, "OK: log of \"acme\", 300 events, 0 pruned, all anchored")

	code, out, _ = auditverify(t, bundle, "-key", s.vkey, "-")
	require.Equal(t, exitUnanchored, code)
	require.Contains(t, out, "unanchored from event 0")

	code, out, _ = auditverify(t, nil, "-key", s.vkey, "-trusted", s.trusted, s.cut)
	require.Equal(t, exitTampered, code)
	require.Contains(t, out, "a note held outside is of size 300, the bundle of size 200")

	code, out, _ = auditverify(t, nil, "-key", s.vkey, "-trusted", s.trusted, "-json", s.cut)
	require.Equal(t, exitTampered, code)
	var r audit.Report
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	require.Equal(t, audit.Tampered, r.Verdict)
	require.Equal(t, audit.RuleRollback, r.Findings[0].Rule)

	code, _, _ = auditverify(t, nil, "-key", s.vkey+"@299", s.bundle)
	require.Equal(t, exitTampered, code)
}

func TestARestoreIsNamedByTheHashThatTheReportShows(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	held := []string{"-key", s.vkey, "-trusted", s.trusted, "-trusted", s.end, "-unique"}
	code, out, _ := auditverify(t, nil, append(held, s.restored)...)
	require.Equal(t, exitTampered, code)
	_, rest, ok := strings.Cut(out, "a policy can name it: ")
	require.True(t, ok, out)
	hash := strings.Fields(rest)[0]
	code, out, errs := auditverify(t, nil, append(held, "-restored", hash, s.restored)...)
	require.Equal(t, exitOK, code, out+errs)
	require.Contains(t, out, "AUD051")
	code, _, _ = auditverify(t, nil, append(held, "-restored", hash, s.cut)...)
	require.Equal(t, exitTampered, code)
}

func TestWhatCannotBeCheckedIsNoVerdict(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	for _, args := range [][]string{
		{}, {s.bundle}, {"-key", "nonsense", s.bundle}, {"-key", s.vkey}, {"-key", s.vkey, filepath.Join(s.dir, "none")},
		{"-key", s.vkey, "-trusted", filepath.Join(s.dir, "none"), s.bundle}, {"-key", s.vkey + "@0", s.bundle},
		{"-key", s.vkey, "-witness", "x", s.bundle}, {"-key", s.vkey, "-tenant", "A B", s.bundle}, {"-key", s.vkey, s.bundle, s.cut}, {"-h"}, {"-key", s.vkey, "-restored", "x", s.bundle},
	} {
		code, out, errs := auditverify(t, nil, args...)
		require.Equal(t, exitFailed, code, "%v", args)
		require.Empty(t, out)
		require.NotEmpty(t, errs)
		require.NotContains(t, strings.ToLower(errs), "panic")
	}
}
