package consentsql

import (
	"context"
	"errors"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// Write implements [consent.Store].
func (s *Store) Write(ctx context.Context, entries []consent.Entry, states []consent.State, texts []consent.Document) error {
	if err := consent.CheckWrite(entries, states, texts); err != nil {
		return s.t.Write(ctx, func(context.Context, *sqlx.Tx) error { return err })
	}
	return s.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if s.t.PG {
			return s.writePostgres(ctx, tx, entries, states, texts)
		}
		return s.writeSQLite(ctx, tx, entries, states, texts)
	})
}

var (
	errKey  = fmt.Errorf("%w: an entry of the same key", consent.ErrRefused)
	entries = rows(`INSERT INTO consent_row (seq, ids, said) VALUES `, entryWidth, ``)
	states  = rows(`INSERT INTO consent_state (who, data) VALUES `, stateWidth, ` ON CONFLICT (who) DO UPDATE SET data = excluded.data`)
)

const (
	entryWidth = 3
	stateWidth = 2
	textSQLite = `INSERT INTO consent_text (hash, version, language, body) VALUES (?, ?, ?, ?)`
)

// writeSQLite has the tenant's file for itself.
func (s *Store) writeSQLite(ctx context.Context, tx *sqlx.Tx, es []consent.Entry, ss []consent.State, ds []consent.Document) error {
	if len(es) > 0 {
		var end uint64
		if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(seq), 0) FROM consent_row`).Scan(&end); err != nil {
			return err
		}
		if es[0].Seq != end+1 {
			return consent.ErrConflict
		}
	}
	for i := range ds {
		d := &ds[i]
		var known bool
		if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM consent_text WHERE hash = ?)`, d.Hash[:]).Scan(&known); err != nil {
			return err
		}
		if known {
			continue
		}
		if _, err := tx.ExecContext(ctx, textSQLite, d.Hash[:], int64(d.Version), d.Language, notNil(d.Body)); err != nil {
			return err
		}
	}
	args := make([]any, 0, max(len(es)*entryWidth, len(ss)*stateWidth))
	ids, said, lines := make([]byte, 0, len(es)*112), make([]byte, 0, 256), []byte(nil)
	for i := range es {
		e := &es[i]
		n := len(ids)
		if ids = idsOf(ids, e); i == 0 || e.Place != es[i-1].Place || e.Regimes != es[i-1].Regimes {
			lines = linesOf(e)
		}
		said = saidOf(said[:0], e, lines)
		args = append(args, int64(e.Seq), ids[n:len(ids):len(ids)], string(said))
	}
	if err := s.insert(ctx, tx, &entries, entryWidth, args); err != nil {
		return err
	}
	args = args[:0]
	for i := range ss {
		args = append(args, ss[i].Who[:], stateOf(&ss[i]))
	}
	return s.insert(ctx, tx, &states, stateWidth, args)
}

// A write is one statement. What it begins with lets nobody else past the end of the ledger; the rest follows it.
const writePostgres = `WITH h AS MATERIALIZED (SELECT seq FROM consent_end()),
	k AS MATERIALIZED (SELECT FROM consent_entry WHERE key = ANY ($1::bytea[]) LIMIT 1),
	t AS (INSERT INTO consent_text (hash, version, language, body)
		SELECT x.hash, x.version, x.language, x.body FROM h CROSS JOIN unnest($2::bytea[], $3::int[], $4::text[], $5::bytea[]) AS x (hash, version, language, body)
		ON CONFLICT DO NOTHING),
	s AS (INSERT INTO consent_state (who, data)
		SELECT x.who, x.data FROM h CROSS JOIN unnest($6::bytea[], $7::bytea[]) AS x (who, data)
		ON CONFLICT (tenant_id, who) DO UPDATE SET data = excluded.data),
	e AS (INSERT INTO consent_entry (seq, key, subject, browser, method, granted, denied, opt_out, signal, policy, text, place, regimes, at, expires, given, hash)
		SELECT h.seq + x.n, x.key, x.subject, x.browser, x.method, x.granted, x.denied, x.opt_out, x.signal, x.policy, x.text, x.place, x.regimes, x.at, x.expires, x.given, x.hash
		FROM h CROSS JOIN unnest($1::bytea[], $8::bytea[], $9::bytea[], $10::smallint[], $11::int[], $12::int[], $13::bool[], $14::bool[], $15::int[], $16::bytea[], $17::text[], $18::text[],
			$19::bigint[], $20::bigint[], $21::bigint[], $22::bytea[])
			WITH ORDINALITY AS x (key, subject, browser, method, granted, denied, opt_out, signal, policy, text, place, regimes, at, expires, given, hash, n)
		WHERE h.seq = $23 AND NOT EXISTS (SELECT FROM k))
	SELECT h.seq, EXISTS (SELECT FROM k) FROM h`

