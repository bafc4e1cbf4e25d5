package auditsql_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/internal/pgserver"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// Rates are compared within one run, as ratios: an fsync costs what the neighbours leave of the disk.
//
//	go test -run xxx -bench Append -benchtime 500ms -count 5 ./audit/auditsql

// benchEntry is an event of 480 bytes by a person, on a document.
func benchEntry(i uint64) audit.Entry {
	e := audit.Entry{ID: uuid.Must(uuid.NewV7()), Action: "document.read", Leaf: bytes.Repeat([]byte{'x'}, 480)}
	copy(e.Leaf, fmt.Sprint(i))
	e.Open = []audit.Opening{
		{Subject: audit.Pseudonym{1, byte(i), byte(i >> 8)}, Data: make([]byte, 320)},
		{Subject: audit.Pseudonym{2, byte(i), byte(i >> 8), byte(i >> 16)}},
	}
	return e
}

// group appends what queued up during the last append.
type group struct {
	append func([]audit.Entry) error
	queue  chan waiting
	done   sync.WaitGroup
}

type waiting struct {
	e   audit.Entry
	err chan error
}

func newGroup(append func([]audit.Entry) error) *group {
	g := &group{append: append, queue: make(chan waiting, 4096)}
	g.done.Go(g.run)
	return g
}

func (g *group) run() {
	var batch []audit.Entry
	var who []chan error
	for w := range g.queue {
		batch, who = append(batch[:0], w.e), append(who[:0], w.err)
	more:
		for len(batch) < 2048 {
			select {
			case w, ok := <-g.queue:
				if !ok {
					break more
				}
				batch, who = append(batch, w.e), append(who, w.err)
			default:
				break more
			}
		}
		err := g.append(batch)
		for _, c := range who {
			c <- err
		}
	}
}

func (g *group) one(e audit.Entry) error {
	w := waiting{e, make(chan error, 1)}
	g.queue <- w
	return <-w.err
}

func (g *group) close() { close(g.queue); g.done.Wait() }

