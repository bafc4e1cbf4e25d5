package audit

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"golang.org/x/mod/sumdb/note"
)

// Restoring says why a log that was restored from an old copy is to be gone on with.
type Restoring struct {
	// Reason and By are recorded; Reason is clear text for ever: nothing personal in it.
	Reason string
	By     Party
	// Lost are signed checkpoints, held outside, of this log or of the log of heads, that are not of the log as it is now: such as
	// the newest that an anchor has. Those in the log of heads need not be given.
	Lost [][]byte
}

// keptLost is how many lost checkpoints an event names, the newest first.
const keptLost = 512

// ErrNothingLost: the log extends all that is known to have been signed of it.
var ErrNothingLost = errors.New("audit: nothing was lost")

// AcceptRestore goes on with the log of ctx's tenant although it was signed with events that it has not got any more, because it was
// restored from an old copy. That is recorded in the log (audit.restored) with the checkpoints that were lost, and
// the log is signed with it. Without it such a log is never signed again ([ErrBackwards]).
//
// It hides nothing. [Verify] reports the event as an Error, and does not take a lost checkpoint for another's fault, unless its
// policy names that very event; and then it excuses the checkpoints that the event names and no others. The events
// themselves are gone: record again what else tells of.
//
// Stop all processes that have the log open before the restore; those that saw what was lost go on refusing. It is ErrNothingLost if
// the log extends all that is known, and ErrBackwards if it does not even extend the checkpoints that it holds itself: then it was
// tampered with, or restored in part.
func (l *Log) AcceptRestore(ctx context.Context, r Restoring) (Checkpoint, error) {
	id, err := tenancy.From(ctx)
	if err != nil {
		return Checkpoint{}, err
	}
	switch {
	case l.isClosed():
		return Checkpoint{}, ErrClosed
	case l.store.InTx(ctx):
		return Checkpoint{}, errSignInTx
	}
	if err := cmp.Or(checkAct(r.Reason, r.By), checkText("reason", "", r.Reason, basisBytes)); err != nil {
		return Checkpoint{}, err
	}
	newest, err := l.newestSigned(ctx, l.store, l.origin(id))
	if err != nil {
		return Checkpoint{}, err
	}
	e, err := grow(ctx, l.store)
	if err != nil {
		return Checkpoint{}, err
	}
	if err := checkExtends(ctx, l.store, e, newest.Checkpoint); err != nil {
		return Checkpoint{}, err
	}
	if err := l.index(ctx, &newest.Checkpoint); err != nil {
		return Checkpoint{}, err
	}
	lost, err := l.lostHeads(ctx, e, newest.Checkpoint)
	if err != nil {
		return Checkpoint{}, err
	}
	for _, raw := range r.Lost {
		text, err := l.lostOutside(ctx, id, e, raw)
		if err != nil {
			return Checkpoint{}, err
		}
		if !slices.Contains(lost, text) {
			lost = append(lost, text)
		}
	}
	if len(lost) == 0 {
		return Checkpoint{}, ErrNothingLost
	}
	lost = lost[max(0, len(lost)-keptLost):]
	entry, err := l.encode(ctx, id, Event{
		ID: IDFor("audit.restored " + strings.Join(lost, "\n")), Action: Restored, Actor: r.By,
		Data: map[string]any{"kept": newest.Size, "lost": lost, "reason": r.Reason},
	})
	if err != nil {
		return Checkpoint{}, err
	}
	if _, err := l.store.Append(ctx, []Entry{entry}); err != nil { // once, however often it is tried
		return Checkpoint{}, err
	}
	l.forgetLatest(id)
	return l.checkpointOf(ctx, id, true)
}

// lostHeads returns the checkpoints of the log of which e is the edge that the log of heads has after newest and that it does not extend,
// oldest first.
func (l *Log) lostHeads(ctx context.Context, e *edge, newest Checkpoint) (lost []string, err error) {
	from, to, err := l.headsAfter(ctx, newest)
	if err != nil {
		return nil, err
	}
	for ; from < to; from += min(readAhead, to-from) {
		heads, err := l.headsOf(ctx, newest.Origin, from, min(to, from+readAhead))
		if err != nil {
			return nil, err
		}
		for _, c := range heads {
			switch err := checkExtends(ctx, l.store, e, c); {
			case errors.Is(err, ErrBackwards):
				lost = append(lost, lostText("", c.Size, c.Root))
			case err != nil:
				return nil, err
			}
		}
		lost = slices.Clone(lost[max(0, len(lost)-keptLost):])
	}
	return lost, nil
}

// lostOutside returns how a checkpoint that was held outside is named, if it is lost.
func (l *Log) lostOutside(ctx context.Context, id tenancy.ID, e *edge, raw []byte) (string, error) {
	n, err := note.Open(raw, l.known)
	if err != nil || len(raw) > maxSignedNote {
		return "", fmt.Errorf("%w: one that was held outside", ErrSigner)
	}
	c, err := parseHeadText(n.Text)
	if err != nil {
		return "", err
	}
	of, t := "", Tree(l.store)
	switch c.Origin {
	case l.origin(id):
	case l.opts.Origin:
		of, t = lostOfHeads, l.store.Heads()
		if e, err = grow(ctx, t); err != nil {
			return "", err
		}
	default:
		return "", errors.New("audit: a checkpoint that was held outside is of another log")
	}
	switch err := checkExtends(ctx, t, e, c); {
	case err == nil:
		return "", fmt.Errorf("%w of a checkpoint of %d leaves that was held outside", ErrNothingLost, c.Size)
	case !errors.Is(err, ErrBackwards):
		return "", err
	}
	return lostText(of, c.Size, c.Root), nil
}

// lostOfHeads begins the names of checkpoints of the log of heads.
const lostOfHeads = "heads "

// lostText is how an audit.restored event names a checkpoint.
func lostText(of string, size uint64, root [hashSize]byte) string {
	return of + strconv.FormatUint(size, 10) + " " + base64.StdEncoding.EncodeToString(root[:])
}
