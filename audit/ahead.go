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
	heads := l.store.Heads()
	to, err := heads.Size(ctx)
	if err != nil {
		return err
	}
	from := to - min(to, readAhead) // nothing of this log is left: only what was signed lately can be found
	if newest.Size > 0 {
		at := uint64(newest.HeadsIndex)
		hash, err := leafHashes(ctx, heads, at, at+1)
		if err != nil {
			return err
		}
		if tlog.RecordHash([]byte(newest.head())) != tlog.Hash(hash) {
			return fmt.Errorf("%w: the log of heads has another head at %d", ErrCorrupt, at)
		}
		from, to = at+1, min(to, at+1+readAhead)
	}
	mine := []byte(newest.Origin + "\n")
	var found []string // no other call on the store is made while it reads
	err = heads.Leaves(ctx, from, to, func(s Stored) error {
		if bytes.HasPrefix(s.Leaf, mine) {
			found = append(found, string(s.Leaf))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, text := range found {
		c, err := parseHeadText(text)
		if err != nil {
			return fmt.Errorf("%w: the log of heads has what is no head", ErrCorrupt)
		}
		if c.Size > e.size {
			return checkAhead(ctx, l.store, "the log of heads", c.Size)
		}
		if err := checkExtends(ctx, l.store, e, c); err != nil {
			return err
		}
	}
	return nil
}
