package auditsql

import (
	"context"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// A batch is one statement. What it begins with locks the tenant's head and takes the place after the newest event: who
// comes second waits, and counts on from where the first one ended. Nothing is cached and nothing has to be tried again,
// however many processes there are. In a transaction that has the lock, which saw all that was committed before, the place is
// read without it. The newest event is never pruned: what names the pruning comes after all that goes.
const (
	nextSQL = `WITH h AS MATERIALIZED (SELECT seq AS base, at FROM audit_next())`
	lastSQL = `WITH h AS MATERIALIZED (
			SELECT COALESCE(l.seq + 1, 0) AS base, GREATEST(l.at, (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint) AS at
			FROM (SELECT 1) one LEFT JOIN (SELECT seq, at FROM {event} ORDER BY seq DESC LIMIT 1) l ON true)`
	batchSQL = `,
		e AS (
			INSERT INTO {event} (seq, at, event_id, action, outcome, hash, leaf)
			SELECT h.base + x.n - 1, h.at, x.event_id, x.action, x.outcome, x.hash, x.leaf
			FROM h CROSS JOIN unnest($1::bytea[], $2::text[], $3::smallint[], $4::bytea[], $5::bytea[])
				WITH ORDINALITY AS x (event_id, action, outcome, hash, leaf, n))`
	openBatchSQL = `,
		o AS (
			INSERT INTO {open} (stretch, place, subject, data)
			SELECT (h.base * 128 + y.place) / 131072, h.base * 128 + y.place, y.subject, y.data
			FROM h CROSS JOIN unnest($6::bigint[], $7::bytea[], $8::bytea[]) AS y (place, subject, data))`
	endBatchSQL = ` SELECT base FROM h`
)

// The statement, without and with openings.
var (
	nextBatchSQL = [2]string{nextSQL + batchSQL + endBatchSQL, nextSQL + batchSQL + openBatchSQL + endBatchSQL}
	lastBatchSQL = [2]string{lastSQL + batchSQL + endBatchSQL, lastSQL + batchSQL + openBatchSQL + endBatchSQL}
)

// insertPostgres runs one of texts by row, which is that of [tenantdb.DB]. It is sql.ErrNoRows if the tenant has no head yet.
func (t *tree) insertPostgres(ctx context.Context, row func(ctx context.Context, text string, args, dest []any) error,
	texts *[2]string, entries []audit.Entry) (base uint64, err error) {
	n, opens := len(entries), 0
	ids, actions, outcomes := make([][]byte, n), make([]string, n), make([]int16, n)
	hashes, leaves := make([][]byte, n), make([][]byte, n)
	for i := range entries {
		e := &entries[i]
		ids[i], actions[i], outcomes[i], hashes[i], leaves[i] = e.ID[:], e.Action, int16(e.Outcome), e.Hash[:], e.Leaf
		opens += len(e.Open)
	}
	text, args := texts[0], []any{ids, actions, outcomes, hashes, leaves}
	if opens > 0 {
		places, subjects, data := make([]int64, 0, opens), make([][]byte, 0, opens), make([][]byte, 0, opens)
		for i := range entries {
			for j := range entries[i].Open {
				o := &entries[i].Open[j]
				places, subjects, data = append(places, int64(i*perEvent+j)), append(subjects, o.Subject[:]), append(data, notNil(o.Data))
			}
		}
		text, args = texts[1], append(args, places, subjects, data)
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
