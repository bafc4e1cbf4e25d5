package sqlite

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// holds are those that this process has of a file. Other processes see that there are some: a byte far behind the end of the
// file is locked for each key that is held. The system ends the lock with the process.
type holds struct {
	mu     sync.Mutex
	taken  map[[16]byte]map[chan struct{}]struct{} // each is closed when the hold has ended
	locked map[int64]int                           // holds by the byte that is locked for them
	file   *os.File                                // a descriptor of its own: its locks are no other's
}

// holder is how a transaction shows the holds of its file. They outlive it, and keep the file open.
type holder handle

var (
	_ tenantdb.Holder  = (*holder)(nil)
	_ tenantdb.Drainer = (*DB)(nil)
)

// Hold implements [tenantdb.Holder].
func (h *holder) Hold(key [16]byte) (release func(), err error) {
	s, at := &h.holds, byteOf(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.locked[at] == 0 {
		if err := s.open(h.path); err != nil {
			return nil, err
		}
		if err := lockByte(s.file, at); err != nil {
			return nil, fmt.Errorf("%w: %w", tenantdb.ErrUnavailable, err)
		}
	}
	if s.taken == nil {
		s.taken, s.locked = map[[16]byte]map[chan struct{}]struct{}{}, map[int64]int{}
	}
	if s.taken[key] == nil {
		s.taken[key] = map[chan struct{}]struct{}{}
	}
	over := make(chan struct{})
	s.taken[key][over] = struct{}{}
	s.locked[at]++
	(*handle)(h).pin()
	return sync.OnceFunc(func() {
		s.end(key, at, over)
		(*handle)(h).release()
	}), nil
}

// end ends a hold.
func (s *holds) end(key [16]byte, at int64, over chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(over)
	if delete(s.taken[key], over); len(s.taken[key]) == 0 {
		delete(s.taken, key)
	}
	if s.locked[at]--; s.locked[at] == 0 {
		delete(s.locked, at)
		_ = unlockByte(s.file, at) // closing the file would
	}
}

// Drain implements [tenantdb.Drainer].
func (d *DB) Drain(ctx context.Context, of tenantdb.Scope, keys [][16]byte) error {
	h, err := d.pool.acquire(ctx, of.Tenant)
	if err != nil {
		return err
	}
	defer h.release()
	for _, over := range h.holds.of(keys) {
		select {
		case <-over:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for _, key := range keys {
		if err := h.holds.others(ctx, h.path, byteOf(key)); err != nil {
			return err
		}
	}
	return nil
}

// of returns the holds of those keys that this process has now.
func (s *holds) of(keys [][16]byte) (all []<-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		for over := range s.taken[key] {
			all = append(all, over)
		}
	}
	return all
}

// others waits until no other process has that byte locked. Nobody tells when, so it looks again and again.
func (s *holds) others(ctx context.Context, path string, at int64) error {
	const firstWait, lastWait = 50 * time.Microsecond, 2 * time.Millisecond
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		alone, err := s.alone(path, at)
		if alone || err != nil {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// alone reports whether no other process has that byte locked. To lock it against them for a moment is how to know.
func (s *holds) alone(path string, at int64) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(path); err != nil {
		return false, err
	}
	alone, err := tryByte(s.file, at)
	if alone && err == nil {
		if s.locked[at] > 0 {
			err = lockByte(s.file, at)
		} else {
			err = unlockByte(s.file, at)
		}
	}
	if err != nil {
		return false, fmt.Errorf("%w: %w", tenantdb.ErrUnavailable, err)
	}
	return alone, nil
}

func (s *holds) open(path string) (err error) {
	if s.file == nil {
		if s.file, err = os.OpenFile(path, os.O_RDWR|noFollow, 0); err != nil {
			s.file = nil
			return fmt.Errorf("%w: %w", tenantdb.ErrUnavailable, pathless(err))
		}
	}
	return nil
}

// descriptor returns the file that bytes are locked in.
func (s *holds) descriptor(path string) (*os.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.open(path)
	return s.file, err
}

func (s *holds) close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// byteOf is the byte that is locked while key is held: far behind what SQLite locks, and what a file can have. Two keys may have the
// same, and wait for each other then.
func byteOf(key [16]byte) int64 {
	return int64(1<<62 | (binary.BigEndian.Uint64(key[:8])^binary.BigEndian.Uint64(key[8:]))&(1<<62-1))
}
