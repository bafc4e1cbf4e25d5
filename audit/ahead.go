package audit

import (
	"bytes"
	"context"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"golang.org/x/mod/sumdb/tlog"
)

// A log whose newest checkpoints were taken away with the events that they cover, or which was restored from an old
// copy, extends what is left of them. Two others know better: the process that signed them, and the log of heads, which
// has their texts, lies elsewhere, and is what witnesses and anchors watch.

// readAhead is how many heads a process reads, once a tenant, to find one that is newer than the tenant's newest. Those of
// a log that was written to all the time come soon.
const readAhead = 1 << 14

// latestOf returns the newest checkpoint of the tenant's log that this process signed or saw. It is to be called before the
// store's newest is read, which must not be older.
func (l *Log) latestOf(id tenancy.ID) (Checkpoint, bool) {
	l.signing.mu.Lock()
	defer l.signing.mu.Unlock()
	c, ok := l.signing.latest[id]
	return c, ok
}

// setLatest remembers size and root of c.
func (l *Log) setLatest(id tenancy.ID, c Checkpoint) {
	l.signing.mu.Lock()
	defer l.signing.mu.Unlock()
	if c.Size >= l.signing.latest[id].Size {
		l.signing.latest[id] = Checkpoint{Size: c.Size, Root: c.Root}
	}
}

// checkLatest returns ErrBackwards if the log of which e is the edge had a checkpoint that it does not extend. newest is
// the store's, and latest what latestOf returned before that was read. It is ErrConflict if another process signed
// meanwhile.
func (l *Log) checkLatest(ctx context.Context, e *edge, newest, latest Checkpoint, known bool) error {
	if known {
		switch {
		case latest.Size == newest.Size && latest.Root == newest.Root:
			return nil // e was compared with that already
		case latest.Size > newest.Size:
			return fmt.Errorf("%w: its newest checkpoint is of %d leaves, and this process saw one of %d", ErrBackwards, newest.Size, latest.Size)
		}
		return checkExtends(ctx, l.store, e, latest)
	}
	from, to, err := l.headsAfter(ctx, newest)
	if err != nil {
		return err
	}
	if newest.Size > 0 {
		to = min(to, from+readAhead)
	} else { // nothing of this log is left: only what was signed lately can be found
		from = to - min(to, readAhead)
	}
	heads, err := l.headsOf(ctx, newest.Origin, from, to)
	if err != nil {
		return err
	}
	for _, c := range heads {
		if c.Size > e.size {
			return checkAhead(ctx, l.store, "the log of heads", c.Size)
		}
		if err := checkExtends(ctx, l.store, e, c); err != nil {
			return err
		}
	}
	return nil
}

// headsAfter returns the places in the log of heads from <= seq < to that came after newest, which must be where it says.
func (l *Log) headsAfter(ctx context.Context, newest Checkpoint) (from, to uint64, err error) {
	heads := l.store.Heads()
	if to, err = heads.Size(ctx); err != nil || newest.Size == 0 {
		return 0, to, err
	}
	at := uint64(newest.HeadsIndex)
	hash, err := leafHashes(ctx, heads, at, at+1)
	if err != nil {
		return 0, 0, err
	}
	if tlog.RecordHash([]byte(newest.head())) != tlog.Hash(hash) {
		return 0, 0, fmt.Errorf("%w: the log of heads has another head at %d", ErrCorrupt, at)
	}
	return at + 1, to, nil
}

// headsOf returns the checkpoints of that origin in the places from <= seq < to of the log of heads.
func (l *Log) headsOf(ctx context.Context, origin string, from, to uint64) (found []Checkpoint, err error) {
	mine := []byte(origin + "\n")
	err = l.store.Heads().Leaves(ctx, from, to, func(s Stored) error { // which makes no other call on the store
		if !bytes.HasPrefix(s.Leaf, mine) {
			return nil
		}
		c, err := parseHeadText(string(s.Leaf))
		if err != nil {
			return fmt.Errorf("%w: the log of heads has what is no head", ErrCorrupt)
		}
		found = append(found, c)
		return nil
	})
	return found, err
}

// forgetLatest is for a log that is to be signed again although it does not extend what was signed of it.
func (l *Log) forgetLatest(id tenancy.ID) {
	l.signing.mu.Lock()
	defer l.signing.mu.Unlock()
	delete(l.signing.latest, id)
}
