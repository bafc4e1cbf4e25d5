package audit

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
)

// signedHead is a checkpoint that the store kept, and who says to have signed it.
type signedHead struct {
	Checkpoint
	by []note.Signature
}

// isBy reports whether the key of that name and hash is among those that signed.
func (h signedHead) isBy(name string, hash uint32) bool {
	for _, by := range h.by {
		if by.Name == name && by.Hash == hash {
			return true
		}
	}
	return false
}

// newestOf returns the newest checkpoint of t, the empty one if nothing was signed yet. Its signature is not
// verified: it only counts for what it forbids.
func newestOf(ctx context.Context, t Tree, origin string) (signedHead, error) {
	s, err := t.Newest(ctx)
	if errors.Is(err, ErrNotFound) {
		return signedHead{Checkpoint: Checkpoint{Origin: origin, HeadsIndex: -1}}, nil
	}
	if err != nil {
		return signedHead{}, err
	}
	return readSigned(s, origin)
}

// readSigned reads a checkpoint as the store keeps it.
func readSigned(s Signed, origin string) (signedHead, error) {
	c, by, err := openUnverified(s.Note)
	switch {
	case err != nil || len(by) == 0:
		return signedHead{}, fmt.Errorf("%w: its checkpoint of %d leaves cannot be read", ErrCorrupt, s.Size)
	case c.Origin != origin:
		return signedHead{}, fmt.Errorf("%w: its checkpoint of %d leaves is of another log", ErrCorrupt, s.Size)
	case c.Size != s.Size:
		return signedHead{}, fmt.Errorf("%w: its checkpoint of %d leaves says %d", ErrCorrupt, s.Size, c.Size)
	}
	c.HeadsIndex = s.HeadsIndex
	return signedHead{c, by}, nil
}
