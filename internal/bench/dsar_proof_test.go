package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar/proof"
	"github.com/jackc/pgx/v5"
)

// Workload: looking for ten erased values in all rows of 20 tables of Postgres. Ours looks for each in all its forms, some 440 patterns in
// all, and in every column that could hold one, under row-level security; the others look for the values as they are, in the four columns of
// text, and those that are slow in one table of seven.
func BenchmarkDSARProof(b *testing.B) {
	w := newExportWorld(b, exportRows())
	ways := proofWays(w)
	var long []longWay
	for _, x := range ways {
		run := x.open(b)
		long = append(long, longWay{x.name, x.rows, nil, func() error { return run(1) }})
	}
	if err := long[0].run(); err != nil { // so that its connections are there to be measured
		b.Fatal(err)
	}
	compareLong(b, w.PG, long)
}

func TestEveryProofLooksThroughAllRows(t *testing.T) {
	var ways []way
	for _, x := range proofWays(newExportWorld(t, 400)) {
		ways = append(ways, x.way)
	}
	checkWays(t, ways)
}

func proofNeedles() (out []string) {
	for i := range 10 {
		out = append(out, fmt.Sprintf("erased%04d.person%d@example.test", i*7919%10000, i))
	}
	return out
}

// proofWay is one way to look, and through how many rows.
type proofWay struct {
	way
	rows int
}

func proofWays(w *exportWorld) []proofWay {
	needles := proofNeedles()
	conn, err := pgx.Connect(context.Background(), w.PG.Admin.DSN)
	if err != nil {
		panic(err)
	}
	defer conn.Close(context.Background())
	total, counts := int64(0), map[string]int64{}
	for _, t := range exportTables {
		var n int64
		if err := conn.QueryRow(context.Background(), "SELECT count(*) FROM "+t.name).Scan(&n); err != nil {
			panic(err)
		}
		total, counts[t.name] = total+n, n
	}
	text := []string{"title", "body", "ip", "email"}
	// look is a way of whoever has a connection, through one table in so many: f returns how many rows it looked at, and how many it found.
	look := func(name string, one int, f func(ctx context.Context, c *pgx.Conn, table string) (rows, hits int64, err error)) proofWay {
		want := int64(0)
		for i := 0; i < len(exportTables); i += one {
			want += counts[exportTables[i].name]
		}
		return proofWay{rows: int(want), way: way{name: name, open: func(tb testing.TB) func(int) error {
			c, err := pgx.Connect(context.Background(), w.PG.Admin.DSN)
			if err != nil {
				tb.Fatal(err)
			}
			tb.Cleanup(func() { c.Close(context.Background()) })
			return func(n int) error {
				for range n {
					rows := int64(0)
					for i := 0; i < len(exportTables); i += one {
						r, hits, err := f(context.Background(), c, exportTables[i].name)
						if err != nil || hits != 0 {
							return fmt.Errorf("%s: %d hits, %w", exportTables[i].name, hits, err)
						}
						rows += r
					}
					if rows != want {
						return fmt.Errorf("%d rows, not %d", rows, want)
					}
				}
				return nil
			}
		}}}
	}
	inServer := func(condition func(column, parameter string) string) func(ctx context.Context, c *pgx.Conn, table string) (rows, hits int64, err error) {
		return func(ctx context.Context, c *pgx.Conn, table string) (rows, hits int64, err error) {
			var conds []string
			var args []any
			for _, n := range needles {
				args = append(args, n)
				for _, col := range text {
					conds = append(conds, condition(col, fmt.Sprintf("$%d", len(args))))
				}
			}
			err = c.QueryRow(ctx, "SELECT count(*), count(*) FILTER (WHERE "+strings.Join(conds, " OR ")+") FROM "+table, args...).Scan(&rows, &hits)
			return rows, hits, err
		}
	}
	copied := func(sql string, out func() io.Writer) func(ctx context.Context, c *pgx.Conn, table string) (rows, hits int64, err error) {
		return func(ctx context.Context, c *pgx.Conn, table string) (rows, hits int64, err error) {
			w := out()
			tag, err := c.PgConn().CopyTo(ctx, w, fmt.Sprintf(sql, table))
			if g, ok := w.(*grepping); ok {
				hits = g.hits
			}
			return tag.RowsAffected(), hits, err
		}
	}
	const binary = "COPY (SELECT title, body, ip, email FROM %s) TO STDOUT (FORMAT binary)"
	const slow = 7 // tables to one
	return []proofWay{
		{rows: int(total), way: way{name: "ours", open: func(tb testing.TB) func(int) error {
			p, err := proof.New(w.DB, w.c, proof.Options{KeepFiles: true})
			if err != nil {
				tb.Fatal(err)
			}
			n := proof.Values(needles...)
			return func(times int) error {
				for range times {
					got, err := p.Look(w.ctx, n)
					if err != nil {
						return err
					}
					if !got.Clean() || got.Rows != total {
						return fmt.Errorf("%d rows, not %d; found %+v", got.Rows, total, got.Found)
					}
				}
				return nil
			}
		}}},
		look("like", slow, inServer(func(c, p string) string { return c + " LIKE '%' || " + p + " || '%'" })),
		look("ilike", slow, inServer(func(c, p string) string { return c + " ILIKE '%' || " + p + " || '%'" })),
		look("strpos", slow, inServer(func(c, p string) string { return "strpos(" + c + ", " + p + ") > 0" })),
		look("server_regexp", slow, func(ctx context.Context, c *pgx.Conn, table string) (rows, hits int64, err error) {
			var alt []string
			for _, n := range needles {
				alt = append(alt, regexp.QuoteMeta(n))
			}
			var conds []string
			for _, col := range text {
				conds = append(conds, col+" ~ $1")
			}
			err = c.QueryRow(ctx, "SELECT count(*), count(*) FILTER (WHERE "+strings.Join(conds, " OR ")+") FROM "+table, strings.Join(alt, "|")).Scan(&rows, &hits)
			return rows, hits, err
		}),
		look("row_text", slow, func(ctx context.Context, c *pgx.Conn, table string) (rows, hits int64, err error) {
			var conds []string
			var args []any
			for i, n := range needles {
				args = append(args, n)
				conds = append(conds, fmt.Sprintf("strpos(s, $%d) > 0", i+1))
			}
			err = c.QueryRow(ctx, "SELECT count(*), count(*) FILTER (WHERE "+strings.Join(conds, " OR ")+") FROM (SELECT t::text s FROM "+table+" t OFFSET 0) q", args...).Scan(&rows, &hits)
			return rows, hits, err
		}),
		look("copy_grep", 1, copied("COPY %s TO STDOUT", func() io.Writer { return &grepping{needles: needles} })),
		look("copy_binary_grep", 1, copied(binary, func() io.Writer { return &grepping{needles: needles} })),
		look("copy_binary_unread", 1, copied(binary, func() io.Writer { return io.Discard })),
	}
}

// grepping looks for each needle by itself.
type grepping struct {
	needles []string
	hits    int64
}

func (g *grepping) Write(p []byte) (int, error) {
	for _, n := range g.needles {
		if bytes.Contains(p, []byte(n)) {
			g.hits++
			break
		}
	}
	return len(p), nil
}
