package audit

import (
	"context"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// recordRotation records that the signer's key is another than that of the newest checkpoint, which is by a key that
// the options name, and reports whether it is. The event is covered by the first checkpoint of the new key; the old key is good up to the size of
// the newest.
func (l *Log) recordRotation(ctx context.Context, id tenancy.ID, newest signedHead) (bool, error) {
	s := l.opts.Signer
	if newest.Size == 0 || newest.isBy(s.Name(), s.KeyHash()) {
		return false, nil
	}
	was := keyID(newest.by[0].Name, newest.by[0].Hash)
	entry, err := l.encode(ctx, id, rotation(was, keyID(s.Name(), s.KeyHash()), newest.Size))
	if err != nil {
		return false, err
	}
	_, err = l.store.Append(ctx, []Entry{entry})
	return true, err
}

// rotation is the event of a change of keys. It has one id, whichever process finds it out first.
func rotation(was, is string, size uint64) Event {
	return Event{
		ID:     IDFor(fmt.Sprintf("audit.key_rotated %s %s %d", was, is, size)),
		Action: Rotated,
		Data:   map[string]any{"old": was, "new": is, "size": size},
	}
}

// keyID names a key as the verifier keys of signed notes begin.
func keyID(name string, hash uint32) string { return fmt.Sprintf("%s+%08x", name, hash) }
