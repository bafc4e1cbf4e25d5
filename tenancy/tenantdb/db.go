package tenantdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
)

// Limiter admits work of a tenant or refuses it with tenancy.ErrBusy; *tenancy.Limiter is one.
type Limiter interface {
	Acquire(ctx context.Context, id tenancy.ID) (release func(), err error)
}

// DB hands out transactions that can see one tenant. It is safe for concurrent use.
type DB struct {
	backend Backend
	limits  Limiter // nil: none
}

// New returns the DB over b. Applications get theirs from an adapter's Open.
func New(b Backend) *DB { return &DB{backend: b} }

// WithLimits returns a DB over the same database that asks l before each transaction of a tenant. l must
// not be the limiter of the [tenancy.Gate] in front: a request would wait for itself.
func (db *DB) WithLimits(l Limiter) *DB { return &DB{backend: db.backend, limits: l} }

// Dialect names the kind of database.
func (db *DB) Dialect() Dialect { return db.backend.Dialect() }

// Close closes the database. Transactions under way are waited for.
func (db *DB) Close() error { return db.backend.Close() }

// Func is the work of one transaction. ctx carries the transaction; tx is bound to its tenant and
// must not be used after Func returns, nor by two goroutines at once, nor be committed or rolled
// back by Func.
type Func func(ctx context.Context, tx *sqlx.Tx) error

// Option changes one transaction.
type Option func(*TxOptions)

// Isolation asks for an isolation level stronger than the default. A call that would join a transaction
// begun with a weaker one is refused.
func Isolation(l sql.IsolationLevel) Option { return func(o *TxOptions) { o.Isolation = l } }

// Retry lets fn be run again, up to n times, when the database gave the transaction up
// ([ErrConflict]). fn must then have no effect but on tx.
func Retry(n int) Option { return func(o *TxOptions) { o.Retries = n } }

// Tx runs fn in a transaction of ctx's tenant and commits it if fn returns nil. If ctx carries a
// transaction of the same tenant, fn joins it: it is committed or rolled back with the outer one,
// and an error of fn dooms the outer one even if its function swallows it.
//
// A call in fn with the ctx from before, instead of the one fn is handed, does not join. On SQLite, where a
// tenant has one writer at a time, it is [ErrSelfWait]; but from a goroutine that fn starts and waits for, it
// waits until its ctx ends. On Postgres it is a transaction of its own.
//
// A tenant that was moved to another database while fn ran leaves nothing behind in the old one; fn
// is then run again in the new one.
func (db *DB) Tx(ctx context.Context, fn Func, opts ...Option) error {
	return db.run(ctx, fn, false, opts)
}

// Read is Tx for work that only reads; the database refuses writes. Inside a transaction that may write, it
// joins that one, and nobody refuses them.
func (db *DB) Read(ctx context.Context, fn Func, opts ...Option) error {
	return db.run(ctx, fn, true, opts)
}

// System runs fn in a transaction of the system database, which holds what belongs to no tenant.
// On Postgres it is the same database under the system role, for which row-level security does not
// hold; reason says why that is needed and goes to the adapter's audit hook first. The work of a
// tenant does not belong here: see the adapters' Each.
func (db *DB) System(ctx context.Context, reason string, fn Func, opts ...Option) error {
	if strings.TrimSpace(reason) == "" {
		return errors.New("tenantdb: system work needs a reason")
	}
	o := options(opts, false)
	if cur := db.current(ctx, true); cur != nil {
		return cur.join(ctx, fn, o)
	}
	return db.attempt(ctx, o, fn, tenancy.ID{}, true, func(ctx context.Context) (Begun, error) {
		return db.backend.BeginSystem(ctx, reason, o)
	})
}

// Routine marks system work that the library's own stores do all the time, so that who is told of system work can tell it
// from the application's: see [tenancy.Act].
func Routine() Option { return func(o *TxOptions) { o.Routine = true } }

func options(opts []Option, readOnly bool) TxOptions {
	o := TxOptions{ReadOnly: readOnly}
	for _, f := range opts {
		f(&o)
	}
	return o
}

func (db *DB) run(ctx context.Context, fn Func, readOnly bool, opts []Option) error {
	id, err := tenancy.From(ctx)
	if err != nil {
		return err
	}
	o := options(opts, readOnly)
	if cur := db.current(ctx, false); cur != nil {
		if cur.tenant != id {
			return ErrMismatch
		}
		return cur.join(ctx, fn, o)
	}
	if db.limits != nil {
		release, err := db.limits.Acquire(ctx, id)
		if err != nil {
			return err
		}
		defer release()
	}
	return db.attempt(ctx, o, fn, id, false, func(ctx context.Context) (Begun, error) {
		return db.backend.Begin(ctx, Scope{Tenant: id}, o)
	})
}

// attempt runs fn in transactions of its own until one ends in something that running it again
// would not change.
func (db *DB) attempt(ctx context.Context, o TxOptions, fn Func, id tenancy.ID, system bool,
	begin func(context.Context) (Begun, error)) error {
	// Between the old database's refusal and the directory's new answer lie a few milliseconds; after
	// about a second of asking, the placement is not being changed, it is wrong.
	const firstWait, lastWait = 2 * time.Millisecond, 512 * time.Millisecond
	conflicts, wait := 0, firstWait
	for {
		err := db.once(ctx, o, fn, id, system, begin)
		switch {
		case ctx.Err() != nil || errors.Is(err, ErrOutcomeUnknown):
			return err
		case errors.Is(err, ErrConflict) && conflicts < o.Retries:
			conflicts++
		case errors.Is(err, tenancy.ErrStaleEpoch) && wait <= lastWait && !system && db.forget(id):
			select {
			case <-ctx.Done():
				return err
			case <-time.After(wait):
			}
			wait *= 2
		default:
			return err
		}
	}
}

// forget makes a router ask its directory again, and reports whether there is one to ask.
func (db *DB) forget(id tenancy.ID) bool {
	r, ok := db.backend.(*router)
	if ok {
		r.known.Delete(id)
	}
	return ok
}

func (db *DB) once(ctx context.Context, o TxOptions, fn Func, id tenancy.ID, system bool,
	begin func(context.Context) (Begun, error)) (err error) {
	b, err := begin(ctx)
	if err != nil {
		return db.backend.Translate(err)
	}
	var after []func()
	defer func() {
		for _, f := range after {
			f()
		}
	}()
	if b.Release != nil {
		defer b.Release()
	}
	t := &transaction{begun: b, tenant: id, readOnly: o.ReadOnly, isolated: max(o.Isolation, sql.LevelReadCommitted)}
	if db.Dialect() == SQLite {
		t.isolated = sql.LevelLinearizable // whatever was asked for
	}
	done := false
	defer func() {
		if !done { // fn failed, panicked or called runtime.Goexit
			_ = t.begun.rollback() // the connection is destroyed if this fails; err says why we are here
		}
		t.ended = true
	}()
	var handle *sqlx.Tx
	if !o.Native {
		if handle, err = t.begun.handle(); err != nil {
			return db.backend.Translate(err)
		}
	}
	if err := fn(context.WithValue(ctx, txKey{db.backend, system}, t), handle); err != nil {
		return db.backend.Translate(err)
	}
	if t.doomed != nil {
		return fmt.Errorf("%w: %w", ErrDoomed, db.backend.Translate(t.doomed))
	}
	if err := ctx.Err(); err != nil {
		return err // database/sql may have rolled back already, and Commit could then not tell that from a lost one
	}
	done = true
	t.handOver()
	if err := t.begun.commit(); err != nil {
		return db.backend.CommitError(err)
	}
	after = t.after
	return nil
}
