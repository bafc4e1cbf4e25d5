package consent

import "context"

type contextKey struct{}

// A deciding is a context that holds a decision.
type deciding struct {
	context.Context
	d Decision
}

func (c *deciding) Value(key any) any {
	if key == (contextKey{}) {
		return &c.d
	}
	return c.Context.Value(key)
}

// With returns a context that holds d, for [From], [Allow] and [AllowPurpose]. [Manager.Wrap] does it for requests.
func With(ctx context.Context, d Decision) context.Context {
	return &deciding{ctx, d}
}

// From returns the decision that ctx holds, and without one the zero [Decision].
func From(ctx context.Context) Decision {
	if d := decided(ctx); d != nil {
		return *d
	}
	return Decision{}
}

// Allow reports whether all that was declared for c may be done for the person that ctx's request is from. Where nothing was decided,
// only [Essential] may.
func Allow(ctx context.Context, c Category) bool {
	if in, ok := ctx.(*wrapped); ok { // most handlers ask with the context that they were given
		return in.d.Allows(c)
	}
	if d := decided(ctx); d != nil {
		return d.Allows(c)
	}
	return c == Essential
}

// AllowPurpose is Allow for one purpose. An unknown key, and any where nothing was decided, is denied.
func AllowPurpose(ctx context.Context, key string) bool {
	d := decided(ctx)
	return d != nil && d.AllowsPurpose(key)
}

func decided(ctx context.Context) *Decision {
	switch c := ctx.(type) {
	case *wrapped:
		return &c.d
	case *deciding:
		return &c.d
	}
	d, _ := ctx.Value(contextKey{}).(*Decision)
	return d
}
