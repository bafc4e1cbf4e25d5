package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/audittest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
)

var fileOpened = audit.Define("bundle.file_opened", audit.Read)

// office is a log with what is needed to verify it.
type office struct {
	*audit.Log
	store  audit.Store
	ctx    context.Context
	policy audit.Policy
	by     audit.Bundling
}

func openOffice(tb testing.TB) *office {
	tb.Helper()
	secret, vkey, err := note.GenerateKey(nil, "example.com/audit")
	require.NoError(tb, err)
	signer, err := audit.NewSigner(secret)
	require.NoError(tb, err)
	verifier, err := note.NewVerifier(vkey)
	require.NoError(tb, err)
	key, err := tenancy.NewKey("k1", []byte("0123456789abcdef0123456789abcdef"))
	require.NoError(tb, err)
	o := &office{store: audit.NewMemory(), ctx: tenancy.With(tb.Context(), tenancy.MustParseID("acme"))}
	o.policy = audit.Policy{Keys: []audit.Key{{Verifier: verifier}}, Tenant: tenancy.MustParseID("acme")}
	o.by = audit.Bundling{By: audit.Party{Type: "auditor", ID: "a1"}, Reason: "yearly"}
	o.Log, err = audit.Open(o.ctx, o.store, audit.Options{Origin: "example.com/audit", Signer: signer, Key: key})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, o.Close(context.WithoutCancel(o.ctx))) })
	return o
}

// work records n events about ten people.
func (o *office) work(tb testing.TB, n int) {
	tb.Helper()
	for i := range n {
		_, err := o.Append(o.ctx, audit.Event{
			Action: fileOpened, Actor: audit.Party{Type: "user", ID: fmt.Sprint(i % 10), Email: "p@example.com", Person: true},
			Targets: []audit.Party{{Type: "file", ID: fmt.Sprint(i)}, {Type: "user", ID: fmt.Sprint(i % 7), Person: true}},
			Reason:  "asked", Data: map[string]any{"n": i, "note": audit.Personal("user:3", "text")},
		})
		require.NoError(tb, err)
	}
}

func (o *office) bundle(tb testing.TB) ([]byte, audit.Checkpoint) {
	tb.Helper()
	var b bytes.Buffer
	end, err := o.Bundle(o.ctx, &b, o.by)
	require.NoError(tb, err)
	return b.Bytes(), end
}

func (o *office) verify(tb testing.TB, bundle []byte, trusted ...[]byte) *audit.Report {
	tb.Helper()
	p := o.policy
	p.Trusted = trusted
	return verify(tb, bundle, p)
}

func TestABundleTellsAllAndVerifies(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.work(t, 600)
	_, err := o.Checkpoint(o.ctx)
	require.NoError(t, err)
	o.work(t, 100)
	bundle, end := o.bundle(t)
	r := o.verify(t, bundle, end.Note)
	require.Empty(t, r.Findings, r)
	require.Equal(t, audit.OK, r.Verdict)
	require.Equal(t, uint64(701), r.Size, "the export is in it")
	require.Equal(t, r.Fields, r.Opened)
	require.NotZero(t, r.Fields)

	heads, err := o.Heads(o.ctx)
	require.NoError(t, err)
	require.Equal(t, audit.OK, o.verify(t, bundle, heads.Note).Verdict, "a note of the log of heads vouches for the checkpoints in it")

	// The second implementation of the bundle agrees byte for byte.
	fs, err := audittest.Unpack(bundle)
	require.NoError(t, err)
	require.Equal(t, bundle, audittest.Pack(fs))
}

func TestABundleContinuesTheHeadsThatItsReaderHolds(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.work(t, 3)
	_, err := o.Checkpoint(o.ctx)
	require.NoError(t, err)
	held, err := o.Heads(o.ctx)
	require.NoError(t, err)
	o.work(t, 3)
	bundle, _ := o.bundle(t)
	r := o.verify(t, bundle, held.Note)
	require.Equal(t, audit.Unanchored, r.Verdict)
	require.Equal(t, map[string]int{audit.RuleNotCompared: 1}, r.Count)

	o.by.Heads = [][]byte{held.Note}
	bundle, _ = o.bundle(t)
	require.Equal(t, audit.OK, o.verify(t, bundle, held.Note).Verdict)
}

