package tenantdb

import (
	"context"
	"errors"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// This file is for those who show data and must be able to say that it is not shown any more.

// Holder is what a [Begun].Native can be: a transaction of a database whose users are all on one machine, so that they can know of
// each other what they hold.
type Holder interface {
	// Hold takes a hold of key in the tenant's database. It does not wait for other holds. It ends with release, or with the process.
	Hold(key [16]byte) (release func(), err error)
}

// Drainer is a [Backend] whose transactions are [Holder]s.
type Drainer interface {
	// Drain is [DB.Drain].
	Drain(ctx context.Context, s Scope, keys [][16]byte) error
}

// ErrNoHolds: the database cannot know what its users hold.
var ErrNoHolds = errors.New("tenantdb: this kind of database knows of no holds")

// Hold takes a hold of key, inside the transaction that ctx carries, and outlives it: it ends with release, or with the process.
// Any number may hold a key at once, and none waits for another. [DB.Drain] waits for them.
//
// On SQLite one transaction of a tenant writes at a time, in all processes. So who reads in a transaction that writes that something
// may be shown, and takes the hold in it, has a hold that is known to whoever forbids it in a later one; and after that one nobody
// takes any more. On Postgres it is [ErrNoHolds]: advisory locks are for that.
func (db *DB) Hold(ctx context.Context, key [16]byte) (release func(), err error) {
	if !db.InTx(ctx) {
		return nil, errors.New("tenantdb: no transaction to take a hold in")
	}
	h, ok := db.current(ctx, false).begun.Native.(Holder)
	if !ok {
		return nil, ErrNoHolds
	}
	return h.Hold(key)
}

// Drain returns when no hold of those keys of ctx's tenant that was taken before it was called is held any more, by whatever
// process. Holds that are taken meanwhile do not keep it if they are taken in the same process; those of other processes it waits for as
// well. It is ctx's error when that ends first, and refused in a transaction, in which who holds may be waiting for it.
func (db *DB) Drain(ctx context.Context, keys ...[16]byte) error {
	id, err := tenancy.From(ctx)
	if err != nil {
		return err
	}
	if db.current(ctx, false) != nil {
		return errors.New("tenantdb: no waiting for holds inside of a transaction")
	}
	d, ok := db.backend.(Drainer)
	if !ok {
		return ErrNoHolds
	}
	return db.backend.Translate(d.Drain(ctx, Scope{Tenant: id}, keys))
}

// Drain implements [Drainer].
func (r *router) Drain(ctx context.Context, s Scope, keys [][16]byte) error {
	t, err := r.place(ctx, s.Tenant)
	if err != nil {
		return err
	}
	d, ok := r.shards[t.Shard].Backend.(Drainer)
	if !ok {
		return ErrNoHolds
	}
	s.Epoch = t.Epoch
	return d.Drain(ctx, s, keys)
}
