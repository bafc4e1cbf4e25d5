package audit

import (
	"context"
	"time"
)

// Anchor is a place outside the reach of who administers the database, where checkpoints of the log of heads
// are kept: a folder of write-once storage, somebody else's server. What it returns is compared with the log
// when it is opened, and a log that does not extend it signs nothing any more.
type Anchor interface {
	// Name names the anchor in errors and logs.
	Name() string
	// Publish keeps a signed note, durably when it returns. It never replaces or removes another.
	Publish(ctx context.Context, signed []byte) error
	// Latest returns the note of the greatest size that was published, or ErrNotFound.
	Latest(ctx context.Context) ([]byte, error)
}

// Anchoring is an anchor and how much the log depends on it.
type Anchoring struct {
	Anchor Anchor
	// Required makes [Log.Heads] fail if the anchor does not answer. Others are told later what they missed: the
	// newest checkpoint.
	Required bool
	// Timeout is how long one call may take; 0 means 5 seconds.
	Timeout time.Duration
}
