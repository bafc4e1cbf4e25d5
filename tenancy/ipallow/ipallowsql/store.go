package ipallowsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// Store is the [ipallow.Store] of one portal. It is safe for concurrent use.
type Store struct {
	db     *tenantdb.DB
	portal string
	clock  string // SQL for the database's clock in microseconds
}

var _ ipallow.Store = (*Store)(nil)

// New returns the store of the policies for portal, a name of the application's own: 1 to 63 of a-z, 0-9,
// '-' and '_'.
func New(db *tenantdb.DB, portal string) (*Store, error) {
	if db == nil {
		return nil, errors.New("ipallowsql: no database")
	}
	if len(portal) < 1 || len(portal) > 63 {
		return nil, errors.New("ipallowsql: a portal's name has 1 to 63 bytes")
	}
	for i := range len(portal) {
		if c := portal[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return nil, errors.New("ipallowsql: a portal's name is made of a-z 0-9 - _")
		}
	}
	s := &Store{db: db, portal: portal}
	switch db.Dialect() {
	case tenantdb.Postgres:
		s.clock = `(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint`
	case tenantdb.SQLite:
		s.clock = `bw_now()`
	default:
		return nil, fmt.Errorf("ipallowsql: no SQL for %q", db.Dialect())
	}
	return s, nil
}

// row is one of the table, with the clock.
type row struct {
	Version    int64          `db:"version"`
	ChangeKey  string         `db:"change_key"`
	IsOpen     bool           `db:"is_open"`
	List       string         `db:"list"`
	TrialOpen  sql.NullBool   `db:"trial_open"`
	TrialList  sql.NullString `db:"trial_list"`
	TrialSince sql.NullInt64  `db:"trial_since"`
	TrialUntil sql.NullInt64  `db:"trial_until"`
	Now        int64          `db:"now_us"`
}

// Get implements [ipallow.Store].
func (s *Store) Get(ctx context.Context, id tenancy.ID) (ipallow.Record, error) {
	var r *row
	err := s.db.Read(tenancy.With(ctx, id), func(ctx context.Context, tx *sqlx.Tx) (err error) {
		r, err = s.read(ctx, tx)
		return err
	}, tenantdb.Retry(3))
	switch {
	case err != nil:
		return ipallow.Record{}, err
	case r == nil: // not an error inside: it would doom a transaction that was joined
		return ipallow.Record{}, ipallow.ErrNoPolicy
	}
	return r.record()
}

// Put implements [ipallow.Store].
func (s *Store) Put(ctx context.Context, id tenancy.ID, base int64, w ipallow.Write) (ipallow.Record, error) {
	if err := w.Check(); err != nil {
		return ipallow.Record{}, err
	}
	var r *row
	err := s.db.Tx(tenancy.With(ctx, id), func(ctx context.Context, tx *sqlx.Tx) error {
		if err := s.write(ctx, tx, base, w); err != nil {
			return err
		}
		var err error
		r, err = s.read(ctx, tx)
		return err
	}, tenantdb.Retry(3))
	switch {
	case err != nil:
		return ipallow.Record{}, err
	case r == nil || r.Version != base+1 || r.ChangeKey != w.Key: // somebody else's
		return ipallow.Record{}, ipallow.ErrVersion
	}
	return r.record()
}

// read returns the portal's row, or nil if there is none.
func (s *Store) read(ctx context.Context, tx *sqlx.Tx) (*row, error) {
	var r row
	err := tx.GetContext(ctx, &r, tx.Rebind(`SELECT version, change_key, is_open, list,
		trial_open, trial_list, trial_since, trial_until, `+s.clock+` AS now_us
		FROM ipallow_policy WHERE portal = ?`), s.portal)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &r, nil
}

// write makes the change if base is the version in force; if not, it does nothing. Two that come at once
// meet at the row: the second finds that its base is gone.
func (s *Store) write(ctx context.Context, tx *sqlx.Tx, base int64, w ipallow.Write) error {
	var trialOpen sql.NullBool
	var trialList sql.NullString
	var since, until sql.NullInt64
	if w.Trial != nil {
		var now int64
		if err := tx.GetContext(ctx, &now, `SELECT `+s.clock); err != nil {
			return err
		}
		trialOpen = sql.NullBool{Bool: w.Trial.Open, Valid: true}
		trialList = sql.NullString{String: w.Trial.List.Text(), Valid: true}
		since = sql.NullInt64{Int64: now, Valid: true}
		until = sql.NullInt64{Int64: now + max(1, w.Duration.Microseconds()), Valid: true}
	}
	args := []any{w.Key, w.Policy.Open, w.Policy.List.Text(), trialOpen, trialList, since, until, s.portal}
	query := `INSERT INTO ipallow_policy (change_key, is_open, list, trial_open, trial_list, trial_since, trial_until, portal, version)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING`
	if base != 0 {
		query = `UPDATE ipallow_policy SET change_key = ?, is_open = ?, list = ?, trial_open = ?, trial_list = ?,
			trial_since = ?, trial_until = ?, version = version + 1 WHERE portal = ? AND version = ?`
		args = append(args, base)
	}
	_, err := tx.ExecContext(ctx, tx.Rebind(query), args...)
	return err
}

// record reads what is stored. A list that does not parse is an error and no policy.
func (r *row) record() (ipallow.Record, error) {
	list, err := ipallow.ParseList(r.List)
	if err != nil {
		return ipallow.Record{}, fmt.Errorf("ipallowsql: the stored list cannot be read: %w", err)
	}
	out := ipallow.Record{Version: r.Version, Key: r.ChangeKey, Policy: ipallow.Policy{Open: r.IsOpen, List: list},
		Now: time.UnixMicro(r.Now).UTC()}
	if r.TrialList.Valid {
		if list, err = ipallow.ParseList(r.TrialList.String); err != nil {
			return ipallow.Record{}, fmt.Errorf("ipallowsql: the stored list on trial cannot be read: %w", err)
		}
		out.Trial = &ipallow.Trial{Policy: ipallow.Policy{Open: r.TrialOpen.Bool, List: list},
			Since: time.UnixMicro(r.TrialSince.Int64).UTC(), Until: time.UnixMicro(r.TrialUntil.Int64).UTC()}
	}
	return out, nil
}
