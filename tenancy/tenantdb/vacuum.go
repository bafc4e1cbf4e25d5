package tenantdb

import (
	"context"
	"errors"
	"io"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Vacuumer is a [Backend] that keeps each tenant in files of its own.
type Vacuumer interface {
	Vacuum(ctx context.Context, s Scope) error
	Files(ctx context.Context, s Scope, fn func(name string, r io.Reader) error) error
}

// Vacuum makes the file of ctx's tenant anew, so that nothing of rows that were removed is left in it, nor in the log beside it: see
// [DB.Expunge], which it ends with. Transactions that read go on meanwhile, and those that write wait. On SQLite, rows of a table that has
// neither an integer primary key nor an index may get another rowid; [ErrUnsafe] if a full-text index refers to such a table.
// It is not for use inside a transaction. On Postgres it does nothing.
func (db *DB) Vacuum(ctx context.Context) error {
	return db.files(ctx, func(v Vacuumer, s Scope) error { return v.Vacuum(ctx, s) })
}

// ErrNoFiles: the files cannot be read while they are in use, as on SQLite elsewhere than on Linux.
var ErrNoFiles = errors.New("tenantdb: the files cannot be read while they are in use")

// Files gives fn each file in which ctx's tenant is, to be read from its beginning to its end: on SQLite "file" and "log". They may be changed
// meanwhile: it is for looking for what must not be there. Of a database on a server there are none.
func (db *DB) Files(ctx context.Context, fn func(name string, r io.Reader) error) error {
	return db.files(ctx, func(v Vacuumer, s Scope) error { return v.Files(ctx, s, fn) })
}

func (db *DB) files(ctx context.Context, f func(Vacuumer, Scope) error) error {
	id, err := tenancy.From(ctx)
	if err != nil {
		return err
	}
	return db.backend.Translate(vacuumer(db.backend, Scope{Tenant: id}, f))
}

func vacuumer(b Backend, s Scope, f func(Vacuumer, Scope) error) error {
	if v, ok := b.(Vacuumer); ok {
		return f(v, s)
	}
	return nil
}

// Vacuum implements [Vacuumer], as Files does: it is asked of the shard where the tenant is.
func (r *router) Vacuum(ctx context.Context, s Scope) error {
	return r.vacuumer(ctx, s, func(v Vacuumer, s Scope) error { return v.Vacuum(ctx, s) })
}

func (r *router) Files(ctx context.Context, s Scope, fn func(name string, r io.Reader) error) error {
	return r.vacuumer(ctx, s, func(v Vacuumer, s Scope) error { return v.Files(ctx, s, fn) })
}

func (r *router) vacuumer(ctx context.Context, s Scope, f func(Vacuumer, Scope) error) error {
	t, err := r.place(ctx, s.Tenant)
	if err != nil {
		return err
	}
	shard, ok := r.shards[t.Shard]
	if !ok {
		return errors.Join(ErrUnavailable, errors.New("tenantdb: the directory names a shard that this process does not have"))
	}
	s.Epoch = t.Epoch
	return vacuumer(shard.Backend, s, f)
}
