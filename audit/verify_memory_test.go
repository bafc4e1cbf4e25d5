package audit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// endlessLog writes a bundle of n events with six erasable values each, all of which were erased: what a verifier
// must keep most in mind. The events are made while they are written; the last n/1000 or so are the erasures.
func endlessLog(tb testing.TB, w io.Writer, n uint64, s note.Signer) {
	tb.Helper()
	const erasedAtOnce = 800
	each := func(seq uint64, full func(leaf []byte)) {
		head := fmt.Sprintf(`{"v":1,"tenant":"acme","id":"%08x-0000-7000-8000-%012x","time":"2026-11-22T00:00:00.000000Z","action":"`, seq>>16, seq)
		gone := n - n/(erasedAtOnce+1) - 1 // the events below are people's
		if seq < gone {
			b := []byte(head + `document.read","outcome":"success","personal":{`)
			for i, l := range []string{"actor.id", "actor.name", "actor.email", "source.ip", "source.agent", "reason"} {
				b = append(b, fmt.Sprintf(`%s"%s":"%043d"`, [...]string{"", ","}[min(i, 1)], l, seq)...)
			}
			full(append(b, `},"actor":{"type":"user","person":true}}`...))
			return
		}
		b := []byte(head + `audit.erased","outcome":"success","data":{"basis":"x","fields":[`)
		from := (seq - gone) * erasedAtOnce
		for i := from; i < min(from+erasedAtOnce, gone); i++ {
			b = append(b, fmt.Sprintf(`%s"%d:actor.id,actor.name,actor.email,source.ip,source.agent,reason"`, [...]string{"", ","}[min(i-from, 1)], i)...)
		}
		full(append(b, `]}}`...))
	}
	// Once for the root, which is signed before the events, and once for the events.
	var e edge
	leaves := func(row func(base uint64, entries []byte, data []byte)) {
		var entries, data []byte
		for seq := range n {
			each(seq, func(leaf []byte) {
				h := tlog.RecordHash(leaf)
				data = append(data, h[:]...)
				entries = append(binary.BigEndian.AppendUint16(entries, uint16(len(leaf))), leaf...)
			})
			if seq%tileWidth == tileWidth-1 {
				row(seq+1-tileWidth, entries, data)
				entries, data = entries[:0], data[:0]
			}
		}
	}
	leaves(func(_ uint64, _, data []byte) { require.NoError(tb, e.addTile(data, nil)) })
	root := e.root()
	signed, err := note.Sign(&note.Note{Text: fmt.Sprintf("o\n%d\n%s\ntime 2026-11-22T00:00:00Z\n", n, base64.StdEncoding.EncodeToString(root[:]))}, s)
	require.NoError(tb, err)
	t := &tarWriter{w: w}
	require.NoError(tb, t.file("bundle.json", (&manifest{Format: bundleFormat, Tenant: "acme", Origin: "o", Size: n}).bytes()))
	require.NoError(tb, t.file(fmt.Sprintf("checkpoints/%d", n), signed))
	b := &bundler{store: nowhere{}, size: n, sink: t}
	leaves(func(base uint64, entries, data []byte) {
		at := place{section: inTiles, at: base / tileWidth}
		require.NoError(tb, t.file(fileName(at), entries))
		at.rank = rankTile
		require.NoError(tb, t.file(fileName(at), data))
		b.hashes = data
		require.NoError(tb, b.upper(tb.Context(), at.at, tileWidth))
	})
	require.NoError(tb, t.end())
}

func testVerifyMemory(t *testing.T, n uint64) (peak uint64) {
	secret, vkey, err := note.GenerateKey(nil, "o")
	require.NoError(t, err)
	verifier, err := note.NewVerifier(vkey)
	require.NoError(t, err)
	if n < 1<<20 {
		signer, err := note.NewSigner(secret)
		require.NoError(t, err)
		var b bytes.Buffer
		endlessLog(t, &b, n, signer)
		return measureVerify(t, &b, n, verifier)
	}
	// Another process makes what is too long for a disk, so that its memory is not counted.
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	child := exec.Command(os.Args[0], "-test.run", "^TestWriteAnEndlessLog$")
	child.Env = append(os.Environ(), fmt.Sprintf("BAILIWICK_ENDLESS_LOG=%d %s", n, secret))
	child.ExtraFiles = []*os.File{w}
	child.Stdout, child.Stderr = os.Stderr, os.Stderr
	require.NoError(t, child.Start())
	require.NoError(t, w.Close())
	peak = measureVerify(t, r, n, verifier)
	require.NoError(t, child.Wait())
	return peak
}

// TestWriteAnEndlessLog is the other process of TestSoakTenMillionErasedEventsAreVerifiedIn64MiB.
func TestWriteAnEndlessLog(t *testing.T) {
	order := os.Getenv("BAILIWICK_ENDLESS_LOG")
	if order == "" {
		t.Skip("it is run by another test")
	}
	count, secret, _ := strings.Cut(order, " ")
	n, err := strconv.ParseUint(count, 10, 64)
	require.NoError(t, err)
	signer, err := note.NewSigner(secret)
	require.NoError(t, err)
	w := bufio.NewWriterSize(os.NewFile(3, "bundle"), 1<<20)
	endlessLog(t, w, n, signer)
	require.NoError(t, w.Flush())
}

func measureVerify(t *testing.T, r io.Reader, n uint64, verifier note.Verifier) uint64 {
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	var peak atomic.Uint64
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for tick := time.NewTicker(50 * time.Millisecond); ; {
			select {
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak.Store(max(peak.Load(), m.HeapAlloc-min(m.HeapAlloc, before.HeapAlloc)))
			case <-done:
				tick.Stop()
				return
			}
		}
	}()
	rep, err := Verify(t.Context(), r, Policy{Keys: []Key{{Verifier: verifier}}})
	close(done)
	<-stopped
	require.NoError(t, err)
	require.Empty(t, rep.Findings, rep)
	require.Equal(t, rep.Fields, rep.Erased)
	require.Equal(t, n, rep.Events)
	return peak.Load()
}

func TestALogInWhichAllIsErasedVerifies(t *testing.T) {
	t.Parallel()
	testVerifyMemory(t, 4096)
}

func TestSoakTenMillionErasedEventsAreVerifiedIn64MiB(t *testing.T) {
	if os.Getenv("BAILIWICK_SOAK") == "" {
		t.Skip("BAILIWICK_SOAK is not set")
	}
	peak := testVerifyMemory(t, 10_000_000/tileWidth*tileWidth)
	t.Logf("peak %d MiB", peak>>20)
	require.Less(t, peak, uint64(64<<20))
}

// nowhere is a store that has no tiles.
type nowhere struct{ Tree }

func (nowhere) Tiles(_ context.Context, of []TileID) ([][]byte, error) {
	return make([][]byte, len(of)), nil
}
