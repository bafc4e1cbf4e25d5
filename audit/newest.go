package audit

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
)

// signedHead is a checkpoint that the store kept, and who signed it, or, of newestOf, says so.
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

// newestSigned returns the newest checkpoint of t, the empty one if nothing was signed yet. It is ErrSigner if none
// of the keys that the options name signed it, or one is said to have and did not: what somebody else signed is not to
// be gone on from, and above all not to be taken for a change of our own key.
func (l *Log) newestSigned(ctx context.Context, t Tree, origin string) (signedHead, error) {
	s, err := t.Newest(ctx)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return signedHead{}, err
	}
	return l.ofKnownKey(s, origin)
}

// ofKnownKey is newestSigned of a checkpoint that was read already.
func (l *Log) ofKnownKey(s Signed, origin string) (signedHead, error) {
	h, err := newestFrom(s, origin)
	if err != nil || len(h.Note) == 0 {
		return h, err
	}
	n, err := l.openNote(h.Note)
	var forged *note.InvalidSignatureError
	switch {
	case errors.As(err, &forged):
		return signedHead{}, fmt.Errorf("%w: that of %d leaves has a wrong signature of %q", ErrSigner, h.Size, keyID(forged.Name, forged.Hash))
	case err != nil:
		return signedHead{}, fmt.Errorf("%w: that of %d leaves is by %q", ErrSigner, h.Size, keyID(h.by[0].Name, h.by[0].Hash))
	}
	h.by = n.Sigs
	return h, nil
}

// newestOf is newestSigned, but its signature is not verified: it only counts for what it forbids.
func newestOf(ctx context.Context, t Tree, origin string) (signedHead, error) {
	s, err := t.Newest(ctx)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return signedHead{}, err
	}
	return newestFrom(s, origin)
}

func newestFrom(s Signed, origin string) (signedHead, error) {
	if len(s.Note) == 0 && s.Size == 0 {
		return signedHead{Checkpoint: Checkpoint{Origin: origin, HeadsIndex: -1}}, nil
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

// rememberedNotes bounds how many signed notes are remembered.
const rememberedNotes = 1024

// openNote opens a note by the keys that the options name, which are the same as long as the log is open: one whose
// signatures were good stays good.
func (l *Log) openNote(signed []byte) (*note.Note, error) {
	s := &l.signing
	s.mu.Lock()
	n := s.good[string(signed)]
	s.mu.Unlock()
	if n != nil {
		return n, nil
	}
	n, err := note.Open(signed, l.known)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.good) >= rememberedNotes {
		clear(s.good)
	}
	s.good[string(signed)] = n
	return n, nil
}
