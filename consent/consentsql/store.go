package consentsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/internal/migrate"
	"github.com/bailiwick-dev/bailiwick/internal/tables"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// Store is a [consent.Store]. It is safe for concurrent use by many processes.
type Store struct{ t *tables.Tables }

var _ consent.Store = (*Store)(nil)

// New returns the ledgers in db, whose tables are there already: see [Migrate] and [SQLite]. It asks the database nothing. The
// first call that uses the tables is refused with [consent.ErrSchema] if they are not there, older or newer than this release.
func New(db *tenantdb.DB) (*Store, error) {
	t, err := tables.New(db, tables.Door{
		Known:  migrate.Known{Name: "consent", Table: "consent_entry", Version: 1, Wrong: consent.ErrSchema},
		SQLite: SQLite,
		Words: map[bool][]string{
			false: {"{end}", endSQLite, "{rows}", rowsSQLite, "{key}", keySQLite, "{ids}", idsSQLite, "{said}", saidSQLite, "{of}", ofSQLite},
			true:  {"{end}", endPostgres, "{rows}", rowsPostgres, "{key}", keyPostgres, "{ids}", idsPostgres, "{said}", saidPostgres, "{of}", ofPostgres},
		},
		Errors: tables.Errors{Schema: consent.ErrSchema, Unavailable: consent.ErrUnavailable, Unknown: consent.ErrUnknown, Refused: consent.ErrRefused, State: "BWC01"},
	})
	if err != nil {
		return nil, err
	}
	return &Store{t: t}, nil
}

// Tx implements [consent.Store].
func (s *Store) Tx(ctx context.Context, f func(ctx context.Context) error) error {
	return s.t.Tx(ctx, f)
}

// InTx implements [consent.Store].
func (s *Store) InTx(ctx context.Context) bool { return s.t.DB.InTx(ctx) }

// The end of the ledger and the time. On Postgres it is behind a lock that is held to the end of the transaction. SQLite has one writer.
const (
	endSQLite = `(SELECT coalesce(e.seq, 0) AS seq, substr(e.ids, 33, 32) AS hash, bw_now() AS now FROM (SELECT 1) LEFT JOIN
		(SELECT seq, ids FROM consent_row ORDER BY seq DESC LIMIT 1) e ON true)`
	endPostgres = `consent_end()`
)

// Head implements [consent.Store].
func (s *Store) Head(ctx context.Context) (h consent.Head, err error) {
	if !s.t.DB.InTx(ctx) {
		return h, fmt.Errorf("%w: the head is read in a transaction", consent.ErrRefused)
	}
	err = s.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var seq, now int64
		var hash []byte
		if err := tx.QueryRowContext(ctx, s.t.SQL(`SELECT seq, hash, now FROM {end} e`)).Scan(&seq, &hash, &now); err != nil {
			return err
		}
		h = consent.Head{Seq: uint64(seq), Now: micro(now)}
		if copy(h.Hash[:], hash); seq != 0 && len(hash) != len(h.Hash) {
			return errRow
		}
		return nil
	})
	return h, err
}

// Document implements [consent.Store].
func (s *Store) Document(ctx context.Context, text consent.Hash) (d consent.Document, err error) {
	err = s.t.Look(ctx, `SELECT version, language, body FROM consent_text WHERE hash = ?`, []any{text[:]}, []any{&d.Version, &d.Language, &d.Body})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return consent.Document{}, consent.ErrNotFound
	case err != nil:
		return consent.Document{}, err
	}
	d.Hash = text
	return d, nil
}

// errRow is a row that this code would not have written. What it says is not guessed.
var errRow = errors.New("consentsql: a row that is none")

func micro(us int64) time.Time { return time.UnixMicro(us).UTC() }

// microOf is nil of the zero time.
func microOf(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	us := t.UnixMicro()
	return &us
}
