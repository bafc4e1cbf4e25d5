package bench

import (
	"context"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/jackc/pgx/v5"
)

// Workload C, bulk insert. One operation inserts 10,000 rows of one tenant in a transaction, then the rows
// are deleted outside the measured time.
func BenchmarkBulkInsert(b *testing.B) {
	w := newPGWorld(b, 2, 10)
	openOurs(b, w)
	compare(b, bulkInserts(w, 10_000), w.serverCPU)
}

func TestEveryBulkInsertInserts(t *testing.T) {
	w := newPGWorld(t, 2, 10)
	openOurs(t, w)
	checkWays(t, bulkInserts(w, 7))
}

func bulkInserts(w *pgWorld, rows int) []way {
	const firstID = 1_000_000
	body := strings.Repeat("x", 100)
	ctx := context.Background()
	columns := []string{"tenant_id", "id", "body", "n"}
	source := func() pgx.CopyFromSource {
		return pgx.CopyFromSlice(rows, func(i int) ([]any, error) {
			return []any{tenantName(1), int64(firstID + i), body, int32(i % 97)}, nil
		})
	}
	var admin *pgx.Conn
	clear := func(table string) func(int) {
		return func(int) {
			if admin == nil {
				return
			}
			// Not TRUNCATE: the tables keep their size, as in use.
			_, _ = admin.Exec(ctx, "DELETE FROM "+table+" WHERE id >= $1", firstID)
			_, _ = admin.Exec(ctx, "VACUUM "+table)
		}
	}
	// Each operation of a turn needs ids of its own.
	repeat := func(table string, op func() error) func(int) error {
		return func(n int) error {
			for i := range n {
				if i > 0 {
					clear(table)(1)
				}
				if err := op(); err != nil {
					return err
				}
			}
			return nil
		}
	}
	connect := func(tb testing.TB, dsn string) *pgx.Conn {
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { conn.Close(ctx) })
		return conn
	}
	open := func(table, dsn string, op func(*pgx.Conn) error) func(testing.TB) func(int) error {
		return func(tb testing.TB) func(int) error {
			admin = connect(tb, w.Admin.DSN)
			conn := connect(tb, dsn)
			return repeat(table, func() error { return op(conn) })
		}
	}
	return []way{
		// The floor: no isolation at all, and COPY.
		{name: "unscoped_copy", prep: clear("docs_plain"), open: open("docs_plain", w.App.DSN, func(c *pgx.Conn) error {
			_, err := c.CopyFrom(ctx, pgx.Identifier{"docs_plain"}, columns, source())
			return err
		})},
		// What is left to those whom COPY under row-level security refuses: a role that bypasses it.
		{name: "bypass_role_copy", vs: []string{"unscoped_copy"}, prep: clear("docs_setting"), open: open("docs_setting", w.Admin.DSN, func(c *pgx.Conn) error {
			_, err := c.CopyFrom(ctx, pgx.Identifier{"docs_setting"}, columns, source())
			return err
		})},
		{name: "rls_batch_of_inserts", vs: []string{"unscoped_copy"}, prep: clear("docs_setting"), open: open("docs_setting", w.App.DSN, func(c *pgx.Conn) error {
			var b pgx.Batch
			b.Queue(setSetting, tenantName(1))
			for i := range rows {
				b.Queue("INSERT INTO docs_setting (tenant_id, id, body, n) VALUES ($1, $2, $3, $4)", tenantName(1), firstID+i, body, i%97)
			}
			return c.SendBatch(ctx, &b).Close()
		})},
		{name: "ours_copyfrom", vs: []string{"unscoped_copy", "bypass_role_copy", "rls_batch_of_inserts"}, prep: clear("docs_ours"), open: func(tb testing.TB) func(int) error {
			admin = connect(tb, w.Admin.DSN)
			db, err := postgres.New(ctx, pool(tb, w.App.DSN, 1, nil), benchKeys)
			if err != nil {
				tb.Fatal(err)
			}
			tb.Cleanup(func() { db.Close() })
			tenant := tenantContexts(2)[1]
			return repeat("docs_ours", func() error {
				_, err := db.CopyFrom(tenant, pgx.Identifier{"docs_ours"}, columns, source())
				return err
			})
		}},
	}
}
