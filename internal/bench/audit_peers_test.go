//go:build peers

package bench

import (
	"context"
	"encoding/binary"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/codenotary/immudb/embedded/logger"
	"github.com/codenotary/immudb/embedded/store"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"k8s.io/klog/v2"
)

// Logs with a Merkle tree that are libraries too, over files of their own: no database, no tenants, nothing erasable. Both
// are set up for few writers who wait: as they come they collect for 250 and 20 milliseconds.
func init() {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	auditPeers = append(auditPeers, appender{"peer_tessera", openTessera}, appender{"peer_immudb", openImmudb})
}

// openTessera opens github.com/transparency-dev/tessera on a folder. An event has its place when the batch it is in was
// written; signing comes later, every 100 milliseconds.
func openTessera(tb testing.TB, _ int) trail {
	ctx, cancel := context.WithCancel(context.Background())
	driver, err := posix.New(ctx, posix.Config{Path: folder(tb)})
	if err != nil {
		tb.Fatal(err)
	}
	log, shutdown, reader, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().WithCheckpointSigner(auditSigner).
		WithBatching(1024, 5*time.Millisecond).WithCheckpointInterval(100*time.Millisecond))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := shutdown(context.Background()); err != nil {
			tb.Error(err)
		}
		cancel()
	})
	return trail{func(h *happening) error {
		_, err := log.Add(ctx, tessera.NewEntry(h.line))()
		return err
	}, func() (int, error) {
		n, err := reader.NextIndex(ctx)
		return int(n), err
	}, nil}
}

// openImmudb opens the embedded store of github.com/codenotary/immudb, which syncs what was committed every millisecond. An
// event is a transaction.
func openImmudb(tb testing.TB, writers int) trail {
	s, err := store.Open(folder(tb), store.DefaultOptions().WithLogger(logger.NewSimpleLogger("", io.Discard)).
		WithSynced(true).WithSyncFrequency(time.Millisecond).WithMaxConcurrency(max(writers, 64)))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	ctx := context.Background()
	var last atomic.Uint64
	return trail{func(h *happening) error {
		tx, err := s.NewWriteOnlyTx(ctx)
		if err != nil {
			return err
		}
		key := binary.BigEndian.AppendUint64([]byte(tenantName(0)), last.Add(1))
		if err := tx.Set(key, nil, h.line); err != nil {
			return err
		}
		// It waits for the sync, and not for the index by key, which nobody here reads.
		_, err = tx.AsyncCommit(ctx)
		return err
	}, func() (int, error) { return int(s.TxCount()), nil }, nil}
}
