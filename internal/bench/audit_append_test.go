package bench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Workload A, appending. 1, 8 or 32 writers record events of one tenant, each one at a time: an operation is over when
// the event is durable and has its place in the order, on a server that syncs every commit.
func BenchmarkAuditAppend(b *testing.B) {
	w := newAuditWorld(b, durablePostgres(b))
	for _, writers := range []int{1, 8, 32} {
		b.Run(inWriters(writers), func(b *testing.B) {
			compare(b, appends(append(w.appenders(), auditPeers...), writers), w.serverCPU)
		})
	}
}

func inWriters(n int) string {
	if n == 1 {
		return "1_writer"
	}
	return fmt.Sprintf("%d_writers", n)
}

func TestEveryAppenderKeepsEveryEvent(t *testing.T) {
	w := newAuditWorld(t, dbtest.Postgres(t))
	for _, a := range append(w.appenders(), auditPeers...) {
		t.Run(a.name, func(t *testing.T) { checkAppender(t, a) })
	}
}

func checkAppender(t *testing.T, a appender) {
	l, events := a.open(t, 8), supply(64)
	before, err := l.size()
	if err != nil {
		t.Fatal(err)
	}
	if err := shared(8, func() error { return l.record(events()) })(50); err != nil {
		t.Fatal(err)
	}
	if after, err := l.size(); err != nil || after != before+50 {
		t.Fatal(before, after, err)
	}
}

// An appender is a way to keep events, for so many writers.
type appender struct {
	name string
	open func(tb testing.TB, writers int) trail
}

// trail is where an appender keeps them. size says how many there are, and fails if they do not fit together. end, if
// there is one, ends a turn, in its time.
type trail struct {
	record func(*happening) error
	size   func() (int, error)
	end    func() error
}

// auditPeers are further appenders; the tag peers adds those that are heavy to compile.
var auditPeers []appender

// longTurn lets each of many writers have several events in a turn.
const longTurn = 50 * time.Millisecond

// appends are the appenders as ways, each compared with "ours".
func appends(appenders []appender, writers int) (ways []way) {
	for _, a := range appenders {
		ways = append(ways, way{name: a.name, vs: []string{"ours"}, turn: longTurn, open: func(tb testing.TB) func(int) error {
			l, events := a.open(tb, writers), supply(4096)
			record := shared(writers, func() error { return l.record(events()) })
			if l.end == nil {
				return record
			}
			return func(n int) error { return errors.Join(record(n), l.end()) }
		}})
		if a.name == "ours" {
			ways[len(ways)-1].vs = nil
		}
	}
	return ways
}

func (w *auditWorld) appenders() []appender {
	ctx := context.Background()
	count := func(p *pgxpool.Pool, table string) func() (int, error) {
		return func() (n int, err error) {
			err = p.QueryRow(ctx, "SELECT count(*) FROM "+table).Scan(&n)
			return n, err
		}
	}
	return []appender{
		// What an application without a log does: a row of its own, without row-level security.
		{"plain", func(tb testing.TB, writers int) trail {
			p := pool(tb, w.App.DSN, writers, nil)
			return trail{func(h *happening) error {
				_, err := p.Exec(ctx, "INSERT INTO row_plain (tenant_id, action, actor, at, body) VALUES ($1, $2, $3, now(), $4)", tenantName(0), h.action, h.actor, h.line)
				return err
			}, count(p, "row_plain"), nil}
		}},
		// The same under row-level security, in one round trip.
		{"plain_tenantdb", func(tb testing.TB, writers int) trail {
			db := w.open(tb, writers)
			return trail{func(h *happening) error {
				_, err := db.Exec(w.ctx, "INSERT INTO row_guarded (action, actor, at, body) VALUES ($1, $2, now(), $3)", h.action, h.actor, h.line)
				return err
			}, count(pool(tb, w.Admin.DSN, 1, nil), "row_guarded"), nil}
		}},
		{"locked_chain", func(tb testing.TB, writers int) trail {
			p := pool(tb, w.App.DSN, writers, nil)
			return trail{func(h *happening) error { return appendLocked(ctx, p, h) }, func() (int, error) { return walkLocked(ctx, p) }, nil}
		}},
		{"ours", func(tb testing.TB, writers int) trail { return openOurTrail(tb, w.open(tb, writers).TenantDB(), w.ctx) }},
		// With the tree and a signed checkpoint at the end of each turn, so several a second. In a log of its own.
		{"ours_signed", func(tb testing.TB, writers int) trail {
			l := openOurTrail(tb, w.open(tb, writers).TenantDB(), w.other)
			l.end = func() error { _, err := l.size(); return err }
			return l
		}},
	}
}

func openOurTrail(tb testing.TB, db *tenantdb.DB, ctx context.Context) trail {
	log, store, _ := openLog(tb, db)
	return trail{func(h *happening) error { return log.Record(ctx, h.event) }, func() (int, error) {
		c, err := log.Checkpoint(ctx) // which compares the tree with the events
		if errors.Is(err, audit.ErrNotFound) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		n, err := store.Size(ctx)
		if err == nil && c.Size != n {
			err = fmt.Errorf("%d events and a checkpoint of %d", n, c.Size)
		}
		return int(n), err
	}, nil}
}

// appendLocked appends to the chain of hashes that applications write by hand: a lock, the last row, a row with a hash over
// it.
func appendLocked(ctx context.Context, p *pgxpool.Pool, h *happening) error {
	return pgx.BeginFunc(ctx, p, func(tx pgx.Tx) error {
		tenant := tenantName(0)
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", tenant); err != nil {
			return err
		}
		seq, prev := int64(-1), []byte{}
		err := tx.QueryRow(ctx, "SELECT seq, hash FROM chain_locked WHERE tenant_id = $1 ORDER BY seq DESC LIMIT 1", tenant).Scan(&seq, &prev)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		hash := sha256.Sum256(append(bytes.Clone(prev), h.line...))
		_, err = tx.Exec(ctx, "INSERT INTO chain_locked (tenant_id, seq, prev, hash, action, actor, at, body) VALUES ($1, $2, $3, $4, $5, $6, now(), $7)",
			tenant, seq+1, prev, hash[:], h.action, h.actor, h.line)
		return err
	})
}

// walkLocked verifies the chain and returns its length.
func walkLocked(ctx context.Context, p *pgxpool.Pool) (n int, err error) {
	rows, err := p.Query(ctx, "SELECT seq, hash, body FROM chain_locked WHERE tenant_id = $1 ORDER BY seq", tenantName(0))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var prev []byte
	for ; rows.Next(); n++ {
		var seq int
		var hash, body []byte
		if err := rows.Scan(&seq, &hash, &body); err != nil {
			return 0, err
		}
		if want := sha256.Sum256(append(prev, body...)); seq != n || !bytes.Equal(hash, want[:]) {
			return 0, fmt.Errorf("the chain is broken at %d", n)
		}
		prev = hash
	}
	return n, rows.Err()
}
