package tenantdb

import (
	"context"
	"errors"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Expunger is a [Backend] whose files keep, beside the tables, copies of what was removed from them.
type Expunger interface {
	Expunge(ctx context.Context, s Scope) error
}

// Expunge makes the files of ctx's tenant let go of what committed transactions have removed from its tables. On SQLite it
// takes the write-ahead log into the file and empties it: nobody may be reading what the log holds meanwhile. It waits a
// little for those who do; then it is [ErrConflict], and done as soon as a transaction of this process finds the
// way free, or when the file is next opened or closed. It waits for transactions, and so is not for use inside one.
//
// On Postgres it does nothing: what the server keeps of removed rows goes by VACUUM, and with its own log, replicas and
// backups.
func (db *DB) Expunge(ctx context.Context) error {
	id, err := tenancy.From(ctx)
	if err != nil {
		return err
	}
	return db.backend.Translate(expunge(ctx, db.backend, Scope{Tenant: id}))
}

func expunge(ctx context.Context, b Backend, s Scope) error {
	if e, ok := b.(Expunger); ok {
		return e.Expunge(ctx, s)
	}
	return nil
}

// Expunge implements [Expunger]: it is asked of the shard where the tenant is.
func (r *router) Expunge(ctx context.Context, s Scope) error {
	t, err := r.place(ctx, s.Tenant)
	if err != nil {
		return err
	}
	shard, ok := r.shards[t.Shard]
	if !ok {
		return errors.Join(ErrUnavailable, errors.New("tenantdb: the directory names a shard that this process does not have"))
	}
	s.Epoch = t.Epoch
	return expunge(ctx, shard.Backend, s)
}
