package audit

import "errors"

var (
	// ErrEvent: the event cannot be recorded as it is: no action, text that is not UTF-8, a value of a type
	// that has no one encoding, or more than [MaxLeaf] bytes. Nothing was recorded.
	ErrEvent = errors.New("audit: bad event")
	// ErrIDReused: the log has another event under that id. Nothing was recorded.
	ErrIDReused = errors.New("audit: event id was used for another event")
	// ErrUnknown: it is not known whether the event was recorded. Append it again under the same ID: the
	// log holds it once.
	ErrUnknown = errors.New("audit: outcome of the append is unknown")
	// ErrUnavailable: the log cannot be reached. What it was to record must not happen.
	ErrUnavailable = errors.New("audit: log unavailable")
	// ErrClosed: the log has been closed.
	ErrClosed = errors.New("audit: log is closed")
	// ErrNotFound: the log has no such event.
	ErrNotFound = errors.New("audit: no such event")
	// ErrHeld: a legal hold forbids the erasure or pruning. Nothing was removed.
	ErrHeld = errors.New("audit: under legal hold")
	// ErrCorrupt: what the store returned is not what was recorded: a gap, a hash that does not fit, bytes
	// that are no leaf. Nothing is signed over it.
	ErrCorrupt = errors.New("audit: stored log is damaged or was tampered with")
	// ErrBackwards: the log is shorter than, or another than, one it signed before. Nothing is signed.
	ErrBackwards = errors.New("audit: log went backwards")
	// ErrSigner: the log's newest checkpoint has no good signature of the Signer or of one of Options.Verifiers:
	// somebody else signed it, or a key that the log had is not named. Nothing is signed.
	ErrSigner = errors.New("audit: newest checkpoint is not by a known key")
	// ErrConflict: somebody else extended the tree meanwhile.
	ErrConflict = errors.New("audit: tree was extended by somebody else")
	// ErrSchema: the log's tables are older or newer than this release.
	ErrSchema = errors.New("audit: wrong schema version")
	// ErrShredded: a [Sealer]'s key was destroyed, and what it sealed is gone for good.
	ErrShredded = errors.New("audit: erased by destroying its key")
	// ErrCursor: the cursor is not one of this query.
	ErrCursor = errors.New("audit: cursor is of another query")
)
