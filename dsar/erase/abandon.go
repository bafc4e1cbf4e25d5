package erase

import (
	"context"
	"errors"
)

// ErrAbandoned: the job was given up. What it did stays done; what is left takes another job.
var ErrAbandoned = errors.New("erase: the job was abandoned")

// Abandon ends a job that nobody will go on with, such as one whose map has changed: the keys it has noted, its steps and its salt are
// removed. ErrBusy while a worker has it. It does nothing for a job that is done, or that there never was.
func (e *Eraser) Abandon(ctx context.Context, job string) error {
	entry, err := e.j.Find(ctx, job)
	if err != nil || entry.Job == "" || !entry.Done.IsZero() {
		return err
	}
	worker := token()
	if _, err := e.j.Open(ctx, entry, worker, e.o.Lease); err != nil {
		return err
	}
	return e.j.Close(ctx, job, worker, nil)
}
