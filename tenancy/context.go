package tenancy

import "context"

type contextKey struct{}

// binding is what a context holds: a tenant, or the reason why it holds none.
type binding struct {
	id  ID
	err error
}

// With returns a context that belongs to tenant id. A context has one tenant for life: asking
// With for another one does not switch, it spoils the context, and [From] then reports
// [ErrConflict]; use [Switch] where changing the tenant is what is meant. A zero id spoils it with
// [ErrNoTenant].
func With(ctx context.Context, id ID) context.Context {
	b, bound := ctx.Value(contextKey{}).(*binding)
	switch {
	case bound && (b.err != nil || b.id == id):
		return ctx
	case bound:
		return context.WithValue(ctx, contextKey{}, &binding{err: ErrConflict})
	case id.IsZero():
		return context.WithValue(ctx, contextKey{}, &binding{err: ErrNoTenant})
	}
	return context.WithValue(ctx, contextKey{}, &binding{id: id})
}

// Switch returns a context that belongs to tenant id whatever ctx belonged to. It is for loops
// over tenants in system work. An open transaction does not follow: package tenantdb refuses a
// context whose tenant is not the transaction's.
func Switch(ctx context.Context, id ID) context.Context {
	if id.IsZero() {
		return context.WithValue(ctx, contextKey{}, &binding{err: ErrNoTenant})
	}
	return context.WithValue(ctx, contextKey{}, &binding{id: id})
}

// From returns the tenant of ctx: [ErrNoTenant] if it has none, [ErrConflict] if [With] was asked
// for two.
func From(ctx context.Context) (ID, error) {
	b, bound := ctx.Value(contextKey{}).(*binding)
	if !bound {
		return ID{}, ErrNoTenant
	}
	return b.id, b.err
}
