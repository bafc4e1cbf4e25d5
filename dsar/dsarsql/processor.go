package dsarsql

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/processor"
	"github.com/bailiwick-dev/bailiwick/internal/tables"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// Calls is a [processor.Store]. It is safe for concurrent use by many processes.
type Calls struct{ t *tables.Tables }

var _ processor.Store = (*Calls)(nil)

// NewCalls returns what external processors were told, in db, as [NewBreaches] does the registers of breaches.
func NewCalls(db *tenantdb.DB) (*Calls, error) {
	t, err := open(db)
	if err != nil {
		return nil, err
	}
	return &Calls{t}, nil
}

const (
	callColumns = `SELECT key, version, request, processor, verb, outcome, tries, begun, changed, next FROM dsar_processor_call`
	addCall     = `INSERT INTO dsar_processor_call (key, version, request, processor, verb, outcome, tries, begun, changed, next) VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
	readCall    = callColumns + ` WHERE key = ?`
	saveCall    = `UPDATE dsar_processor_call SET version = version + 1, outcome = ?, tries = ?, changed = ?, next = ? WHERE key = ? AND version = ?`
	readCalls   = callColumns + ` WHERE request = ?`
)

// Now implements [processor.Store].
func (s *Calls) Now(ctx context.Context) (time.Time, error) { return now(ctx, s.t) }

// Begin implements [processor.Store].
func (s *Calls) Begin(ctx context.Context, c processor.Call) (there processor.Call, err error) {
	outcome, err := json.Marshal(c.Outcome)
	if err == nil {
		err = texts(c.Key, c.Request, c.Processor, string(c.Verb), string(outcome))
	}
	if err != nil {
		return processor.Call{}, err
	}
	err = s.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, s.t.SQL(addCall), c.Key, c.Request, c.Processor, string(c.Verb), string(outcome), c.Tries, c.Begun.UnixMicro(), c.Changed.UnixMicro(), tables.MicroOf(c.Next)); err != nil {
			return err
		}
		there, err = scanCall(tx.QueryRowxContext(ctx, s.t.SQL(readCall), c.Key).Scan)
		return err
	})
	return there, err
}

// Call implements [processor.Store].
func (s *Calls) Call(ctx context.Context, key string) (processor.Call, error) {
	all, err := s.read(ctx, readCall, key)
	if err == nil && len(all) == 0 {
		err = processor.ErrNotFound
	}
	if err != nil {
		return processor.Call{}, err
	}
	return all[0], nil
}

// Save implements [processor.Store].
func (s *Calls) Save(ctx context.Context, c processor.Call) error {
	outcome, err := json.Marshal(c.Outcome)
	if err == nil {
		err = texts(string(outcome))
	}
	if err != nil {
		return err
	}
	return s.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		done, err := tx.ExecContext(ctx, s.t.SQL(saveCall), string(outcome), c.Tries, c.Changed.UnixMicro(), tables.MicroOf(c.Next), c.Key, c.Version)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 1 {
			return err
		}
		if _, err = scanCall(tx.QueryRowxContext(ctx, s.t.SQL(readCall), c.Key).Scan); errors.Is(err, sql.ErrNoRows) {
			return processor.ErrNotFound
		}
		return errors.Join(err, processor.ErrConflict)
	})
}

// Calls implements [processor.Store].
func (s *Calls) Calls(ctx context.Context, request string) ([]processor.Call, error) {
	out, err := s.read(ctx, readCalls, request)
	slices.SortFunc(out, func(a, b processor.Call) int {
		return cmp.Or(cmp.Compare(a.Processor, b.Processor), cmp.Compare(a.Verb, b.Verb))
	})
	return out, err
}

func (s *Calls) read(ctx context.Context, text string, args ...any) (out []processor.Call, err error) {
	err = s.t.All(ctx, text, args, func() { out = nil }, func(scan func(...any) error) error {
		c, err := scanCall(scan)
		out = append(out, c)
		return err
	})
	return out, err
}

func scanCall(scan func(...any) error) (c processor.Call, err error) {
	var outcome string
	var begun, changed int64
	var next sql.NullInt64
	if err := scan(&c.Key, &c.Version, &c.Request, &c.Processor, &c.Verb, &outcome, &c.Tries, &begun, &changed, &next); err != nil {
		return c, err
	}
	if json.Unmarshal([]byte(outcome), &c.Outcome) != nil {
		return c, errRow
	}
	c.Begun, c.Changed, c.Next = tables.Micro(begun), tables.Micro(changed), tables.MicroOr(next)
	return c, nil
}
