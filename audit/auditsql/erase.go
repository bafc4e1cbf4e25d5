package auditsql

import (
	"context"
	"math"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/jmoiron/sqlx"
)

// Subjects implements [audit.Store]. f is called between transactions.
func (s *Store) Subjects(ctx context.Context, who audit.Pseudonym, f func(seq uint64, data []byte) error) error {
	type opening struct {
		Place int64  `db:"place"`
		Data  []byte `db:"data"`
	}
	for from := uint64(0); ; {
		var found []opening
		text, args := s.of(who, from, math.MaxInt64)
		err := s.read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			found = nil
			return tx.SelectContext(ctx, &found, s.sql(`SELECT o.place, o.data FROM `+text+` AND length(o.data) > 0 ORDER BY o.place LIMIT ?`),
				append(args, page)...)
		})
		if err != nil {
			return err
		}
		for _, o := range found {
			if err := f(uint64(o.Place/perEvent), o.Data); err != nil {
				return err
			}
		}
		if len(found) < page {
			return nil
		}
		from = uint64(found[len(found)-1].Place/perEvent) + 1
	}
}

// Reopen implements [audit.Store]. What SQLite removes is overwritten in the file (secure_delete), and goes from the log
// beside it by Expunge; Postgres keeps it until VACUUM, in its log and in backups. Only a [audit.Sealer] whose keys are
// destroyed reaches those.
func (s *Store) Reopen(ctx context.Context, who audit.Pseudonym, with []audit.Reopening) error {
	if len(with) == 0 {
		return nil
	}
	return refused(s.write, ctx, func(ctx context.Context, tx *sqlx.Tx) (refusal, err error) {
		if err := s.lock(ctx, tx); err != nil {
			return nil, err
		}
		var held int
		err = tx.GetContext(ctx, &held, s.sql(`SELECT count(*) FROM {hold} WHERE subject IS NULL OR subject = ?`), who[:])
		switch {
		case err != nil:
			return nil, err
		case held > 0:
			return audit.ErrHeld, nil
		case s.pg:
			return s.reopenPostgres(ctx, tx, who, with)
		}
		return s.reopenSQLite(ctx, tx, who, with)
	})
}

func (s *Store) reopenPostgres(ctx context.Context, tx *sqlx.Tx, who audit.Pseudonym, with []audit.Reopening) (refusal, err error) {
	seqs := make([]int64, len(with))
	for i, w := range with {
		seqs[i] = limited(w.Seq)
	}
	first, after := bounds(seqs)
	var places []int64 // in the order of with
	err = tx.SelectContext(ctx, &places, s.sql(`SELECT o.place FROM unnest(?::bigint[], ?::bigint[]) WITH ORDINALITY w (first, after, n) CROSS JOIN LATERAL (
		SELECT p.place, p.subject FROM {open} p WHERE p.place >= w.first AND p.place < w.after ORDER BY p.place LIMIT 128) o
		WHERE o.subject = ? ORDER BY w.n`), first, after, who[:])
	if err != nil {
		return nil, err
	}
	if len(places) != len(with) {
		return audit.ErrNotFound, nil
	}
	var gone, less []int64
	var data [][]byte
	for i, w := range with {
		if w.Data == nil {
			gone = append(gone, places[i])
		} else {
			less, data = append(less, places[i]), append(data, w.Data)
		}
	}
	if len(gone) > 0 {
		if _, err := tx.ExecContext(ctx, s.sql(`DELETE FROM {open} WHERE place = ANY (?::bigint[])`), gone); err != nil {
			return nil, err
		}
	}
	if len(less) > 0 {
		_, err = tx.ExecContext(ctx, s.sql(`UPDATE {open} o SET data = w.data FROM unnest(?::bigint[], ?::bytea[]) w (place, data)
			WHERE o.place = w.place`), less, data)
	}
	return nil, err
}

// Expunge implements [audit.Expunger].
func (s *Store) Expunge(ctx context.Context) error { return named(s.db.Expunge(ctx)) }

// reopenSQLite makes an opening that is removed an empty one of nobody's. SQLite overwrites what a row loses, where it is.
// But when rows go and pages become too empty it moves their neighbours together, and the places where those were stay
// as they are: a copy of what somebody else will want erased, which nothing would ever find.
func (s *Store) reopenSQLite(ctx context.Context, tx *sqlx.Tx, who audit.Pseudonym, with []audit.Reopening) (refusal, err error) {
	const here = ` subject = ? AND place >= ? AND place < ?`
	for _, w := range with { // before anything is changed
		var there int
		first := limited(w.Seq) * perEvent
		if err := tx.GetContext(ctx, &there, s.sql(`SELECT count(*) FROM {open} WHERE`+here), who[:], first, first+perEvent); err != nil {
			return nil, err
		}
		if there == 0 {
			return audit.ErrNotFound, nil
		}
	}
	for _, w := range with {
		first := limited(w.Seq) * perEvent
		text, args := `UPDATE {open} SET subject = x'', data = x'' WHERE`+here, []any{who[:], first, first + perEvent}
		if w.Data != nil {
			text, args = `UPDATE {open} SET data = ? WHERE`+here, append([]any{w.Data}, args...)
		}
		if _, err := tx.ExecContext(ctx, s.sql(text), args...); err != nil {
			return nil, err
		}
	}
	return nil, nil
}
