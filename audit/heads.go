package audit

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
)

// headsState is what a process needs to sign the log of heads.
type headsState struct {
	turn      chan struct{} // has room for who signs
	closed    bool          // guarded by turn
	witnesses []*witnessLane
	anchors   []*anchorLane
	outside   sync.WaitGroup // calls under way
}

type witnessLane struct {
	*lane
	client *witnessClient
}

type anchorLane struct {
	*lane
	anchor Anchor
}

func newHeadsState(o Options) *headsState {
	h := &headsState{turn: make(chan struct{}, 1)}
	for _, w := range o.Witnesses {
		h.witnesses = append(h.witnesses, &witnessLane{newLane("witness "+w.Key.Name(), w.Required, w.Timeout), newWitnessClient(w)})
	}
	for _, a := range o.Anchors {
		h.anchors = append(h.anchors, &anchorLane{newLane("anchor "+a.Anchor.Name(), a.Required, a.Timeout), a.Anchor})
	}
	return h
}

// checkOutside returns what is wrong with the options that name parties outside.
func (o Options) checkOutside() error {
	for _, w := range o.Witnesses {
		u, err := url.Parse(w.URL)
		switch {
		case w.Key == nil:
			return errors.New("audit: a witness has no key")
		case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
			return fmt.Errorf("audit: the URL of witness %s is none", w.Key.Name())
		case w.Timeout < 0:
			return errors.New("audit: an option is negative")
		}
	}
	for _, a := range o.Anchors {
		switch {
		case a.Anchor == nil:
			return errors.New("audit: an anchor is nil")
		case a.Timeout < 0:
			return errors.New("audit: an option is negative")
		}
	}
	return nil
}

// openHeads compares the log of heads with its newest checkpoint, and with what each anchor has. An anchor that
// cannot be reached is compared later, before the first checkpoint that this process gives it.
func (l *Log) openHeads(ctx context.Context) error {
	t := l.store.Heads()
	for range signTries {
		_, _, err := l.readHeads(ctx, t)
		if !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return ErrConflict
}

// readHeads returns the newest checkpoint of heads, and the edge of their tree, which extends it and what each
// anchor has. It is ErrConflict if another process extended it meanwhile.
func (l *Log) readHeads(ctx context.Context, t Tree) (signedHead, *edge, error) {
	newest, err := l.newestSigned(ctx, t, l.opts.Origin)
	if err != nil {
		return newest, nil, err
	}
	e, err := grow(ctx, t)
	if err != nil {
		return newest, nil, err
	}
	if err := checkExtends(ctx, t, e, newest.Checkpoint); err != nil {
		return newest, nil, err
	}
	return newest, e, l.compareAnchors(ctx, t, e)
}

// checkAhead returns the error of a log that is shorter than what somebody outside has of it: ErrConflict if only
// what was read of it is, because another process extended it since.
func checkAhead(ctx context.Context, t Tree, who string, theirs uint64) error {
	size, err := t.Size(ctx)
	switch {
	case err != nil:
		return err
	case size >= theirs:
		return ErrConflict
	}
	return fmt.Errorf("%w: it has %d leaves, and %s has a checkpoint of %d", ErrBackwards, size, who, theirs)
}

// Heads signs the log of heads, has it cosigned by the witnesses and gives it to the anchors. It signs even if
// nothing is new: the newer time shows that nothing was left out. Required witnesses and anchors must answer, or
// it fails; what others could not do is told to the Logger. It fails with ErrNotFound if there is no head yet,
// with ErrSigner if somebody else signed the newest, and with ErrBackwards if the log does not extend what it signed, or what a witness or an anchor has: see
// [ForkError].
func (l *Log) Heads(ctx context.Context) (Checkpoint, error) {
	if l.store.InTx(ctx) {
		return Checkpoint{}, errSignInTx
	}
	h := l.signing.heads
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return Checkpoint{}, ctx.Err()
	}
	if h.closed {
		return Checkpoint{}, ErrClosed
	}
	for range signTries {
		c, err := l.signHeads(ctx, l.store.Heads())
		if !errors.Is(err, ErrConflict) {
			return c, err
		}
	}
	return Checkpoint{}, ErrConflict
}

func (l *Log) signHeads(ctx context.Context, t Tree) (Checkpoint, error) {
	newest, e, err := l.readHeads(ctx, t)
	if err != nil {
		return Checkpoint{}, err
	}
	if e.size == 0 {
		return Checkpoint{}, fmt.Errorf("%w: no checkpoint was made yet", ErrNotFound)
	}
	c, err := l.statement(l.opts.Origin, e, newest.Time).sign(l.opts.Signer)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Note, err = l.cosigned(ctx, t, e, c); err != nil {
		return Checkpoint{}, err
	}
	if c.Size != newest.Size {
		err = t.Sign(ctx, Signed{Size: c.Size, Note: c.Note, HeadsIndex: -1})
		if errors.Is(err, ErrBackwards) {
			return Checkpoint{}, fmt.Errorf("%w: it has a newer checkpoint", ErrConflict)
		}
		if err != nil {
			return Checkpoint{}, err
		}
	}
	return c, l.publish(ctx, c)
}

