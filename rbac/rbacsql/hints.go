package rbacsql

import (
	"context"

	"github.com/bailiwick-dev/bailiwick/rbac"
)

// Listener hears what is told on a channel of Postgres, as *tenantdb/postgres.System does: it calls f until ctx ends or it
// fails.
type Listener interface {
	Listen(ctx context.Context, channel string, f func(payload string)) error
}

// Hints returns the hints that l hears. SQLite has none: there the versions are looked at as often as it takes.
func Hints(l Listener) rbac.Hints {
	return func(ctx context.Context, f func(hint string)) error { return l.Listen(ctx, Channel, f) }
}
