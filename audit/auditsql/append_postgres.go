package auditsql

import (
	"context"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// A batch is one statement. The update locks the head's row: who comes second waits, and counts on from where the first
// one ended. Nothing is cached and nothing has to be tried again, however many processes there are.
const (
	batchSQL = `WITH h AS (
			UPDATE {head} SET size = size + $1, at = GREATEST(at, (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint)
			RETURNING size - $1 AS base, at),
		e AS (
			INSERT INTO {event} (seq, at, event_id, action, outcome, hash, leaf)
			SELECT h.base + x.n - 1, h.at, x.event_id, x.action, x.outcome, x.hash, x.leaf
			FROM h CROSS JOIN unnest($2::bytea[], $3::text[], $4::smallint[], $5::bytea[], $6::bytea[])
				WITH ORDINALITY AS x (event_id, action, outcome, hash, leaf, n))`
	openBatchSQL = `,
		o AS (
			INSERT INTO {open} (place, subject, data)
			SELECT h.base * 128 + y.place, y.subject, y.data
			FROM h CROSS JOIN unnest($7::bigint[], $8::bytea[], $9::bytea[]) AS y (place, subject, data))`
	endBatchSQL = ` SELECT base FROM h`
)

// insertPostgres runs the statement by row, which is that of [tenantdb.DB]. It is sql.ErrNoRows if the tenant has no head yet.
func (t *tree) insertPostgres(ctx context.Context, row func(ctx context.Context, text string, args, dest []any) error,
	entries []audit.Entry) (base uint64, err error) {
	n, opens := len(entries), 0
	ids, actions, outcomes := make([][]byte, n), make([]string, n), make([]int16, n)
	hashes, leaves := make([][]byte, n), make([][]byte, n)
	for i := range entries {
		e := &entries[i]
		ids[i], actions[i], outcomes[i], hashes[i], leaves[i] = e.ID[:], e.Action, int16(e.Outcome), e.Hash[:], e.Leaf
		opens += len(e.Open)
	}
	text, args := batchSQL+endBatchSQL, []any{int64(n), ids, actions, outcomes, hashes, leaves}
	if opens > 0 {
		places, subjects, data := make([]int64, 0, opens), make([][]byte, 0, opens), make([][]byte, 0, opens)
		for i := range entries {
			for j := range entries[i].Open {
				o := &entries[i].Open[j]
				places, subjects, data = append(places, int64(i*perEvent+j)), append(subjects, o.Subject[:]), append(data, notNil(o.Data))
			}
		}
		text, args = batchSQL+openBatchSQL+endBatchSQL, append(args, places, subjects, data)
	}
	var first int64
	err = row(ctx, t.sql(text), args, []any{&first})
	return uint64(first), err
}

// notNil makes an empty value of what would be NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
