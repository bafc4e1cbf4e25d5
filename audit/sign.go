package audit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// signing is what a process knows of the logs it signs for.
type signing struct {
	mu       sync.Mutex
	unsigned map[tenancy.ID]*unsigned
	latest   map[tenancy.ID]Checkpoint // size and root of the newest that this process signed or saw
	good     map[string]*note.Note     // what openNote opened
	due      chan struct{}             // told when a log has Options.Every new events
	now      func() time.Time
	heads    *headsState
}

func newSigning(o Options) signing {
	return signing{unsigned: map[tenancy.ID]*unsigned{}, latest: map[tenancy.ID]Checkpoint{}, good: map[string]*note.Note{}, due: make(chan struct{}, 1), now: time.Now, heads: newHeadsState(o)}
}

// unsigned is what a process wrote to a log that no checkpoint covers yet.
type unsigned struct {
	events   int
	receipts []Placed // the last ones, at most keptReceipts
}

// keptReceipts is how many receipts of a log are compared with its tree before it is signed.
const keptReceipts = 128

// remember keeps in mind that n events were given places in the tenant's log, these as far as they are known,
// until a checkpoint covers them: before it is signed, the tree must have them there.
func (l *Log) remember(tenant tenancy.ID, n int, places []Placed) {
	s := &l.signing
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.unsigned[tenant]
	if u == nil {
		u = &unsigned{}
		s.unsigned[tenant] = u
	}
	if before := u.events; before < l.opts.Every && before+n >= l.opts.Every {
		select {
		case s.due <- struct{}{}:
		default:
		}
	}
	u.events += n
	places = places[max(0, len(places)-keptReceipts):]
	if over := len(u.receipts) + len(places) - keptReceipts; over > 0 {
		u.receipts = append(u.receipts[:0], u.receipts[over:]...)
	}
	u.receipts = append(u.receipts, places...)
}

// takeUnsigned returns what is to be covered by the tenant's next checkpoint.
func (l *Log) takeUnsigned(id tenancy.ID) *unsigned {
	l.signing.mu.Lock()
	defer l.signing.mu.Unlock()
	u := l.signing.unsigned[id]
	delete(l.signing.unsigned, id)
	return u
}

// putUnsigned gives back what takeUnsigned returned, when no checkpoint came of it.
func (l *Log) putUnsigned(id tenancy.ID, u *unsigned) {
	if u == nil {
		return
	}
	l.signing.mu.Lock()
	defer l.signing.mu.Unlock()
	if now := l.signing.unsigned[id]; now != nil {
		u.events += now.events
		u.receipts = append(u.receipts, now.receipts...)
		u.receipts = u.receipts[max(0, len(u.receipts)-keptReceipts):]
	}
	l.signing.unsigned[id] = u
}

// origin returns the origin of a tenant's log: that of the log of heads, "/", and a keyed hash, which does not
// tell the tenant.
func (l *Log) origin(id tenancy.ID) string {
	mac := hmac.New(sha256.New, l.opts.Key.Derive("audit origin v1"))
	mac.Write([]byte(id.String()))
	return l.opts.Origin + "/" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:16]))
}

var errSignInTx = errors.New("audit: a checkpoint inside a transaction would cover what is not committed")

// signTries is how often Checkpoint starts again because another process was faster.
const signTries = 16

// Checkpoint signs the log of ctx's tenant as it is now, with all that was recorded before, and puts the
// checkpoint into the log of heads. A log that has not grown since keeps its newest checkpoint. It fails with
// ErrNotFound if nothing was ever recorded, with ErrSigner if somebody else signed its newest checkpoint, with
// ErrBackwards if the log does not extend its newest checkpoint, or one that this process signed or that follows in
// the log of heads, and with ErrCorrupt if it has not got what this process recorded. It is not for use inside a
// transaction.
func (l *Log) Checkpoint(ctx context.Context) (Checkpoint, error) {
	id, err := tenancy.From(ctx)
	if err != nil {
		return Checkpoint{}, err
	}
	if l.store.InTx(ctx) {
		return Checkpoint{}, errSignInTx
	}
	return l.checkpointOf(ctx, id, false)
}

// checkpointOf is Checkpoint, of a log that is known to have lost what was signed if restored.
func (l *Log) checkpointOf(ctx context.Context, id tenancy.ID, restored bool) (_ Checkpoint, err error) {
	u := l.takeUnsigned(id)
	for range signTries {
		var c Checkpoint
		if c, err = l.checkpoint(ctx, id, u, restored); err == nil {
			return c, nil
		}
		if !errors.Is(err, ErrConflict) {
			break
		}
	}
	l.putUnsigned(id, u)
	return Checkpoint{}, err
}