// drive lets writers do b.N times f.
func drive(b *testing.B, writers int, f func(i uint64) error) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range writers {
		wg.Go(func() {
			for {
				i := next.Add(1)
				if i > int64(b.N) {
					return
				}
				if err := f(uint64(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// durable gives the benchmark a server that syncs its commits to the disk, which the one for tests does not.
func durable(b *testing.B) {
	b.Helper()
	dir, err := os.MkdirTemp("", "auditsql-bench") // b.TempDir's parent is closed to the server's user
	require.NoError(b, err)
	s, err := pgserver.Start(context.Background(), dir, "fsync=on", "synchronous_commit=on", "full_page_writes=on")
	if errors.Is(err, pgserver.ErrNotInstalled) {
		b.Skip("no Postgres here")
	}
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Stop()) })
	b.Setenv("BAILIWICK_TEST_POSTGRES", s.DSN(pgserver.Superuser, "postgres"))
}

func BenchmarkAppend(b *testing.B) {
	durable(b)
	each := func(b *testing.B, f func(b *testing.B, writers int)) {
		for _, writers := range []int{1, 32} {
			b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) { f(b, writers) })
		}
	}
	ours := func(open func(testing.TB) *world) func(*testing.B, int) {
		return func(b *testing.B, writers int) {
			w := open(b)
			ctx := w.tenant(b)
			s := w.store(b)
			g := newGroup(func(batch []audit.Entry) error { _, err := s.Append(ctx, batch); return err })
			defer g.close()
			drive(b, writers, func(i uint64) error { return g.one(benchEntry(i)) })
		}
	}
	b.Run("sqlite", func(b *testing.B) { each(b, ours(onSQLite)) })
	b.Run("sqlite-limit", func(b *testing.B) { each(b, benchFile) })
	b.Run("postgres", func(b *testing.B) { each(b, ours(onPostgres)) })
	b.Run("postgres-plain", func(b *testing.B) { each(b, benchPlain) })
	b.Run("postgres-plain-tenant", func(b *testing.B) { each(b, benchPlainTenant) })
}

// benchFile is the physical limit: one file, an fsync for what queued up.
func benchFile(b *testing.B, writers int) {
	f, err := os.OpenFile(filepath.Join(b.TempDir(), "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	require.NoError(b, err)
	defer f.Close()
	var buf []byte
	g := newGroup(func(batch []audit.Entry) error {
		buf = buf[:0]
		for _, e := range batch {
			buf = append(buf, e.Leaf...)
		}
		if _, err := f.Write(buf); err != nil {
			return err
		}
		return f.Sync()
	})
	defer g.close()
	drive(b, writers, func(i uint64) error { return g.one(benchEntry(i)) })
}

// benchPlain is what an application without a log does: an INSERT of one row, each on its own, in a table
// without row-level security.
func benchPlain(b *testing.B, writers int) {
	w := onPostgres(b)
	_, err := openSQL(b, w.pg.Owner.DSN).Exec(`CREATE TABLE plain (tenant text, seq bigint GENERATED ALWAYS AS IDENTITY, action text, actor text,
		at timestamptz, body bytea, PRIMARY KEY (tenant, seq)); GRANT INSERT ON plain TO ` + w.pg.App.Role)
	require.NoError(b, err)
	pool, err := pgxpool.New(b.Context(), withConns(w.pg.App.DSN))
	require.NoError(b, err)
	defer pool.Close()
	drive(b, writers, func(i uint64) error {
		e := benchEntry(i)
		_, err := pool.Exec(context.Background(), `INSERT INTO plain (tenant, action, actor, at, body) VALUES ($1, $2, $3, now(), $4)`, "acme", e.Action, "somebody", e.Leaf)
		return err
	})
}

// benchPlainTenant is the same under row-level security, in one round trip.
func benchPlainTenant(b *testing.B, writers int) {
	w := onPostgres(b)
	guard, err := rls.SQL(rls.Config{AppRole: w.pg.App.Role, Tables: []rls.Table{{Name: "plain"}}})
	require.NoError(b, err)
	_, err = openSQL(b, w.pg.Owner.DSN).Exec(`CREATE TABLE plain (tenant_id text COLLATE "C", seq bigint GENERATED ALWAYS AS IDENTITY, action text, actor text,
		at timestamptz, body bytea, PRIMARY KEY (tenant_id, seq));` + guard)
	require.NoError(b, err)
	db, _ := openPostgres(b, w.pg, w.keys)
	ctx := w.tenant(b)
	drive(b, writers, func(i uint64) error {
		e := benchEntry(i)
		_, err := db.Exec(ctx, `INSERT INTO plain (action, actor, at, body) VALUES ($1, $2, now(), $3)`, e.Action, "somebody", e.Leaf)
		return err
	})
}

// BenchmarkInTheCallersTransaction compares a transaction with and without an event in it.
func BenchmarkInTheCallersTransaction(b *testing.B) {
	durable(b)
	for name, open := range map[string]func(testing.TB) *world{"sqlite": onSQLite, "postgres": onPostgres} {
		for _, audited := range []bool{false, true} {
			for _, writers := range []int{1, 8, 32} {
				b.Run(fmt.Sprintf("%s/audited=%v/writers=%d", name, audited, writers), func(b *testing.B) {
					w := open(b)
					ctx := w.tenant(b)
					s := w.store(b)
					drive(b, writers, func(i uint64) error {
						return w.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
							if _, err := tx.ExecContext(ctx, tx.Rebind(`INSERT INTO note (id) VALUES (?)`), fmt.Sprint(i)); err != nil || !audited {
								return err
							}
							_, err := s.Park(ctx, []audit.Entry{benchEntry(i)})
							return err
						})
					})
				})
			}
		}
	}
}
