package supportgrantsql

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/tables"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
)

// postgresGuard reads by two transactions. The first adds the entry and commits. The second takes a shared advisory lock on the grant, looks
// at it again, reads, and ends when the rows have been handed over. A withdrawal commits, and then takes that lock exclusively: who
// held it before has handed over by then, and who gets it later sees the withdrawal. Both locks are the transactions', so that poolers
// in transaction mode are as good as none, and Postgres lets no lock wait for ever behind later ones. So that it need not come to its turn among busy readers
// once for each step, a withdrawal asks for the lock first: see [postgresGuard.ending].
type postgresGuard struct {
	t     *tables.Tables
	quiet quiet
}

func newPostgresGuard(t *tables.Tables) guard { return &postgresGuard{t: t} }

// Read implements [supportgrant.Store].
func (g *postgresGuard) Read(ctx context.Context, r supportgrant.Reading, handOver func(ctx context.Context, rows supportgrant.Rows) error) error {
	if g.t.DB.InTx(ctx) {
		return supportgrant.ErrInTransaction
	}
	lock, err := lockOf(ctx, r.Entry.Grant)
	if err != nil {
		return err
	}
	text, args := dataText(&r)
	opened, err := g.open(ctx, &r, lock)
	if err != nil {
		return err
	}
	var handed, late bool
	var answer error
	err = g.t.DB.Read(ctx, func(inside context.Context, tx *sqlx.Tx) error { // and never again: rows are handed over once
		held, cancel := context.WithTimeout(ctx, r.Hold) // from here on: waiting for a connection counts, for nobody tells when it is there
		defer cancel()
		// The statement ends after held has: of two clocks it may be the one that strikes first, and then nobody knows why it ended.
		inside, cancelInside := context.WithCancel(inside)
		defer cancelInside()
		defer context.AfterFunc(held, cancelInside)()
		defer func() { late = errors.Is(held.Err(), context.DeadlineExceeded) }()
		rows, err := tx.QueryContext(inside, g.t.SQL(text), append([]any{lock, r.Entry.ID, opened, r.Entry.Grant, string(r.Entry.By), r.Entry.Category}, args...)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		d := &pgRows{Rows: rows}
		if !d.begin() {
			if err := errors.Join(d.Err(), rows.Close()); err != nil {
				return err
			}
			answer = supportgrant.ErrNotGranted
			return nil
		}
		handed = true
		answer = handOver(held, d)
		return nil
	})
	switch {
	case handed: // what the end of a transaction that only read says is nobody's news
		return answer
	case err != nil && late && ctx.Err() == nil:
		return supportgrant.ErrTooSlow
	case err != nil:
		return g.t.Named(err)
	}
	return answer
}

// open adds the entry, and what r.Record adds, commits, and returns the entry's time. What is not committed for sure reads nothing.
func (g *postgresGuard) open(ctx context.Context, r *supportgrant.Reading, lock int64) (opened int64, err error) {
	e := &r.Entry
	args, err := entryArgs(e)
	if err != nil {
		return 0, err
	}
	const text = `SELECT supportgrant_open(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	args = append([]any{lock}, args...)
	var now sql.NullInt64
	if r.Record == nil {
		if err := g.t.Fit(ctx); err != nil {
			return 0, err
		}
		err = g.t.Named(g.t.DB.Row(ctx, g.t.SQL(text), args, []any{&now}))
	} else {
		err = g.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			if err := tx.QueryRowxContext(ctx, g.t.SQL(text), args...).Scan(&now); err != nil || !now.Valid {
				return err
			}
			return r.Record(ctx, micro(now.Int64))
		})
	}
	if err == nil && !now.Valid {
		err = supportgrant.ErrNotGranted
	}
	return now.Int64, err
}

// Drain implements [supportgrant.Store].
func (g *postgresGuard) Drain(ctx context.Context, ids ...supportgrant.GrantID) error {
	if g.t.DB.InTx(ctx) {
		return supportgrant.ErrInTransaction
	}
	var locks []int64
	for _, id := range ids {
		lock, err := lockOf(ctx, id)
		if err != nil {
			return err
		}
		if g.quiet.forget(quietOf(ctx, id)) {
			continue
		}
		locks = append(locks, lock)
	}
	slices.Sort(locks) // so that no two who drain wait for each other
	for _, lock := range locks {
		var void string
		err := g.t.DB.Row(ctx, g.t.SQL(`SELECT pg_advisory_xact_lock(?)::text`), []any{lock}, []any{&void})
		switch {
		case err == nil:
		case ctx.Err() != nil:
			g.cut(ctx, locks)
			return supportgrant.ErrStillReading
		default:
			return g.t.Named(err)
		}
	}
	return nil
}

// cut ends the sessions of those who still read: what they have not been sent they do not get.
func (g *postgresGuard) cut(ctx context.Context, locks []int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	for _, lock := range locks {
		var n int64
		_ = g.t.DB.Row(ctx, g.t.SQL(`SELECT supportgrant_cut(?)`), []any{lock}, []any{&n}) // the error tells already that it is not over
	}
}

// lockOf is the key of a grant's advisory lock. Two grants that share one only wait for each other.
func lockOf(ctx context.Context, id supportgrant.GrantID) (int64, error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return 0, err
	}
	sum := sha256.Sum256(append([]byte("bailiwick supportgrant\x00"+tenant.String()+"\x00"), id[:]...))
	return int64(binary.BigEndian.Uint64(sum[:])), nil
}

// pgRows are the rows of a data statement without its first column, which says whether there is a row at all.
type pgRows struct {
	*sql.Rows
	is    *bool
	dest  []any
	at    int // rows that were asked for
	first bool
}

// begin reads the first row, and is false if there is none, because the grant is not live.
func (r *pgRows) begin() bool {
	r.first = r.Rows.Next()
	return r.first
}

func (r *pgRows) Next() bool {
	r.at++
	if r.at == 1 { // which may be that of no data
		if !r.first {
			return false
		}
		n, err := r.Rows.Columns()
		if err != nil {
			return false
		}
		r.dest = make([]any, len(n))
		r.dest[0] = &r.is
		for i := range r.dest[1:] {
			r.dest[1+i] = new(any)
		}
		return r.Rows.Scan(r.dest...) == nil && r.is != nil
	}
	return r.Rows.Next()
}

func (r *pgRows) Scan(dest ...any) error { return r.Rows.Scan(append([]any{&r.is}, dest...)...) }
