package tenantdb

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
)

// txKey finds the transaction of one database in a context: a context may carry one of a tenant
// and one of the system database at once.
type txKey struct {
	backend Backend
	system  bool
}

// transaction is one that ctx carries: whoever finds it joins it.
type transaction struct {
	begun    Begun
	tenant   tenancy.ID // zero for system work
	readOnly bool
	isolated sql.IsolationLevel
	doomed   error // the first error of a call that joined
	ended    bool
	depth    int      // of savepoints
	after    []func() // see AfterCommit
	deferred []deferred
}

var (
	errEnded    = errors.New("tenantdb: the context's transaction has ended")
	errIsolated = errors.New("tenantdb: the context's transaction is less isolated than the call that would join it asks for")
)

// current returns the transaction of db that ctx carries, or nil.
func (db *DB) current(ctx context.Context, system bool) *transaction {
	t, _ := ctx.Value(txKey{db.backend, system}).(*transaction)
	return t
}

// join runs fn inside t.
func (t *transaction) join(ctx context.Context, fn Func, o TxOptions) (err error) {
	switch {
	case t.ended:
		return errEnded
	case t.readOnly && !o.ReadOnly:
		return ErrReadOnly
	case o.Isolation > t.isolated:
		return errIsolated
	}
	var handle *sqlx.Tx
	if !o.Native {
		if handle, err = t.begun.handle(); err != nil {
			return err
		}
	}
	ok := false
	defer func() {
		switch {
		case t.doomed != nil:
		case err != nil:
			t.doomed = err
		case !ok:
			t.doomed = errors.New("panic")
		}
	}()
	err = fn(ctx, handle)
	ok = true
	return err
}

// InTx reports whether ctx carries a transaction of db and of ctx's tenant.
func (db *DB) InTx(ctx context.Context) bool {
	t := db.current(ctx, false)
	id, err := tenancy.From(ctx)
	return t != nil && !t.ended && err == nil && t.tenant == id
}

// AfterCommit calls f once the transaction of ctx's tenant that ctx carries has committed and its connection is free
// again, in the order of the calls; at once if ctx carries none. A transaction, or a savepoint, that is rolled back forgets
// f, and so does one whose outcome is not known. f must not use ctx, whose transaction has ended by then.
func (db *DB) AfterCommit(ctx context.Context, f func()) {
	if !db.InTx(ctx) {
		f()
		return
	}
	t := db.current(ctx, false)
	t.after = append(t.after, f)
}

// Native returns the driver's own handle of the transaction of db that ctx carries, such as a pgx.Tx,
// or nil. Adapters wrap it under a name with a type.
func (db *DB) Native(ctx context.Context) any {
	if !db.InTx(ctx) {
		return nil
	}
	return db.current(ctx, false).begun.Native
}

// Joined is Native for an adapter's own statements, which join what ctx carries or else run alone: nil
// if ctx carries no transaction, and the errors that [DB.Tx] has for one that cannot be joined.
func (db *DB) Joined(ctx context.Context) (any, error) {
	t := db.current(ctx, false)
	if t == nil {
		return nil, nil
	}
	id, err := tenancy.From(ctx)
	switch {
	case err != nil:
		return nil, err
	case t.tenant != id:
		return nil, ErrMismatch
	case t.ended:
		return nil, errEnded
	}
	return t.begun.Native, nil
}

// savepointName is unlike any that a statement of the caller's could set by guessing: ROLLBACK TO means the
// latest savepoint of a name.
var savepointName = "bailiwick_" + strings.ToLower(rand.Text())

// Savepoint runs fn inside the transaction of ctx's tenant that ctx carries, so that an error of fn
// undoes what fn did and nothing else: the caller may go on. The tenant scope was set before any
// savepoint and is not undone with one.
func (db *DB) Savepoint(ctx context.Context, fn Func) (err error) {
	id, err := tenancy.From(ctx)
	if err != nil {
		return err
	}
	t := db.current(ctx, false)
	switch {
	case t == nil || t.ended:
		return errors.New("tenantdb: no transaction to set a savepoint in")
	case t.tenant != id:
		return ErrMismatch
	}
	tx, err := t.begun.handle()
	if err != nil {
		return db.backend.Translate(err)
	}
	t.depth++
	defer func() { t.depth-- }()
	name := fmt.Sprintf("%s_%d", savepointName, t.depth)
	if _, err := tx.ExecContext(ctx, "SAVEPOINT "+name); err != nil {
		return db.backend.Translate(err)
	}
	before := t.doomed
	wasDoomed := before != nil // errors may be of a type that cannot be compared
	after, late := len(t.after), t.deferred
	undo := func() error {
		_, err := tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT "+name)
		if err == nil {
			_, err = tx.ExecContext(ctx, "RELEASE SAVEPOINT "+name)
		}
		return err
	}
	done := false
	defer func() {
		if !done { // panicking: the outer transaction is rolled back as a whole
			t.doomed = errors.New("panic")
		}
	}()
	err = fn(ctx, tx)
	done = true
	if err == nil && (wasDoomed || t.doomed == nil) {
		_, err = tx.ExecContext(ctx, "RELEASE SAVEPOINT "+name)
		return db.backend.Translate(err)
	}
	if err == nil {
		err = fmt.Errorf("%w: %w", ErrDoomed, t.doomed)
	}
	if uerr := undo(); uerr != nil {
		t.doomed = uerr
		return errors.Join(db.backend.Translate(err), db.backend.Translate(uerr))
	}
	t.doomed, t.after, t.deferred = before, t.after[:after], late // also what was flushed inside
	return db.backend.Translate(err)
}
