package audit

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"golang.org/x/mod/sumdb/tlog"
)

// Bundling says who takes a log out. By and Reason are recorded.
type Bundling struct {
	By     Party
	Reason string
	// Heads are signed checkpoints of the log of heads that the reader of the bundle holds. The bundle then proves
	// that the log of heads continues them.
	Heads [][]byte
}

// Bundle writes the log of ctx's tenant to w as one tar stream that [Verify] and the command auditverify check with
// nothing but the log's key: all events, erasable values as far as they are there, the tiles of the tree, signed
// checkpoints and their proofs in the log of heads. It returns the checkpoint that the bundle ends with.
//
// That it is done is recorded first (audit.exported), and is in it. Values that were encrypted stay so. A log that
// was tampered with is written as it is, up to its newest checkpoint, for Verify to find out. It takes constant
// memory, and other work goes on meanwhile.
func (l *Log) Bundle(ctx context.Context, w io.Writer, x Bundling) (Checkpoint, error) {
	end, id, err := l.beginBundle(ctx, "bundle", x)
	if err != nil {
		return Checkpoint{}, err
	}
	out := bufio.NewWriterSize(w, 1<<18)
	b := &bundle{log: l, end: end, tar: tarWriter{w: out}, m: manifest{Format: bundleFormat, Tenant: id.String(), Origin: l.origin(id), Size: end.Size}}
	if err := b.write(ctx, x.Heads); err != nil {
		return Checkpoint{}, fmt.Errorf("audit: bundle: %w", err)
	}
	return end, out.Flush()
}

// beginBundle records the export and returns the checkpoint up to which it goes.
func (l *Log) beginBundle(ctx context.Context, format string, x Bundling) (Checkpoint, tenancy.ID, error) {
	id, err := tenancy.From(ctx)
	if err != nil {
		return Checkpoint{}, id, err
	}
	if _, err := l.recordExport(ctx, format, x.By, x.Reason, nil); err != nil {
		return Checkpoint{}, id, err
	}
	end, err := l.Checkpoint(ctx)
	if isTampering(err) {
		s, failed := l.store.Newest(ctx)
		if failed != nil {
			return Checkpoint{}, id, err
		}
		end, err = Checkpoint{Origin: l.origin(id), Size: s.Size, Note: s.Note, HeadsIndex: s.HeadsIndex}, nil
	}
	return end, id, err
}

// isTampering reports whether a log that cannot be signed is one for Verify to look at.
func isTampering(err error) bool {
	return errors.Is(err, ErrCorrupt) || errors.Is(err, ErrBackwards) || errors.Is(err, ErrSigner)
}

// bundle is one being written.
type bundle struct {
	log   *Log
	tar   tarWriter
	m     manifest
	end   Checkpoint
	heads Checkpoint
}

func (b *bundle) write(ctx context.Context, held [][]byte) error {
	store := b.log.store
	signed, err := signedUpTo(ctx, store, b.end.Size, maxCheckpoints)
	if err != nil {
		return err
	}
	if b.m.Pruned, err = store.PrunedTo(ctx); err != nil {
		return err
	}
	if err := b.readHeads(ctx); err != nil {
		return err
	}
	b.m.Pruned = min(b.m.Pruned, b.m.Size&^(tileWidth-1))
	if err := b.tar.file(fileName(place{section: inManifest}), b.m.bytes()); err != nil {
		return err
	}
	for _, s := range signed {
		if err := b.tar.file(fileName(place{section: inCheckpoints, at: s.Size}), s.Note); err != nil {
			return err
		}
	}
	if b.m.Heads != nil {
		if err := b.writeHeads(ctx, signed, held); err != nil {
			return err
		}
	}
	t := bundler{store: store, size: b.m.Size, pruned: b.m.Pruned, sink: &b.tar, open: true}
	if err := t.tiles(ctx); err != nil {
		return err
	}
	if err := b.writeLater(ctx); err != nil {
		return err
	}
	return b.tar.end()
}

// readHeads signs the log of heads, or, if it cannot be, takes its newest checkpoint. Without one the bundle goes
// without.
func (b *bundle) readHeads(ctx context.Context) error {
	heads, err := b.log.Heads(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		newest, failed := newestOf(ctx, b.log.store.Heads(), b.log.opts.Origin)
		if failed != nil || newest.Size == 0 {
			return nil
		}
		heads = newest.Checkpoint
	}
	b.heads, b.m.Heads = heads, &manifestHeads{Origin: b.log.opts.Origin}
	return nil
}

