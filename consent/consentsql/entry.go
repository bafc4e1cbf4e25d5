package consentsql

import (
	"context"
	"database/sql"
	"math"

	"github.com/bailiwick-dev/bailiwick/consent"
)

// An entry is read as three columns, of which SQLite's table is made: there consent_entry is a view, and {rows} what is read. A column costs more
// than its bytes.
const (
	columns = `e.seq, {ids}, {said}`

	rowsSQLite, rowsPostgres = `consent_row`, `consent_entry`
	keySQLite, keyPostgres   = `substr(e.ids, 1, 16)`, `e.key`
	idsSQLite, idsPostgres   = `e.ids`, `e.key || e.subject || e.hash || coalesce(e.browser, '') || coalesce(e.text, '')`
	saidSQLite, saidPostgres = `e.said`, `'[' || e.method || ',' || e.granted || ',' || e.denied || ',' || e.opt_out::int || ',' || e.signal::int || ',' || e.policy || ',' || e.at || ','
		|| coalesce(e.expires::text, 'null') || ',' || coalesce(e.given::text, 'null') || ',' || to_json(e.place) || ',' || to_json(e.regimes) || ']'`
)

// idsOf appends the bytes of an entry that have a fixed length.
func idsOf(b []byte, e *consent.Entry) []byte {
	b = append(append(append(b, e.Key[:]...), e.Subject[:]...), e.Hash[:]...)
	if e.Browser != (consent.Subject{}) {
		b = append(b, e.Browser[:]...)
	}
	if e.Text != (consent.Hash{}) {
		b = append(b, e.Text[:]...)
	}
	return b
}

// reader reads rows of columns. Texts that many entries have are one string. Numbers are taken as the driver has them, which costs least.
type reader struct {
	entries []consent.Entry
	lines   map[string][2]string
	seq     any
	ids     sql.RawBytes
	said    sql.RawBytes
}

func (r *reader) begin() { r.entries, r.lines = r.entries[:0], map[string][2]string{} }

func (r *reader) next(scan func(...any) error) error {
	if err := scan(&r.seq, &r.ids, &r.said); err != nil {
		return err
	}
	seq, ok := r.seq.(int64)
	if !ok || seq < 1 {
		return errRow
	}
	r.entries = append(r.entries, consent.Entry{Seq: uint64(seq)})
	e := &r.entries[len(r.entries)-1]
	const fixed, browser, text = 16 + 16 + 32, 16, 32
	b := r.ids
	switch len(b) {
	case fixed + browser, fixed + browser + text:
		copy(e.Browser[:], b[fixed:])
	case fixed, fixed + text:
	default:
		return errRow
	}
	copy(e.Key[:], b)
	copy(e.Subject[:], b[16:])
	copy(e.Hash[:], b[32:])
	if len(b) >= fixed+text {
		copy(e.Text[:], b[len(b)-text:])
	}
	tail, ok := parseSaid(e, r.said)
	if !ok {
		return errRow
	}
	lines, ok := r.lines[string(tail)]
	if !ok {
		if lines, ok = parseLines(tail); !ok {
			return errRow
		}
		r.lines[string(tail)] = lines
	}
	e.Place, e.Regimes = lines[0], lines[1]
	return nil
}

// Keyed implements [consent.Store].
func (s *Store) Keyed(ctx context.Context, keys []consent.Key) ([]consent.Entry, error) {
	var r reader
	err := s.eachOf(ctx, &keyTexts, keysOf(keys, func(k *consent.Key) []byte { return k[:] }), r.begin, r.next)
	if err != nil {
		return nil, err
	}
	return r.entries, nil
}

var keyTexts = in(`SELECT ` + columns + ` FROM {rows} e WHERE {key} `)

// Entries are found by subject in stretches of 1024 on SQLite: see the index. {of} is what joins them as e, with three arguments: the number
// they come after, the subject, and the number again.
const (
	ofSQLite = `(WITH RECURSIVE s (n) AS (SELECT ? >> 10 UNION ALL
			SELECT n + 1 FROM s WHERE n < (SELECT max(seq) >> 10 FROM consent_row)) SELECT n, ? AS subject FROM s) s
		CROSS JOIN consent_row e ON e.seq >> 10 = s.n AND substr(e.ids, 17, 4) = substr(s.subject, 1, 4) AND substr(e.ids, 17, 16) = s.subject AND e.seq > ?`
	ofPostgres = `(SELECT ?::bigint AS after, ?::bytea AS subject) s CROSS JOIN consent_entry e WHERE e.subject = s.subject AND e.seq > ?`
)

const (
	historyText = `SELECT ` + columns + ` FROM {of} ORDER BY e.seq LIMIT ?`
	ledgerText  = `SELECT ` + columns + ` FROM {rows} e WHERE e.seq > ? ORDER BY e.seq LIMIT ?`
)

// History implements [consent.Store].
func (s *Store) History(ctx context.Context, subject consent.Subject, after uint64, limit int) ([]consent.Entry, error) {
	return s.page(ctx, historyText, 0, limited(after), subject[:], limited(after), max(0, limit))
}

// Ledger implements [consent.Store].
func (s *Store) Ledger(ctx context.Context, after uint64, limit int) ([]consent.Entry, error) {
	return s.page(ctx, ledgerText, min(max(0, limit), 1000), limited(after), max(0, limit))
}

// page reads entries; there is room for so many from the start.
func (s *Store) page(ctx context.Context, text string, room int, args ...any) ([]consent.Entry, error) {
	r := reader{entries: make([]consent.Entry, 0, room)}
	if err := s.t.All(ctx, text, args, r.begin, r.next); err != nil {
		return nil, err
	}
	return r.entries, nil
}

// limited is n as the databases have it.
func limited(n uint64) int64 { return int64(min(n, math.MaxInt64)) }
