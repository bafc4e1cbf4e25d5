package audit

import (
	"context"
	"sync"
)

// tapped is a store of which each call goes through a hook, which may fail it before or after it was made.
type tapped struct {
	Store
	tap func(call string, do func() error) error
}

func tapCall[T any](tap func(string, func() error) error, call string, do func() (T, error)) (T, error) {
	var out T
	err := tap(call, func() (err error) {
		out, err = do()
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return out, nil
}

func (s *tapped) Heads() Tree { return &tappedTree{s.Store.Heads(), s.tap, "heads."} }

func (s *tapped) tree() *tappedTree { return &tappedTree{s.Store, s.tap, ""} }

func (s *tapped) Append(ctx context.Context, e []Entry) ([]Placed, error) {
	return s.tree().Append(ctx, e)
}
func (s *tapped) Size(ctx context.Context) (uint64, error) { return s.tree().Size(ctx) }
func (s *tapped) Hashes(ctx context.Context, from, to uint64) ([]byte, error) {
	return s.tree().Hashes(ctx, from, to)
}
func (s *tapped) Grown(ctx context.Context) (uint64, []byte, error) { return s.tree().Grown(ctx) }
func (s *tapped) Grow(ctx context.Context, from, to uint64, f []byte, tiles []Tile) error {
	return s.tree().Grow(ctx, from, to, f, tiles)
}
func (s *tapped) Tiles(ctx context.Context, of []TileID) ([][]byte, error) {
	return s.tree().Tiles(ctx, of)
}
func (s *tapped) Sign(ctx context.Context, c Signed) error   { return s.tree().Sign(ctx, c) }
func (s *tapped) Newest(ctx context.Context) (Signed, error) { return s.tree().Newest(ctx) }
func (s *tapped) Drain(ctx context.Context, n int) (int, error) {
	return tapCall(s.tap, "Drain", func() (int, error) { return s.Store.Drain(ctx, n) })
}
func (s *tapped) Indexed(ctx context.Context, size uint64, index int64) error {
	return s.tap("Indexed", func() error { return s.Store.Indexed(ctx, size, index) })
}

type tappedTree struct {
	Tree
	tap func(call string, do func() error) error
	of  string
}

func (t *tappedTree) Append(ctx context.Context, e []Entry) ([]Placed, error) {
	return tapCall(t.tap, t.of+"Append", func() ([]Placed, error) { return t.Tree.Append(ctx, e) })
}
func (t *tappedTree) Size(ctx context.Context) (uint64, error) {
	return tapCall(t.tap, t.of+"Size", func() (uint64, error) { return t.Tree.Size(ctx) })
}
func (t *tappedTree) Hashes(ctx context.Context, from, to uint64) ([]byte, error) {
	return tapCall(t.tap, t.of+"Hashes", func() ([]byte, error) { return t.Tree.Hashes(ctx, from, to) })
}
func (t *tappedTree) Grown(ctx context.Context) (size uint64, f []byte, err error) {
	err = t.tap(t.of+"Grown", func() (err error) {
		size, f, err = t.Tree.Grown(ctx)
		return err
	})
	return size, f, err
}
func (t *tappedTree) Grow(ctx context.Context, from, to uint64, f []byte, tiles []Tile) error {
	return t.tap(t.of+"Grow", func() error { return t.Tree.Grow(ctx, from, to, f, tiles) })
}
func (t *tappedTree) Tiles(ctx context.Context, of []TileID) ([][]byte, error) {
	return tapCall(t.tap, t.of+"Tiles", func() ([][]byte, error) { return t.Tree.Tiles(ctx, of) })
}
func (t *tappedTree) Sign(ctx context.Context, c Signed) error {
	return t.tap(t.of+"Sign", func() error { return t.Tree.Sign(ctx, c) })
}
func (t *tappedTree) Newest(ctx context.Context) (Signed, error) {
	return tapCall(t.tap, t.of+"Newest", func() (Signed, error) { return t.Tree.Newest(ctx) })
}

// failing returns a hook that fails the n-th call, counted from 0: before it is made, or after. It fails every
// call that follows, as for a process that is dead. The function tells whether it came to that.
func failing(n int, after bool) (func(string, func() error) error, func() bool) {
	var mu sync.Mutex
	count := 0
	hook := func(_ string, do func() error) error {
		mu.Lock()
		at := count
		count++
		mu.Unlock()
		switch {
		case at < n:
			return do()
		case at == n && after:
			_ = do()
		}
		return ErrUnavailable
	}
	return hook, func() bool { mu.Lock(); defer mu.Unlock(); return count > n }
}
