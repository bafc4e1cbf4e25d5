package dsarsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/egress"
	"github.com/bailiwick-dev/bailiwick/internal/tables"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// Egress is an [egress.Store]. It is safe for concurrent use by many processes. The tables themselves refuse that somebody approves what
// they asked for, and that an ask, or what has ended, changes.
type Egress struct{ t *tables.Tables }

var _ egress.Store = (*Egress)(nil)

// NewEgress returns the bulk exports in db, as [NewBreaches] does the registers of breaches.
func NewEgress(db *tenantdb.DB) (*Egress, error) {
	t, err := open(db)
	if err != nil {
		return nil, err
	}
	return &Egress{t}, nil
}

const (
	egressColumns = `SELECT id, version, state, ask, hash, asked, expires, second, decided, begun, ended, taken_rows, taken_bytes, digest FROM dsar_egress`
	addEgress     = `INSERT INTO dsar_egress (id, version, state, ask, by_id, rows, bytes, hash, asked, expires, second, decided, begun, ended, taken_rows, taken_bytes, digest)
		VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
	readEgress = egressColumns + ` WHERE id = ?`
	saveEgress = `UPDATE dsar_egress SET version = version + 1, state = ?, hash = ?, asked = ?, expires = ?, second = ?, decided = ?, begun = ?, ended = ?, taken_rows = ?, taken_bytes = ?, digest = ?
		WHERE id = ? AND version = ?`
	listEgress = egressColumns + ` WHERE id > ? ORDER BY id LIMIT ?`
	// Those that may begin are locked too: of two that begin at once, the second waits for the first.
	lockEgress  = `SELECT id FROM dsar_egress WHERE by_id = ? AND (begun IS NULL OR begun > ?) ORDER BY id{lock}`
	takenEgress = `SELECT coalesce(sum(CASE WHEN ended IS NULL THEN rows ELSE taken_rows END), 0), coalesce(sum(CASE WHEN ended IS NULL THEN bytes ELSE taken_bytes END), 0)
		FROM dsar_egress WHERE by_id = ? AND begun > ?`
)

// Tx implements [egress.Store].
func (s *Egress) Tx(ctx context.Context, f func(ctx context.Context) error) error {
	return s.t.Tx(ctx, f)
}

// Now implements [egress.Store].
func (s *Egress) Now(ctx context.Context) (time.Time, error) { return now(ctx, s.t) }

// Create implements [egress.Store].
func (s *Egress) Create(ctx context.Context, e egress.Export) (there egress.Export, err error) {
	ask, err := json.Marshal(e.Ask)
	if err == nil {
		err = texts(append([]string{e.ID, string(e.By), e.Sink, e.Query, e.Reason, e.Ticket, string(e.Second), e.Hash, e.Digest}, e.Tables...)...)
	}
	if err != nil {
		return egress.Export{}, err
	}
	err = s.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, s.t.SQL(addEgress), e.ID, string(e.State), string(ask), string(e.By), e.Limit.Rows, e.Limit.Bytes, e.Hash, e.Asked.UnixMicro(), e.Expires.UnixMicro(), string(e.Second),
			tables.MicroOf(e.Decided), tables.MicroOf(e.Begun), tables.MicroOf(e.Ended), e.Taken.Rows, e.Taken.Bytes, e.Digest); err != nil {
			return err
		}
		there, err = scanEgress(tx.QueryRowxContext(ctx, s.t.SQL(readEgress), e.ID).Scan)
		return err
	})
	return there, err
}

// Export implements [egress.Store].
func (s *Egress) Export(ctx context.Context, id string) (egress.Export, error) {
	all, err := s.read(ctx, readEgress, id)
	if err == nil && len(all) == 0 {
		err = egress.ErrNotFound
	}
	if err != nil {
		return egress.Export{}, err
	}
	return all[0], nil
}

// Save implements [egress.Store].
func (s *Egress) Save(ctx context.Context, e egress.Export) error {
	if err := texts(string(e.Second), e.Hash, e.Digest); err != nil {
		return err
	}
	return s.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		done, err := tx.ExecContext(ctx, s.t.SQL(saveEgress), string(e.State), e.Hash, e.Asked.UnixMicro(), e.Expires.UnixMicro(), string(e.Second), tables.MicroOf(e.Decided), tables.MicroOf(e.Begun),
			tables.MicroOf(e.Ended), e.Taken.Rows, e.Taken.Bytes, e.Digest, e.ID, e.Version)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 1 {
			return err
		}
		if _, err = scanEgress(tx.QueryRowxContext(ctx, s.t.SQL(readEgress), e.ID).Scan); errors.Is(err, sql.ErrNoRows) {
			return egress.ErrNotFound
		}
		return errors.Join(err, egress.ErrConflict)
	})
}

// Taken implements [egress.Store].
func (s *Egress) Taken(ctx context.Context, by egress.Person, after time.Time) (sum egress.Limit, err error) {
	since := after.UnixMicro()
	if after.IsZero() {
		since = -1 << 62
	}
	err = s.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if s.t.PG {
			locked, err := tx.QueryContext(ctx, s.t.SQL(lockEgress), string(by), since)
			if err != nil {
				return err
			}
			for locked.Next() {
			}
			if err := errors.Join(locked.Err(), locked.Close()); err != nil {
				return err
			}
		}
		return tx.QueryRowxContext(ctx, s.t.SQL(takenEgress), string(by), since).Scan(&sum.Rows, &sum.Bytes)
	})
	return sum, err
}

// List implements [egress.Store].
func (s *Egress) List(ctx context.Context, after string, limit int) ([]egress.Export, error) {
	return s.read(ctx, listEgress, after, max(limit, 0))
}

func (s *Egress) read(ctx context.Context, text string, args ...any) (out []egress.Export, err error) {
	err = s.t.All(ctx, text, args, func() { out = nil }, func(scan func(...any) error) error {
		e, err := scanEgress(scan)
		out = append(out, e)
		return err
	})
	return out, err
}

func scanEgress(scan func(...any) error) (e egress.Export, err error) {
	var id, ask string
	var asked, expires int64
	var decided, begun, ended sql.NullInt64
	if err := scan(&id, &e.Version, &e.State, &ask, &e.Hash, &asked, &expires, &e.Second, &decided, &begun, &ended, &e.Taken.Rows, &e.Taken.Bytes, &e.Digest); err != nil {
		return e, err
	}
	if json.Unmarshal([]byte(ask), &e.Ask) != nil || e.ID != id {
		return e, errRow
	}
	if len(e.Tables) == 0 {
		e.Tables = nil
	}
	e.Asked, e.Expires, e.Decided, e.Begun, e.Ended = tables.Micro(asked), tables.Micro(expires), tables.MicroOr(decided), tables.MicroOr(begun), tables.MicroOr(ended)
	return e, nil
}