// checkpoint is one try of Checkpoint. It is ErrConflict if another process got in between.
func (l *Log) checkpoint(ctx context.Context, id tenancy.ID, u *unsigned, restored bool) (Checkpoint, error) {
	for {
		n, err := l.store.Drain(ctx, 1024)
		if errors.Is(err, ErrIDReused) {
			l.tellReused(ctx, id, err)
			break
		}
		if err != nil {
			return Checkpoint{}, err
		}
		if n == 0 {
			break
		}
	}
	latest, known := l.latestOf(id)
	// The newest is read first: what another process signs after this is no longer than what is read below.
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
	if err := checkReceipts(ctx, l.store, e, u); err != nil {
		return Checkpoint{}, err
	}
	if err := l.index(ctx, &newest.Checkpoint); err != nil {
		return Checkpoint{}, err
	}
	if e.size == 0 {
		return Checkpoint{}, fmt.Errorf("%w: nothing was recorded yet", ErrNotFound)
	}
	if !restored {
		if err := l.checkLatest(ctx, e, newest.Checkpoint, latest, known); err != nil {
			return Checkpoint{}, err
		}
	}
	if e.size == newest.Size {
		l.setLatest(id, newest.Checkpoint)
		return newest.Checkpoint, nil
	}
	if rotated, err := l.recordRotation(ctx, id, newest); err != nil {
		return Checkpoint{}, err
	} else if rotated {
		if e, err = grow(ctx, l.store); err != nil {
			return Checkpoint{}, err
		}
		if err := checkExtends(ctx, l.store, e, newest.Checkpoint); err != nil {
			return Checkpoint{}, err
		}
	}
	c, err := l.statement(l.origin(id), e, newest.Time).sign(l.opts.Signer)
	if err != nil {
		return Checkpoint{}, err
	}
	err = l.store.Sign(ctx, Signed{Size: c.Size, Note: c.Note, HeadsIndex: -1})
	if errors.Is(err, ErrBackwards) {
		return Checkpoint{}, fmt.Errorf("%w: it has a newer checkpoint", ErrConflict)
	}
	if err != nil {
		return Checkpoint{}, err
	}
	// Another process may have signed the same size first, and one text of a size is enough.
	stored, err := l.newestSigned(ctx, l.store, c.Origin)
	if err != nil {
		return Checkpoint{}, err
	}
	if stored.Size < c.Size {
		return Checkpoint{}, fmt.Errorf("%w: a checkpoint of %d leaves was not kept", ErrCorrupt, c.Size)
	}
	if stored.Size == c.Size {
		if stored.Root != c.Root {
			return Checkpoint{}, &ForkError{Where: "another process", Ours: c.Note, Theirs: stored.Note}
		}
		c = stored.Checkpoint
	}
	l.setLatest(id, c)
	return c, l.index(ctx, &c)
}

// statement says what is to be signed of the tree of which e is the edge. Its time is never before that of the one
// before it.
func (l *Log) statement(origin string, e *edge, before time.Time) Checkpoint {
	now := l.signing.now().UTC().Truncate(time.Second)
	if now.Before(before) {
		now = before
	}
	return Checkpoint{Origin: origin, Size: e.size, Root: e.root(), Time: now, HeadsIndex: -1}
}

// index puts c's text into the log of heads, if it is not there.
func (l *Log) index(ctx context.Context, c *Checkpoint) error {
	if c.Size == 0 || c.HeadsIndex >= 0 {
		return nil
	}
	head := []byte(c.head())
	if own, _, err := openUnverified(c.Note); err != nil || own.head() != string(head) {
		return fmt.Errorf("%w: its checkpoint of %d leaves is none of ours", ErrCorrupt, c.Size)
	}
	placed, err := l.store.Heads().Append(ctx, []Entry{{
		ID: uuid.NewSHA1(space, head), Action: "head", Leaf: head, Hash: tlog.RecordHash(head),
	}})
	if err == nil && len(placed) != 1 {
		err = fmt.Errorf("%w: a head got %d places", ErrCorrupt, len(placed))
	}
	if err != nil {
		return err
	}
	if err := l.store.Indexed(ctx, c.Size, int64(placed[0].Seq)); err != nil {
		return err
	}
	c.HeadsIndex = int64(placed[0].Seq)
	return nil
}

// checkReceipts returns nil if the tree has the leaves that this process was told to be in it.
func checkReceipts(ctx context.Context, t Tree, e *edge, u *unsigned) error {
	if u == nil || len(u.receipts) == 0 {
		return nil
	}
	root, read := e.root(), newNodes(ctx, t, e)
	for _, r := range u.receipts {
		if r.Seq >= e.size {
			return fmt.Errorf("%w: it has %d leaves, and event %d was recorded", ErrBackwards, e.size, r.Seq)
		}
		proof, err := tlog.ProveRecord(int64(e.size), int64(r.Seq), read)
		if err != nil {
			return err
		}
		if tlog.CheckRecord(proof, int64(e.size), root, int64(r.Seq), r.Hash) != nil {
			return fmt.Errorf("%w: event %d is not the one that was recorded", ErrCorrupt, r.Seq)
		}
	}
	return nil
}