func TestErasedAndPrunedLogsVerify(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	by := audit.Party{Type: "officer", ID: "dpo"}
	o.work(t, 700)
	_, err := o.Checkpoint(o.ctx)
	require.NoError(t, err)
	_, err = o.Erase(o.ctx, audit.Erasure{Subject: "user:3", Basis: "GDPR Art. 17", By: by})
	require.NoError(t, err)
	_, err = o.Erase(o.ctx, audit.Erasure{Seqs: []uint64{401, 402}, Fields: []string{"reason"}, Basis: "GDPR Art. 17", By: by})
	require.NoError(t, err)
	_, err = o.Prune(o.ctx, audit.Pruning{To: 256, Basis: "retention", By: by})
	require.NoError(t, err)
	bundle, end := o.bundle(t)
	r := o.verify(t, bundle, end.Note)
	require.Empty(t, r.Findings, r)
	require.Equal(t, uint64(256), r.Pruned)
	require.NotZero(t, r.Erased)
	require.Equal(t, r.Fields, r.Opened+r.Erased)
}

// meddler calls f once, when the first so many bytes were written.
type meddler struct {
	bytes.Buffer
	after int
	f     func()
}

func (m *meddler) Write(p []byte) (int, error) {
	n, err := m.Buffer.Write(p)
	if m.f != nil && m.Len() >= m.after {
		f := m.f
		m.f = nil
		f()
	}
	return n, err
}

func TestWhatIsErasedAndPrunedWhileABundleIsWrittenIsNoTampering(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	by := audit.Party{Type: "officer", ID: "dpo"}
	o.work(t, 2000)
	_, err := o.Checkpoint(o.ctx)
	require.NoError(t, err)
	m := &meddler{after: 400_000, f: func() {
		_, err := o.Erase(o.ctx, audit.Erasure{Subject: "user:3", Basis: "GDPR Art. 17", By: by})
		require.NoError(t, err)
		_, err = o.Prune(o.ctx, audit.Pruning{To: 1024, Basis: "retention", By: by})
		require.NoError(t, err)
	}}
	end, err := o.Bundle(o.ctx, m, o.by)
	require.NoError(t, err)
	r := o.verify(t, m.Bytes(), end.Note)
	require.Nil(t, m.f)
	require.Empty(t, r.Findings, r)
	require.Equal(t, audit.OK, r.Verdict)
	require.NotZero(t, r.Erased)
	require.NotZero(t, r.Pruned)
	require.Less(t, r.Pruned, uint64(1024))

	fs, err := audittest.Unpack(m.Bytes())
	require.NoError(t, err)
	fs = slices.DeleteFunc(fs, func(f audittest.File) bool { return strings.HasPrefix(f.Name, "later/") })
	r = o.verify(t, audittest.Pack(fs), end.Note)
	require.NotZero(t, r.Count[audit.RuleErasure])
	require.Equal(t, 1, r.Count[audit.RulePruned])
}

// What was written before an erasure still has the values. That is no restored backup, and neither are events which
// the bundle has not got.
func TestWhatIsErasedBehindABundleIsNoFinding(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.work(t, 1000)
	m := &meddler{after: 300_000, f: func() {
		o.work(t, 20)
		_, err := o.Erase(o.ctx, audit.Erasure{Subject: "user:3", Basis: "GDPR Art. 17", By: audit.Party{Type: "officer", ID: "dpo"}})
		require.NoError(t, err)
	}}
	end, err := o.Bundle(o.ctx, m, o.by)
	require.NoError(t, err)
	require.Nil(t, m.f)
	r := o.verify(t, m.Bytes(), end.Note)
	require.Empty(t, r.Findings, r)
	require.Equal(t, audit.OK, r.Verdict)
	require.NotZero(t, r.Erased)
}

func TestABundleOfAnEmptyLogHasTheExport(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	bundle, end := o.bundle(t)
	r := o.verify(t, bundle, end.Note)
	require.Equal(t, audit.OK, r.Verdict, r)
	require.Equal(t, uint64(1), r.Size)
}

type failing struct{ after int }

func (f *failing) Write(p []byte) (int, error) {
	if f.after -= len(p); f.after < 0 {
		return 0, errFull
	}
	return len(p), nil
}

var errFull = errors.New("disk is full")

func TestABundleThatCannotBeWrittenSaysSo(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.work(t, 10)
	for _, after := range []int{0, 3000} {
		_, err := o.Bundle(o.ctx, &failing{after}, o.by)
		require.ErrorIs(t, err, errFull)
	}
	_, err := o.Bundle(o.ctx, &failing{1 << 20}, audit.Bundling{})
	require.ErrorIs(t, err, audit.ErrEvent, "who takes it out must be named")
}

func TestTilesAreWrittenAsTheirSpecificationHasThem(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.work(t, 300)
	dir := t.TempDir()
	end, err := o.WriteTiles(o.ctx, dir, o.by)
	require.NoError(t, err)
	require.Equal(t, uint64(301), end.Size)
	for _, name := range []string{"checkpoint", "tile/0/000", "tile/0/001.p/45", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/45"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
	raw, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	require.NoError(t, err)
	require.Equal(t, end.Note, raw)
	o.work(t, 300)
	_, err = o.WriteTiles(o.ctx, dir, o.by)
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(dir, "tile/0/001"))
}
