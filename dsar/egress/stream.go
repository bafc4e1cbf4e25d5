package egress

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// Stream is an export under way: what is written to it goes, encrypted, to its sink. Once it has failed, at a limit or otherwise, it fails for
// ever. It ends with [Stream.Finish], or with [Stream.Stop], which does nothing after Finish. Its methods may be called by several goroutines.
type Stream struct {
	guard *Guard

	mu     sync.Mutex
	e      Export
	sealed io.WriteCloser
	out    *outlet
	failed error
	closed bool // Finish has closed the sink
	over   bool // it is written down how it ended
}

func (s *Stream) open(ctx context.Context, sink *Sink) error {
	w, err := sink.Open(ctx, s.e.ID)
	if err != nil {
		s.failed = fmt.Errorf("egress: opening the sink: %w", err)
		return s.failed
	}
	s.out = &outlet{to: w, digest: sha256.New()}
	if s.sealed, err = sink.Encrypt(s.out); err != nil {
		s.failed = fmt.Errorf("egress: encrypting: %w", err)
	}
	return s.failed
}

// Rows counts n rows, before they are written. ErrLimit if they are more than was asked for: then none of them counts, and the stream
// has failed.
func (s *Stream) Rows(n int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(); err != nil {
		return err
	}
	if n < 0 || n > s.e.Limit.Rows-s.e.Taken.Rows {
		s.failed = ErrLimit
		return s.failed
	}
	s.e.Taken.Rows += n
	return nil
}

// Write encrypts p and writes it to the sink. ErrLimit if that is more than was asked for: then nothing of p is written, and the stream
// has failed.
func (s *Stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(); err != nil {
		return 0, err
	}
	if int64(len(p)) > s.e.Limit.Bytes-s.e.Taken.Bytes {
		s.failed = ErrLimit
		return 0, s.failed
	}
	s.out.plain(p)
	n, err := s.sealed.Write(p)
	s.e.Taken.Bytes += int64(n)
	if err != nil {
		s.failed = fmt.Errorf("egress: writing: %w", err)
		return n, s.failed
	}
	return n, nil
}

func (s *Stream) usable() error {
	if s.failed == nil && (s.closed || s.over) {
		return ErrState
	}
	return s.failed
}

// Finish ends what was written, closes the sink, and writes down and records how much left. If only the latter fails, call it again. A stream
// that has failed cannot be finished: it is stopped, and the error is why.
func (s *Stream) Finish(ctx context.Context) (Export, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil && !s.closed && !s.over {
		if err := s.sealed.Close(); err != nil {
			s.failed = fmt.Errorf("egress: encrypting: %w", err)
		} else if err := s.out.end(); err != nil {
			s.failed = fmt.Errorf("egress: closing the sink: %w", err)
		} else {
			s.closed, s.e.Digest = true, "sha256:"+hex.EncodeToString(s.out.digest.Sum(nil))
		}
	}
	switch {
	case s.failed != nil:
		return Export{}, errors.Join(s.failed, s.stop(ctx))
	case s.over && !s.closed:
		return Export{}, ErrState
	case s.over:
		return s.e, nil
	}
	return s.e, s.end(ctx, Finished, audit.Success)
}

// Stop ends a stream that was not finished: what is at the sink does not decrypt to its end. What was written counts as taken.
func (s *Stream) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || s.closed {
		return nil
	}
	return s.stop(ctx)
}

func (s *Stream) stop(ctx context.Context) error {
	if s.failed == nil {
		s.failed = ErrState
	}
	var undone error
	if s.out != nil && !s.out.gone { // the encrypting writer is not closed: what it holds back is what makes the rest decrypt
		s.out.gone = true
		if a, ok := s.out.to.(interface{ Abort() error }); ok {
			undone = a.Abort()
		} else {
			undone = s.out.to.Close()
		}
	}
	if s.over {
		return undone
	}
	return errors.Join(undone, s.end(ctx, Stopped, audit.Failure))
}

// end writes down how the stream ended, also if the caller has gone.
func (s *Stream) end(ctx context.Context, how State, outcome audit.Outcome) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	s.e.State = how
	err := s.guard.change(ctx, s.e.ID, func(ctx context.Context, e *Export, now time.Time) error {
		if e.State != Streaming {
			return ErrState
		}
		e.State, e.Ended, e.Taken, e.Digest = how, now, s.e.Taken, s.e.Digest
		if err := s.guard.record(ctx, ended, outcome, e.By, e, "ended"); err != nil {
			return err
		}
		s.e.Ended, s.e.Version = now, e.Version+1
		return nil
	})
	if err == nil {
		s.over = true
	}
	return err
}

// outlet is between what encrypts and the sink. It refuses what was not encrypted.
type outlet struct {
	to     io.WriteCloser
	digest hash.Hash
	first  []byte // of what is to be encrypted
	held   []byte // of what is encrypted: too little to say that it is
	began  bool   // something is out
	gone   bool
}

// samePlain is how many bytes in the place of a header of ciphertext are no accident.
const samePlain = 8

// plain notes how what is to be encrypted begins.
func (o *outlet) plain(p []byte) {
	if n := samePlain - len(o.first); n > 0 && !o.began {
		o.first = append(o.first, p[:min(n, len(p))]...)
	}
}

func (o *outlet) Write(p []byte) (int, error) {
	if o.began {
		return o.pass(p)
	}
	held := len(o.held)
	if o.held = append(o.held, p...); len(o.held) < samePlain {
		return len(p), nil
	}
	n, err := o.begin()
	return max(n-held, 0), err
}

// begin lets out what was held.
func (o *outlet) begin() (int, error) {
	if n := min(len(o.first), len(o.held)); n > 0 && bytes.Equal(o.first[:n], o.held[:n]) {
		return 0, fmt.Errorf("%w: its Encrypt does not encrypt", ErrPolicy)
	}
	o.began = true
	return o.pass(o.held)
}

func (o *outlet) pass(p []byte) (int, error) {
	n, err := o.to.Write(p)
	_, _ = o.digest.Write(p[:n])
	return n, err
}

// end closes the sink behind what is encrypted to its end.
func (o *outlet) end() error {
	if !o.began {
		if _, err := o.begin(); err != nil {
			return err
		}
	}
	o.gone = true
	return o.to.Close()
}