func (s *Store) writePostgres(ctx context.Context, tx *sqlx.Tx, es []consent.Entry, ss []consent.State, ds []consent.Document) error {
	c := struct {
		keys, subjects, browsers, texts, hashes [][]byte
		methods                                 []int16
		granted, denied, policies               []int32
		optOut, signal                          []bool
		places, regimes                         []string
		at                                      []int64
		expires, given                          []*int64
	}{}
	for i := range es {
		e := &es[i]
		c.keys, c.subjects, c.browsers = append(c.keys, e.Key[:]), append(c.subjects, e.Subject[:]), append(c.browsers, orNil(e.Browser[:]))
		c.texts, c.hashes = append(c.texts, orNil(e.Text[:])), append(c.hashes, e.Hash[:])
		c.methods, c.policies = append(c.methods, int16(e.Method)), append(c.policies, int32(e.Policy))
		c.granted, c.denied = append(c.granted, int32(e.Granted)), append(c.denied, int32(e.Denied))
		c.optOut, c.signal = append(c.optOut, e.OptOut), append(c.signal, e.Signal)
		c.places, c.regimes = append(c.places, e.Place), append(c.regimes, e.Regimes)
		c.at, c.expires, c.given = append(c.at, e.At.UnixMicro()), append(c.expires, microOf(e.Expires)), append(c.given, microOf(e.Given))
	}
	var hashes, bodies, whos, data [][]byte
	var versions []int32
	var languages []string
	for i := range ds {
		hashes, bodies = append(hashes, ds[i].Hash[:]), append(bodies, notNil(ds[i].Body))
		versions, languages = append(versions, int32(ds[i].Version)), append(languages, ds[i].Language)
	}
	for i := range ss {
		whos, data = append(whos, ss[i].Who[:]), append(data, stateOf(&ss[i]))
	}
	end, taken := uint64(0), false
	after := int64(-1)
	if len(es) > 0 {
		after = int64(es[0].Seq - 1)
	}
	var code interface{ SQLState() string }
	err := tx.QueryRowContext(ctx, writePostgres, c.keys, hashes, versions, languages, bodies, whos, data, c.subjects, c.browsers, c.methods, c.granted, c.denied,
		c.optOut, c.signal, c.policies, c.texts, c.places, c.regimes, c.at, c.expires, c.given, c.hashes, after).Scan(&end, &taken)
	switch {
	case errors.As(err, &code) && code.SQLState() == "23505":
		// Only a snapshot that is older than the lock does not show what is there.
		return fmt.Errorf("%w: %w: %w", consent.ErrConflict, tenantdb.ErrConflict, err)
	case err != nil:
		return err
	case len(es) > 0 && end != es[0].Seq-1:
		return consent.ErrConflict
	case taken:
		return errKey
	}
	return nil
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// orNil is nil of what is all zeros.
func orNil(b []byte) []byte {
	for _, x := range b {
		if x != 0 {
			return b
		}
	}
	return nil
}

// notNil makes an empty value of what would be NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
