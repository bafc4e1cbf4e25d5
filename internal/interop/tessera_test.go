package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/audittest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var opened = audit.Define("interop.file_opened", audit.Read)

// keys are a new key of the log.
func keys(t *testing.T, name string) (note.Signer, note.Verifier) {
	t.Helper()
	secret, public, err := note.GenerateKey(nil, name)
	require.NoError(t, err)
	signer, err := audit.NewSigner(secret)
	require.NoError(t, err)
	verifier, err := note.NewVerifier(public)
	require.NoError(t, err)
	return signer, verifier
}

// export records n events and writes the log as a directory of tiles.
func export(t *testing.T, n int) (dir string, end audit.Checkpoint, v note.Verifier) {
	t.Helper()
	signer, v := keys(t, "example.com/audit")
	key, err := tenancy.NewKey("k1", []byte("0123456789abcdef0123456789abcdef"))
	require.NoError(t, err)
	ctx := tenancy.With(t.Context(), tenancy.MustParseID("acme"))
	l, err := audit.Open(ctx, audit.NewMemory(), audit.Options{Origin: "example.com/audit", Signer: signer, Key: key})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close(context.WithoutCancel(ctx))) }()
	for i := 0; i < n-1; { // the export is the last event
		var batch []audit.Event
		for ; i < n-1 && len(batch) < 1000; i++ {
			batch = append(batch, audit.Event{Action: opened, Actor: audit.Party{Type: "user", ID: fmt.Sprint(i), Person: true}})
		}
		_, err := l.Append(ctx, batch...)
		require.NoError(t, err)
	}
	dir = t.TempDir()
	end, err = l.WriteTiles(ctx, dir, audit.Bundling{By: audit.Party{Type: "auditor"}})
	require.NoError(t, err)
	require.Equal(t, uint64(n), end.Size)
	return dir, end, v
}

// hashEntries is what Tessera's fsck wants to know of our entries: that they are those of tlog-tiles.
func hashEntries(bundle []byte) (hashes [][]byte, err error) {
	var b api.EntryBundle
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	for _, e := range b.Entries {
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(e))
	}
	return hashes, nil
}

var sizes = []int{1, 2, 255, 256, 257, 700, 65_536 + 300}

func TestTesseraFindsNothingWrongWithOurTiles(t *testing.T) {
	t.Parallel()
	for _, n := range sizes {
		dir, end, v := export(t, n)
		check := fsck.New(end.Origin, v, client.FileFetcher{Root: dir}, hashEntries, fsck.Opts{N: 2})
		require.NoError(t, check.Check(t.Context()), n)
	}
}

func TestTesseraFindsAChangedEventInOurTiles(t *testing.T) {
	t.Parallel()
	dir, end, v := export(t, 257)
	name := filepath.Join(dir, "tile/entries/000")
	raw, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name, bytes.Replace(raw, []byte("success"), []byte("failure"), 1), 0o600))
	require.Error(t, fsck.New(end.Origin, v, client.FileFetcher{Root: dir}, hashEntries, fsck.Opts{N: 2}).Check(t.Context()))
}

// tileDir reads tiles for golang.org/x/mod.
type tileDir string

func (tileDir) Height() int                     { return 8 }
func (tileDir) SaveTiles([]tlog.Tile, [][]byte) {}
func (d tileDir) ReadTiles(tiles []tlog.Tile) (data [][]byte, err error) {
	for _, t := range tiles {
		name := "tile" + strings.TrimPrefix(t.Path(), "tile/8") // c2sp.org/tlog-tiles has one height, and does not name it
		b, err := os.ReadFile(filepath.Join(string(d), name))
		if err != nil {
			return nil, err
		}
		data = append(data, b)
	}
	return data, nil
}

func TestTheGoChecksumDatabasesReaderReadsOurTiles(t *testing.T) {
	t.Parallel()
	for _, n := range sizes {
		dir, end, _ := export(t, n)
		tree := tlog.Tree{N: int64(end.Size), Hash: end.Root}
		r := tlog.TileHashReader(tree, tileDir(dir)) // authenticates what it reads
		root, err := tlog.TreeHash(tree.N, r)
		require.NoError(t, err, n)
		require.Equal(t, tree.Hash, root)
		for _, i := range []int64{0, tree.N / 2, tree.N - 1} {
			p, err := tlog.ProveRecord(tree.N, i, r)
			require.NoError(t, err)
			h, err := r.ReadHashes([]int64{tlog.StoredHashIndex(0, i)})
			require.NoError(t, err)
			require.NoError(t, tlog.CheckRecord(p, tree.N, tree.Hash, i, h[0]))
		}
	}
}

// TestOurVerifierReadsALogOfTessera gives Tessera the leaves of a log, and puts what it made of them, unchanged,
// into a bundle.
func TestOurVerifierReadsALogOfTessera(t *testing.T) {
	t.Parallel()
	const n = 700
	signer, verifier := keys(t, "example.com/audit")
	dir := t.TempDir()
	driver, err := posix.New(t.Context(), posix.Config{Path: dir})
	require.NoError(t, err)
	opts := tessera.NewAppendOptions().WithCheckpointSigner(signer).WithCheckpointInterval(200*time.Millisecond).WithBatching(n, 50*time.Millisecond)
	appender, shutdown, reader, err := tessera.NewAppender(t.Context(), driver, opts)
	require.NoError(t, err)
	h := audittest.NewHistory(1, audittest.Plan{Events: n, Plain: true})
	var added []tessera.IndexFuture
	for _, leaf := range h.Leaves {
		added = append(added, appender.Add(t.Context(), tessera.NewEntry(leaf)))
	}
	for i, future := range added {
		index, err := future()
		require.NoError(t, err)
		require.Equal(t, uint64(i), index.Index)
	}
	await := tessera.NewPublicationAwaiter(t.Context(), reader.ReadCheckpoint, 50*time.Millisecond)
	_, checkpoint, err := await.Await(t.Context(), func() (tessera.Index, error) { return tessera.Index{Index: n - 1}, nil })
	require.NoError(t, err)
	require.NoError(t, shutdown(t.Context()))

	manifest, err := json.Marshal(struct {
		Format string `json:"format"`
		Tenant string `json:"tenant"`
		Origin string `json:"origin"`
		Size   int    `json:"size"`
		Pruned int    `json:"pruned"`
	}{"bailiwick-audit/1", "acme", "example.com/audit", n, 0})
	require.NoError(t, err)
	files := []audittest.File{{Name: "bundle.json", Data: append(manifest, '\n')}, {Name: fmt.Sprintf("checkpoints/%d", n), Data: checkpoint}}
	for _, name := range []string{
		"tile/entries/000", "tile/0/000", "tile/entries/001", "tile/0/001",
		"tile/entries/002.p/188", "tile/0/002.p/188", "tile/1/000.p/2",
	} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		files = append(files, audittest.File{Name: name, Data: data})
	}
	r, err := audit.Verify(t.Context(), bytes.NewReader(audittest.Pack(files)), audit.Policy{
		Keys: []audit.Key{{Verifier: verifier}}, Trusted: [][]byte{checkpoint},
	})
	require.NoError(t, err)
	require.Empty(t, r.Findings, r)
	require.Equal(t, audit.OK, r.Verdict)
}
