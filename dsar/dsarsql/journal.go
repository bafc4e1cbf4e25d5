package dsarsql

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/erase"
	"github.com/bailiwick-dev/bailiwick/internal/tables"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// Journal is an [erase.Journal]. It is safe for concurrent use by many processes.
type Journal struct{ t *tables.Tables }

var _ erase.Journal = (*Journal)(nil)

// NewJournal returns the journals of erasures in db, as [NewBreaches] does the registers of breaches.
func NewJournal(db *tenantdb.DB) (*Journal, error) {
	t, err := open(db)
	if err != nil {
		return nil, err
	}
	return &Journal{t}, nil
}

// Keys implements [erase.Journal].
func (j *Journal) Keys() string { return "dsar_erase_key" }

// Kept implements [erase.Journal].
func (j *Journal) Kept() string { return "dsar_erase_kept" }

// Secret implements [erase.Journal].
func (j *Journal) Secret(ctx context.Context) (secret []byte, err error) {
	const read = `SELECT secret FROM dsar_erase_secret`
	err = j.t.Look(ctx, read, nil, []any{&secret})
	if !errors.Is(err, sql.ErrNoRows) {
		return secret, err
	}
	fresh := make([]byte, 32)
	_, _ = rand.Read(fresh) // it never fails
	insert := `INSERT INTO dsar_erase_secret (secret) VALUES (?) ON CONFLICT DO NOTHING`
	if !j.t.PG {
		insert = `INSERT INTO dsar_erase_secret (one, secret) VALUES (1, ?) ON CONFLICT DO NOTHING`
	}
	err = j.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, j.t.SQL(insert), fresh); err != nil {
			return err
		}
		return tx.QueryRowxContext(ctx, j.t.SQL(read)).Scan(&secret)
	})
	return secret, err
}

const (
	openJob = `INSERT INTO dsar_erase_job (id, plan, map, who, root, salt, worker, lease, begun)
		VALUES (?, ?, ?, ?, ?, ?, ?, 0, {now}) ON CONFLICT DO NOTHING`
	leaseJob = `UPDATE dsar_erase_job SET worker = ?, lease = {now} + ? WHERE id = ? AND done IS NULL AND (worker = ? OR lease <= {now})`
	readJob  = `SELECT plan, map, who, root, salt, begun, done, result FROM dsar_erase_job WHERE id = ?`
)

// Open implements [erase.Journal].
func (j *Journal) Open(ctx context.Context, fresh erase.Entry, worker string, lease time.Duration) (e erase.Entry, err error) {
	err = j.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, j.t.SQL(openJob), fresh.Job, fresh.Plan, fresh.Map, fresh.Who, fresh.Root, fresh.Salt, worker); err != nil {
			return err
		}
		got, err := tx.ExecContext(ctx, j.t.SQL(leaseJob), worker, lease.Microseconds(), fresh.Job, worker)
		if err != nil {
			return err
		}
		n, err := got.RowsAffected()
		if err != nil {
			return err
		}
		if e, err = j.find(ctx, tx, fresh.Job); err == nil && n == 0 && e.Done.IsZero() {
			return erase.ErrBusy
		}
		return err
	})
	return e, err
}

// Find implements [erase.Journal].
func (j *Journal) Find(ctx context.Context, job string) (e erase.Entry, err error) {
	err = j.t.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		e, err = j.find(ctx, tx, job)
		if errors.Is(err, sql.ErrNoRows) {
			e, err = erase.Entry{}, nil
		}
		return err
	})
	return e, err
}

func (j *Journal) find(ctx context.Context, tx *sqlx.Tx, job string) (erase.Entry, error) {
	var begun int64
	var done sql.NullInt64
	e := erase.Entry{Job: job}
	err := tx.QueryRowxContext(ctx, j.t.SQL(readJob), job).Scan(&e.Plan, &e.Map, &e.Who, &e.Root, &e.Salt, &begun, &done, &e.Result)
	if e.Begun = tables.Micro(begun); done.Valid {
		e.Done = tables.Micro(done.Int64)
	}
	return e, err
}