// cosigned returns c's note with the cosignatures that could be had.
func (l *Log) cosigned(ctx context.Context, t Tree, e *edge, c Checkpoint) ([]byte, error) {
	h := l.signing.heads
	lines := make([][]byte, len(h.witnesses)) // each is read only after its call was waited for
	waits := make([]<-chan error, len(h.witnesses))
	for i, w := range h.witnesses {
		waits[i] = w.send(ctx, &h.outside, l.missed(w.lane), func(ctx context.Context) (err error) {
			lines[i], err = w.client.cosign(ctx, t, e, c)
			return err
		})
	}
	signed, failed := c.Note[:len(c.Note):len(c.Note)], error(nil)
	for i, w := range h.witnesses {
		err := w.await(ctx, waits[i])
		switch {
		case waits[i] == nil:
		case err == nil:
			signed = append(signed, lines[i]...)
		case w.required || errors.Is(err, ErrBackwards):
			failed = errors.Join(failed, fmt.Errorf("audit: %s does not vouch for the log: %w", w.name, err))
		}
	}
	return signed, failed
}

// publish gives c to the anchors.
func (l *Log) publish(ctx context.Context, c Checkpoint) (failed error) {
	h := l.signing.heads
	waits := make([]<-chan error, len(h.anchors))
	for i, a := range h.anchors {
		if !a.compared {
			continue
		}
		waits[i] = a.send(ctx, &h.outside, l.missed(a.lane), func(ctx context.Context) error {
			return a.anchor.Publish(ctx, c.Note)
		})
	}
	for i, a := range h.anchors {
		if err := a.await(ctx, waits[i]); err != nil && a.required {
			failed = errors.Join(failed, fmt.Errorf("audit: %s has not got the newest checkpoint: %w", a.name, err))
		}
	}
	return failed
}

// compareAnchors compares the tree of which e is the edge with what each anchor has, once. A log that is behind an
// anchor, or another, is not to be signed. It is called by one at a time.
func (l *Log) compareAnchors(ctx context.Context, t Tree, e *edge) error {
	h := l.signing.heads
	notes := make([][]byte, len(h.anchors)) // each is read only after its call was waited for
	waits := make([]<-chan error, len(h.anchors))
	for i, a := range h.anchors {
		if a.compared {
			continue
		}
		waits[i] = a.send(ctx, &h.outside, l.missed(a.lane), func(ctx context.Context) (err error) {
			notes[i], err = a.anchor.Latest(ctx)
			if errors.Is(err, ErrNotFound) {
				return nil
			}
			return err
		})
	}
	for i, a := range h.anchors {
		if waits[i] == nil {
			continue
		}
		if err := a.await(ctx, waits[i]); err != nil {
			if a.required {
				return fmt.Errorf("audit: %s does not tell what it has: %w", a.name, err)
			}
			continue
		}
		if len(notes[i]) > 0 {
			if err := l.compare(ctx, t, e, a.name, notes[i]); err != nil {
				return err
			}
		}
		a.compared = true
	}
	return nil
}

// compare returns nil if the tree of which e is the edge extends the checkpoint that who has.
func (l *Log) compare(ctx context.Context, t Tree, e *edge, who string, theirs []byte) error {
	c, _, err := openUnverified(theirs)
	if err != nil || c.Origin != l.opts.Origin {
		return fmt.Errorf("%w: %s has a note that is no checkpoint of this log", ErrCorrupt, who)
	}
	if c.Size > e.size {
		return checkAhead(ctx, t, who, c.Size)
	}
	err = checkExtends(ctx, t, e, c)
	if !errors.Is(err, ErrBackwards) {
		return err
	}
	ours, failed := l.statement(l.opts.Origin, e, c.Time).sign(l.opts.Signer)
	if failed != nil {
		return err
	}
	return &ForkError{Where: who, Ours: ours.Note, Theirs: theirs}
}

// missed tells the Logger what a party outside did not do.
func (l *Log) missed(a *lane) func(error) {
	return func(err error) {
		l.opts.Logger.Warn("audit: no answer about the log of heads", "from", a.name, "error", err)
	}
}

// closeHeads ends the signing of heads, and waits for the calls outside.
func (l *Log) closeHeads(ctx context.Context) error {
	h := l.signing.heads
	select {
	case h.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	h.closed = true
	<-h.turn
	done := make(chan struct{})
	go func() { h.outside.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
