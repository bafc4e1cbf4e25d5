package audit

import "fmt"

// ForkError is two checkpoints of one log that no one history can have: the log is another than it was, or
// somebody shows different people different logs. It is [ErrBackwards].
type ForkError struct {
	Where        string // who has the other one
	Ours, Theirs []byte // signed notes
}

// Error does not contain the notes.
func (e *ForkError) Error() string {
	return fmt.Sprintf("%v: %s has a checkpoint that it does not extend", ErrBackwards, e.Where)
}

// Unwrap returns [ErrBackwards].
func (e *ForkError) Unwrap() error { return ErrBackwards }

// Evidence returns both notes as one text, to be kept: their signatures prove that there were two logs.
func (e *ForkError) Evidence() []byte {
	return fmt.Appendf(nil, "two checkpoints of one log which are not of one history\n\nours:\n%s\ntheirs, of %s:\n%s",
		e.Ours, e.Where, e.Theirs)
}