// Renew implements [erase.Journal].
func (j *Journal) Renew(ctx context.Context, job, worker string, lease time.Duration) error {
	return j.one(ctx, `UPDATE dsar_erase_job SET lease = {now} + ? WHERE id = ? AND worker = ? AND done IS NULL`, lease.Microseconds(), job, worker)
}

// Leave implements [erase.Journal].
func (j *Journal) Leave(ctx context.Context, job, worker string) error {
	err := j.one(ctx, `UPDATE dsar_erase_job SET lease = 0 WHERE id = ? AND worker = ?`, job, worker)
	if errors.Is(err, erase.ErrBusy) {
		return nil
	}
	return err
}

// one runs a statement that changes the job's row: ErrBusy if it is not the worker's.
func (j *Journal) one(ctx context.Context, text string, args ...any) error {
	return j.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		got, err := tx.ExecContext(ctx, j.t.SQL(text), args...)
		if err != nil {
			return err
		}
		if n, err := got.RowsAffected(); err != nil || n != 1 {
			return errors.Join(erase.ErrBusy, err)
		}
		return nil
	})
}

// Fence implements [erase.Journal]. On Postgres it shares the lock of the row, which who takes the job waits for; SQLite has one writer.
func (j *Journal) Fence(ctx context.Context, job, worker string) error {
	const who = `SELECT 1 FROM dsar_erase_job WHERE id = ? AND worker = ? AND done IS NULL`
	text := who
	if j.t.PG {
		text = who + ` FOR SHARE`
	}
	return j.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var one int
		err := tx.QueryRowxContext(ctx, j.t.SQL(text), job, worker).Scan(&one)
		if errors.Is(err, sql.ErrNoRows) {
			return erase.ErrBusy
		}
		return err
	})
}

// Steps implements [erase.Journal].
func (j *Journal) Steps(ctx context.Context, job string) (steps []erase.Step, err error) {
	err = j.t.All(ctx, `SELECT seq, tbl, action, cursor, rows, done FROM dsar_erase_step WHERE job = ? ORDER BY seq`, []any{job},
		func() { steps = nil }, func(scan func(...any) error) error {
			var s erase.Step
			err := scan(&s.Seq, &s.Table, &s.Action, &s.Cursor, &s.Rows, &s.Done)
			steps = append(steps, s)
			return err
		})
	return steps, err
}

const (
	advanceSQLite = `INSERT INTO dsar_erase_step AS s (job, seq, tbl, action, cursor, rows, done) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (job, seq) DO UPDATE SET cursor = excluded.cursor, rows = s.rows + excluded.rows, done = excluded.done`
	advancePostgres = `INSERT INTO dsar_erase_step AS s (job, seq, tbl, action, cursor, rows, done) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (tenant_id, job, seq) DO UPDATE SET cursor = excluded.cursor, rows = s.rows + excluded.rows, done = excluded.done`
)

// Advance implements [erase.Journal].
func (j *Journal) Advance(ctx context.Context, job string, s erase.Step) error {
	advance := advanceSQLite
	if j.t.PG {
		advance = advancePostgres
	}
	return j.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, j.t.SQL(advance), job, s.Seq, s.Table, s.Action, s.Cursor, s.Rows, s.Done)
		return err
	})
}

// Close implements [erase.Journal].
func (j *Journal) Close(ctx context.Context, job, worker string, result []byte) error {
	return j.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := j.one(ctx, `UPDATE dsar_erase_job SET done = {now}, result = ?, salt = NULL, lease = 0 WHERE id = ? AND worker = ? AND done IS NULL`, result, job, worker); err != nil {
			return err
		}
		for _, text := range []string{`DELETE FROM dsar_erase_key WHERE job = ?`, `DELETE FROM dsar_erase_step WHERE job = ?`} {
			if _, err := tx.ExecContext(ctx, j.t.SQL(text), job); err != nil {
				return fmt.Errorf("dsarsql: closing a journal: %w", err)
			}
		}
		return nil
	})
}
