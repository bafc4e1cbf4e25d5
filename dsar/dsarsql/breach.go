package dsarsql

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"github.com/bailiwick-dev/bailiwick/dsar/breach"
	"github.com/bailiwick-dev/bailiwick/internal/tables"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// Breaches is a [breach.Store]. It is safe for concurrent use by many processes.
type Breaches struct{ t *tables.Tables }

var _ breach.Store = (*Breaches)(nil)

// NewBreaches returns the registers of breaches in db, whose tables are there already: see [Migrate] and [SQLite]. It asks the database nothing.
// The first call that uses the tables is refused with [dsar.ErrSchema] if they are not there, older or newer than this release.
func NewBreaches(db *tenantdb.DB) (*Breaches, error) {
	t, err := open(db)
	if err != nil {
		return nil, err
	}
	return &Breaches{t}, nil
}

// Tx implements [breach.Store].
func (s *Breaches) Tx(ctx context.Context, f func(ctx context.Context) error) error {
	return s.t.Tx(ctx, f)
}

// Now implements [breach.Store].
func (s *Breaches) Now(ctx context.Context) (time.Time, error) { return now(ctx, s.t) }

// Two who append at once both find the same end: one waits for the other in the index, and then finds its place taken.
const appendBreach = `INSERT INTO dsar_breach (breach, seq, key, prev, hash, entry)
	SELECT ?, ?, ?, ?, ?, ? WHERE (? = 1 OR EXISTS (SELECT 1 FROM dsar_breach WHERE breach = ? AND seq = ? AND hash = ?))
		AND NOT EXISTS (SELECT 1 FROM dsar_breach WHERE breach = ? AND seq = ?) AND NOT EXISTS (SELECT 1 FROM dsar_breach WHERE breach = ? AND key = ?)
	ON CONFLICT DO NOTHING`

const (
	readBreach   = `SELECT breach, seq, key, prev, hash, entry FROM dsar_breach WHERE breach = ? ORDER BY seq`
	listBreaches = `SELECT breach FROM dsar_breach WHERE seq = 1 AND breach > ? ORDER BY breach LIMIT ?`
)

// Append implements [breach.Store].
func (s *Breaches) Append(ctx context.Context, e breach.Entry) error {
	if e.Seq < 1 || e.Seq > math.MaxInt64 || e.Seq == 1 && e.Prev != [32]byte{} {
		return breach.ErrConflict
	}
	text, err := entryOf(e)
	if err != nil {
		return err
	}
	return s.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		id, seq := string(e.Breach), int64(e.Seq)
		done, err := tx.ExecContext(ctx, s.t.SQL(appendBreach), id, seq, e.Key, e.Prev[:], e.Hash[:], text, seq, id, seq-1, e.Prev[:], id, seq, id, e.Key)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n != 1 {
			return errors.Join(err, breach.ErrConflict)
		}
		return nil
	})
}

// Entries implements [breach.Store].
func (s *Breaches) Entries(ctx context.Context, id breach.ID) (out []breach.Entry, err error) {
	err = s.t.All(ctx, readBreach, []any{string(id)},
		func() { out = nil }, func(scan func(...any) error) error {
			var e breach.Entry
			var prev, hash, text []byte
			var seq int64
			var of, key string
			if err := scan(&of, &seq, &key, &prev, &hash, &text); err != nil {
				return err
			}
			if err := json.Unmarshal(text, &e); err != nil || seq < 1 || len(prev) != len(e.Prev) || len(hash) != len(e.Hash) {
				return fmt.Errorf("%w: a row that is none", breach.ErrTampered)
			}
			e.Breach, e.Key, e.Seq = breach.ID(of), key, uint64(seq)
			copy(e.Prev[:], prev)
			copy(e.Hash[:], hash)
			out = append(out, e)
			return nil
		})
	switch {
	case err != nil:
		return nil, err
	case out == nil:
		return nil, breach.ErrNotFound
	}
	return out, nil
}

// List implements [breach.Store].
func (s *Breaches) List(ctx context.Context, after breach.ID, limit int) (ids []breach.ID, err error) {
	err = s.t.All(ctx, listBreaches, []any{string(after), max(0, limit)},
		func() { ids = nil }, func(scan func(...any) error) error {
			var id string
			if err := scan(&id); err != nil {
				return err
			}
			ids = append(ids, breach.ID(id))
			return nil
		})
	return ids, err
}

// entryOf is the text of what has no column. Text that would not come back as it is is refused.
func entryOf(e breach.Entry) (string, error) {
	for _, s := range append([]string{string(e.Breach), e.Key, string(e.Kind), e.By.Type, e.By.ID, e.By.Name, e.Facts, e.Effects, e.Remedy, e.Law, string(e.To), e.Reason,
		e.Reference}, e.Laws...) {
		if !utf8.ValidString(s) { // a NUL is escaped
			return "", fmt.Errorf("%w: text that is not UTF-8", breach.ErrEntry)
		}
	}
	if !tables.AreTexts(string(e.Breach), e.Key) {
		return "", fmt.Errorf("%w: a breach or key with a NUL", breach.ErrEntry)
	}
	e.Breach, e.Key, e.Seq, e.Prev, e.Hash = "", "", 0, [32]byte{}, [32]byte{}
	b, err := json.Marshal(e)
	return string(b), err
}
