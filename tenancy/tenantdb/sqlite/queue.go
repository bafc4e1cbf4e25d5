package sqlite

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// SQLite has no queue for those who would write: who finds the file locked sleeps and looks again, longer each time, while a process
// that has just written writes again. Some wait for seconds, and then give up. So the processes that use this package take turns, by two
// bytes far behind the end of the file: who writes has the second; and who is the next has the first, and gives it back when it has the second.
// Who has written has to become the next before it writes again.
const (
	nextByte   = 1<<61 + 1
	writerByte = 1<<61 + 2
)

// queue waits for the turn of this process to write, of which [handle.leave] is the end. Who does not use this package does not queue:
// SQLite's own lock still decides.
func (h *handle) queue(ctx context.Context) error {
	f, err := h.holds.descriptor(h.path)
	if err != nil {
		return err
	}
	until := time.Now().Add(h.db.opts.Wait)
	if err := waitByte(ctx, f, nextByte, until); err != nil {
		return err
	}
	err = waitByte(ctx, f, writerByte, until)
	if uerr := unlockByte(f, nextByte); err == nil && uerr != nil {
		_ = unlockByte(f, writerByte)
		err = fmt.Errorf("%w: %w", tenantdb.ErrUnavailable, uerr)
	}
	return err
}

// waitByte locks a byte against all other processes. It looks again and again: a call that waits in the system could not be ended.
func waitByte(ctx context.Context, f *os.File, at int64, until time.Time) error {
	const firstWait, lastWait = 20 * time.Microsecond, 500 * time.Microsecond
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		got, err := tryByte(f, at)
		switch {
		case err != nil:
			return fmt.Errorf("%w: %w", tenantdb.ErrUnavailable, err)
		case got:
			return nil
		case time.Now().After(until):
			return fmt.Errorf("%w: another process is writing", tenantdb.ErrConflict)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", tenantdb.ErrPoolFull, context.Cause(ctx))
		}
	}
}