// writeHeads writes the checkpoint of the log of heads, that it continues what was held, and that it has the
// checkpoints. A proof that cannot be made is left out, and nothing is vouched for by it.
func (b *bundle) writeHeads(ctx context.Context, signed []Signed, held [][]byte) error {
	if err := b.tar.file(fileName(place{section: inHead}), b.heads.Note); err != nil {
		return err
	}
	p, err := newProver(ctx, b.log.store.Heads())
	if errors.Is(err, ErrCorrupt) {
		return nil
	} else if err != nil {
		return err
	}
	for _, from := range heldSizes(held, b.m.Heads.Origin, b.heads.Size) {
		path, err := p.proveConsistency(from, b.heads.Size)
		if errors.Is(err, ErrCorrupt) {
			continue
		} else if err != nil {
			return err
		}
		text := appendHashLines(nil, tlogHashes[tlog.Hash](path))
		if err := b.tar.file(fileName(place{section: inHeadsLinks, at: from}), text); err != nil {
			return err
		}
	}
	for _, s := range signed {
		if s.HeadsIndex < 0 || uint64(s.HeadsIndex) >= b.heads.Size {
			continue
		}
		proof, err := p.prove(b.heads, uint64(s.HeadsIndex))
		if errors.Is(err, ErrCorrupt) {
			continue
		} else if err != nil {
			return err
		}
		text, _ := proof.MarshalText() // never fails
		if err := b.tar.file(fileName(place{section: inHeadsProofs, at: s.Size}), text); err != nil {
			return err
		}
	}
	return nil
}

// writeLater writes what the log recorded about itself since: a value that was erased meanwhile is missing in what
// was written after, and a reader must be told that this was done properly.
func (b *bundle) writeLater(ctx context.Context) error {
	store := b.log.store
	q := Find{From: b.m.Size, Limit: 256}
	for _, a := range []Action{Erased, Pruned, HoldPlaced, HoldReleased} {
		q.Actions = append(q.Actions, a.Name())
	}
	any := false
	if err := store.Find(ctx, q, func(Stored) error { any = true; return errStop }); err != nil && !errors.Is(err, errStop) || !any {
		return err
	}
	newer, err := b.log.Checkpoint(ctx)
	if isTampering(err) {
		return nil // there is enough to find already
	} else if err != nil {
		return err
	}
	p, err := newProver(ctx, store)
	if err != nil {
		return err
	}
	path, err := p.proveConsistency(b.m.Size, newer.Size)
	if err != nil {
		return err
	}
	text := append(appendHashLines(nil, tlogHashes[tlog.Hash](path)), newer.Note...)
	if err := b.tar.file(fileName(place{section: inLater, at: b.m.Size}), text); err != nil {
		return err
	}
	type event struct {
		seq  uint64
		leaf []byte
	}
	for q.To = newer.Size; ; {
		var page []event // no other call on the store is made while it reads
		err := store.Find(ctx, q, func(s Stored) error {
			page = append(page, event{s.Seq, bytes.Clone(s.Leaf)})
			return nil
		})
		if err != nil {
			return err
		}
		for _, e := range page {
			proof, err := p.prove(newer, e.seq)
			if err != nil {
				return err
			}
			text, _ := proof.MarshalText() // never fails
			if err := b.tar.file(fileName(place{section: inLater, at: e.seq, rank: 1}), e.leaf); err != nil {
				return err
			}
			if err := b.tar.file(fileName(place{section: inLater, at: e.seq, rank: 2}), text); err != nil {
				return err
			}
			q.From = e.seq + 1
		}
		if len(page) < q.Limit || q.From >= q.To {
			return nil
		}
	}
}

// WriteTiles writes the log of ctx's tenant into a directory as c2sp.org/tlog-tiles has it, for tools that read
// such logs: "checkpoint", "tile/<level>/<index>" and "tile/entries/<index>". Erasable values and what was pruned
// are not in it. It can be called again for the same directory, when the log has grown. The export is recorded
// first.
func (l *Log) WriteTiles(ctx context.Context, dir string, x Bundling) (Checkpoint, error) {
	end, _, err := l.beginBundle(ctx, "tlog-tiles", x)
	if err != nil {
		return Checkpoint{}, err
	}
	pruned, err := l.store.PrunedTo(ctx)
	if err != nil {
		return Checkpoint{}, err
	}
	sink := directory(dir)
	t := bundler{store: l.store, size: end.Size, pruned: pruned, sink: sink}
	if err := t.tiles(ctx); err != nil {
		return Checkpoint{}, err
	}
	// Last, so that a reader never sees a checkpoint of which tiles are missing.
	return end, sink.file("checkpoint", end.Note)
}

// directory is a folder that files are put into, whole or not at all.
type directory string

func (d directory) file(name string, parts ...[]byte) error {
	name = filepath.Join(string(d), filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	for _, p := range parts {
		if _, err = f.Write(p); err != nil {
			break
		}
	}
	if err = errors.Join(err, f.Sync(), f.Chmod(0o644), f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // err says more
	}
	return err
}
