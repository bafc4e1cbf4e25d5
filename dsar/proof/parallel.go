package proof

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// snapshot names what a transaction of Postgres sees: two that have the same name see the same rows. A standby's has none.
const snapshot = "SELECT CASE WHEN pg_is_in_recovery() THEN '' ELSE CAST(pg_current_snapshot() AS text) END"

// reading is the rows of a table that are looked through.
type reading struct {
	table
	what, names []string
}

// readings are what is left to be looked through: by the connection that sees the database as it is when the proof begins, and by a second one, if it
// sees the same. Nobody waits for the second, which tries once: the longer it takes, the more has been written.
type readings struct {
	l     *look
	known chan struct{} // closed when it is known what there is to read
	once  sync.Once

	mu     sync.Mutex
	left   []reading
	joined bool  // the second has begun
	err    error // of either: the other reads no further table
}

// begin says what there is to read.
func (r *readings) begin(all []reading) {
	r.once.Do(func() {
		r.left = all
		close(r.known)
	})
}

// next returns what is to be looked through next. A foreign table is the first connection's.
func (r *readings) next(first bool) (out reading, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, x := range r.left {
		if r.err == nil && (first || x.kind != "f") {
			r.left = append(r.left[:i:i], r.left[i+1:]...)
			return x, true
		}
	}
	return out, false
}

func (r *readings) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
}

// read looks through one table.
func (r *readings) read(ctx context.Context, x reading) error {
	out, ok := r.l.db.Native(ctx).(copier)
	if !ok {
		return errors.New("proof: the database cannot copy rows out")
	}
	rows, err := out.CopyOut(ctx, &copied{l: r.l, table: x.name, columns: x.names}, "SELECT "+strings.Join(x.what, ", ")+" FROM "+x.sql)
	if err != nil {
		return fmt.Errorf("proof: %s: %w", x.name, err)
	}
	r.l.mu.Lock()
	r.l.proof.Rows += rows
	r.l.mu.Unlock()
	return nil
}

// second looks through tables beside the first connection, which sees seen. ctx carries no transaction.
func (r *readings) second(ctx context.Context, seen string) {
	_ = r.l.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var here string
		if err := tx.GetContext(ctx, &here, snapshot); err != nil || here != seen {
			return err
		}
		r.mu.Lock()
		r.joined = true
		r.mu.Unlock()
		<-r.known
		for {
			x, ok := r.next(false)
			if !ok {
				return nil
			}
			if err := r.read(ctx, x); err != nil {
				r.fail(err)
				return err
			}
		}
	}, tenantdb.Isolation(sql.LevelRepeatableRead)) // what failed in a table that it read is noted
}

// beside runs f, which takes readings by the first connection, with a second one beside it if there is one to be had.
func (r *readings) beside(ctx context.Context, seen string, f func() error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	alone := seen == "" || r.l.db.InTx(ctx)
	go func() {
		defer close(done)
		if !alone {
			r.second(ctx, seen)
		}
	}()
	r.fail(f())
	r.begin(nil)
	r.mu.Lock()
	if !r.joined || r.err != nil { // it still waits for a connection, or it is no use
		cancel()
	}
	r.mu.Unlock()
	<-done
	return r.err
}
