package bench

import (
	"context"
	"crypto/sha256"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/jmoiron/sqlx"
)

// Workload B, the business transaction: one row of the application's, inserted by 1, 8 or 32 writers of one tenant, alone
// and with an event of the log that commits with it or not at all. Ours gets its place in the background; what is left of that
// at the end of a turn is done between the turns, and in ours_placed it is waited for.
func BenchmarkAuditInTransaction(b *testing.B) {
	w := newAuditWorld(b, durablePostgres(b))
	for _, writers := range []int{1, 8, 32} {
		b.Run(inWriters(writers), func(b *testing.B) { compare(b, w.transactions(writers), w.serverCPU) })
	}
}

func TestEveryAuditedTransactionIsInItsLog(t *testing.T) {
	w := newAuditWorld(t, dbtest.Postgres(t))
	checkWays(t, w.transactions(4))
	p := pool(t, w.Admin.DSN, 1, nil)
	for query, want := range map[string]int{
		"SELECT count(*) FROM business":     80,
		"SELECT count(*) FROM audit_event":  40,
		"SELECT count(*) FROM audit_outbox": 0,
		"SELECT size FROM chain_head":       20,
		"SELECT count(*) FROM chain_event JOIN chain_head USING (tenant_id, hash) WHERE seq = size-1": 1,
	} {
		var n int
		if err := p.QueryRow(context.Background(), query).Scan(&n); err != nil || n != want {
			t.Errorf("%s: %d, not %d %v", query, n, want, err)
		}
	}
}

func (w *auditWorld) transactions(writers int) []way {
	var logs []*audit.Log
	settle := func(int) {
		for _, l := range logs {
			_ = l.Flush(w.ctx) // if it fails, the next turn will
		}
	}
	// open gives each writer transactions of a row, with what with does in them.
	open := func(tb testing.TB, with func(log *audit.Log) func(context.Context, *sqlx.Tx, *happening) error) (*audit.Log, func(int) error) {
		db := w.open(tb, writers).TenantDB()
		log, _, _ := openLog(tb, db)
		more, events := with(log), supply(4096)
		logs = append(logs, log)
		return log, shared(writers, func() error {
			return db.Tx(w.ctx, func(ctx context.Context, tx *sqlx.Tx) error {
				if _, err := tx.ExecContext(ctx, "INSERT INTO business (body) VALUES ('a row of the application')"); err != nil {
					return err
				}
				return more(ctx, tx, events())
			})
		})
	}
	record := func(log *audit.Log) func(context.Context, *sqlx.Tx, *happening) error {
		return func(ctx context.Context, _ *sqlx.Tx, h *happening) error { return log.Record(ctx, h.event) }
	}
	ways := []way{
		{name: "alone", vs: []string{"ours", "ours_placed"}, open: func(tb testing.TB) func(int) error {
			_, run := open(tb, func(*audit.Log) func(context.Context, *sqlx.Tx, *happening) error {
				return func(context.Context, *sqlx.Tx, *happening) error { return nil }
			})
			return run
		}},
		// A chain whose last hash is a row of its own: who comes next waits for the whole transaction.
		{name: "head_chain", vs: []string{"alone", "ours"}, open: func(tb testing.TB) func(int) error {
			_, run := open(tb, func(*audit.Log) func(context.Context, *sqlx.Tx, *happening) error { return appendToHead })
			return run
		}},
		{name: "ours", open: func(tb testing.TB) func(int) error {
			log, run := open(tb, record)
			if _, checking := tb.(*testing.T); checking {
				return func(n int) error { return placed(w.ctx, log, run(n)) }
			}
			return run
		}},
		{name: "ours_placed", open: func(tb testing.TB) func(int) error {
			log, run := open(tb, record)
			return func(n int) error { return placed(w.ctx, log, run(n)) }
		}},
	}
	for i := range ways {
		ways[i].prep, ways[i].turn = settle, longTurn
	}
	return ways
}

// placed waits until all that was recorded has its place.
func placed(ctx context.Context, log *audit.Log, err error) error {
	if err != nil {
		return err
	}
	return log.Flush(ctx)
}

func appendToHead(ctx context.Context, tx *sqlx.Tx, h *happening) error {
	sum := sha256.Sum256(h.line)
	var seq int64
	var hash []byte
	err := tx.QueryRowContext(ctx, "UPDATE chain_head SET size = size + 1, hash = sha256(hash || $1) RETURNING size - 1, hash", sum[:]).Scan(&seq, &hash)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO chain_event (seq, prev, hash, action, actor, at, body) VALUES ($1, '', $2, $3, $4, now(), $5)", seq, hash, h.action, h.actor, h.line)
	return err
}
