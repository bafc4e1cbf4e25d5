package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// LockKey returns the key of ctx's tenant's advisory lock named name. Postgres has one set of keys for a whole
// database: two tenants that lock "invoices" must not wait for each other, and must not learn of each
// other by it. Take it in a transaction (pg_advisory_xact_lock).
func LockKey(ctx context.Context, name string) (int64, error) {
	sum, err := within(ctx, "lock", name)
	return int64(binary.BigEndian.Uint64(sum[:8])), err
}

// Channel returns the name of ctx's tenant's channel name, for LISTEN and pg_notify: an identifier that needs no
// quotes. It keeps tenants from hearing each other by accident. It keeps no secret: any session of the role may listen to
// anything, so send ids, never content.
func Channel(ctx context.Context, name string) (string, error) {
	sum, err := within(ctx, "channel", name)
	if err != nil {
		return "", err
	}
	return "t_" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:20])), nil
}

// within hashes what is named, unambiguously: no part can hold a zero byte that would move a border.
func within(ctx context.Context, kind, name string) (sum [sha256.Size]byte, err error) {
	id, err := tenancy.From(ctx)
	if err != nil {
		return sum, err
	}
	return sha256.Sum256([]byte("bailiwick " + kind + "\x00" + id.String() + "\x00" + name)), nil
}
