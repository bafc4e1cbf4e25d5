package auditsql

import (
	"context"
	"math"
	"slices"
	"strconv"

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
		}
		places, err := s.places(ctx, tx, who, with)
		if err != nil || places == nil {
			return audit.ErrNotFound, err
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
		if s.pg {
			return nil, s.reopenPostgres(ctx, tx, gone, less, data)
		}
		return nil, s.reopenSQLite(ctx, tx, gone, less, data)
	})
}

// places returns where the subject's openings in the events of with are, in their order, and nil if one is not there.
func (s *Store) places(ctx context.Context, tx *sqlx.Tx, who audit.Pseudonym, with []audit.Reopening) ([]int64, error) {
	var stretches []int64 // see the index
	at := make(map[int64]int64, len(with))
	for _, w := range with {
		seq := limited(w.Seq)
		at[seq] = -1
		stretches = append(stretches, seq>>10)
	}
	slices.Sort(stretches)
	stretches = slices.Compact(stretches)
	text, list := `SELECT o.place FROM json_each(?) s CROSS JOIN {open} o ON o.place >> 17 = s.value AND o.subject = ?`, any(stretches)
	if s.pg {
		text = `SELECT o.place FROM unnest(?::bigint[]) s (n) CROSS JOIN LATERAL (
			SELECT p.place FROM {open} p WHERE p.stretch = s.n AND p.subject = ? OFFSET 0) o`
	} else {
		list = jsonList(stretches)
	}
	var found []int64
	if err := tx.SelectContext(ctx, &found, s.sql(text), list, who[:]); err != nil {
		return nil, err
	}
	for _, place := range found {
		if _, asked := at[place/perEvent]; asked {
			at[place/perEvent] = place
		}
	}
	places := make([]int64, len(with))
	for i, w := range with {
		if places[i] = at[limited(w.Seq)]; places[i] < 0 {
			return nil, nil
		}
	}
	return places, nil
}

// jsonList is how SQLite is given many numbers at once.
func jsonList(ns []int64) string {
	b := []byte{'['}
	for i, n := range ns {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return string(append(b, ']'))
}

func (s *Store) reopenPostgres(ctx context.Context, tx *sqlx.Tx, gone, less []int64, data [][]byte) (err error) {
	if len(gone) > 0 {
		if _, err := tx.ExecContext(ctx, s.sql(`DELETE FROM {open} WHERE place = ANY (?::bigint[])`), gone); err != nil {
			return err
		}
	}
	if len(less) > 0 {
		_, err = tx.ExecContext(ctx, s.sql(`UPDATE {open} o SET data = w.data FROM unnest(?::bigint[], ?::bytea[]) w (place, data)
			WHERE o.place = w.place`), less, data)
	}
	return err
}

// Expunge implements [audit.Expunger].
func (s *Store) Expunge(ctx context.Context) error { return named(s.db.Expunge(ctx)) }

// reopenSQLite makes an opening that is removed an empty one of nobody's. SQLite overwrites what a row loses, where it is.
// But when rows go and pages become too empty it moves their neighbours together, and the places where those were stay
// as they are: a copy of what somebody else will want erased, which nothing would ever find.
func (s *Store) reopenSQLite(ctx context.Context, tx *sqlx.Tx, gone, less []int64, data [][]byte) error {
	if len(gone) > 0 {
		text := s.sql(`UPDATE {open} SET subject = x'', data = x'' WHERE place IN (SELECT value FROM json_each(?))`)
		if _, err := tx.ExecContext(ctx, text, jsonList(gone)); err != nil {
			return err
		}
	}
	for i, place := range less {
		if _, err := tx.ExecContext(ctx, s.sql(`UPDATE {open} SET data = ? WHERE place = ?`), data[i], place); err != nil {
			return err
		}
	}
	return nil
}
