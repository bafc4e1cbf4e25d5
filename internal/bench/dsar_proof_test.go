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
// text. x- ratios are of rows.
func BenchmarkDSARProof(b *testing.B) {
	w := newExportWorld(b, exportRows())
	compare(b, proofWays(w), nil)
}

func TestEveryProofLooksThroughAllRows(t *testing.T) {
	checkWays(t, proofWays(newExportWorld(t, 400)))
}

func proofNeedles() (out []string) {
	for i := range 10 {
		out = append(out, fmt.Sprintf("erased%04d.person%d@example.test", i*7919%10000, i))
	}
	return out
}

func proofWays(w *exportWorld) []way {
	needles := proofNeedles()
	total := int64(0)
	conn, err := pgx.Connect(context.Background(), w.PG.Admin.DSN)
	if err != nil {
		panic(err)
	}
	defer conn.Close(context.Background())
	for _, t := range exportTables {
		var n int64
		if err := conn.QueryRow(context.Background(), "SELECT count(*) FROM "+t.name).Scan(&n); err != nil {
			panic(err)
		}
		total += n
	}
	perSecond := func(ns float64) (string, float64) { return "rows/s", float64(total) / ns * 1e9 }
	text := []string{"title", "body", "ip", "email"}
	// look is a way of whoever has a connection: it returns how many rows it looked at, and how many it found.
	look := func(name string, f func(ctx context.Context, c *pgx.Conn, table string) (rows, hits int64, err error)) way {
		return way{name: name, also: perSecond, vs: []string{"ours"}, open: func(tb testing.TB) func(int) error {
			c, err := pgx.Connect(context.Background(), w.PG.Admin.DSN)
			if err != nil {
				tb.Fatal(err)
			}
			tb.Cleanup(func() { c.Close(context.Background()) })
			return func(n int) error {
				for range n {
					rows := int64(0)
					for _, t := range exportTables {
						r, hits, err := f(context.Background(), c, t.name)
						if err != nil || hits != 0 {
							return fmt.Errorf("%s: %d hits, %w", t.name, hits, err)
						}
						rows += r
					}
					if rows != total {
						return fmt.Errorf("%d rows, not %d", rows, total)
					}
				}
				return nil
			}
		}}
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
	return []way{
		{name: "ours", also: perSecond, open: func(tb testing.TB) func(int) error {
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
		}},
		look("like", inServer(func(c, p string) string { return c + " LIKE '%' || " + p + " || '%'" })),
		look("ilike", inServer(func(c, p string) string { return c + " ILIKE '%' || " + p + " || '%'" })),
		look("strpos", inServer(func(c, p string) string { return "strpos(" + c + ", " + p + ") > 0" })),
		look("server_regexp", func(ctx context.Context, c *pgx.Conn, table string) (rows, hits int64, err error) {
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
		look("row_text", func(ctx context.Context, c *pgx.Conn, table string) (rows, hits int64, err error) {
			var conds []string
			var args []any
			for i, n := range needles {
				args = append(args, n)
				conds = append(conds, fmt.Sprintf("strpos(s, $%d) > 0", i+1))
			}
			err = c.QueryRow(ctx, "SELECT count(*), count(*) FILTER (WHERE "+strings.Join(conds, " OR ")+") FROM (SELECT t::text s FROM "+table+" t OFFSET 0) q", args...).Scan(&rows, &hits)
			return rows, hits, err
		}),
		look("copy_grep", copied("COPY %s TO STDOUT", func() io.Writer { return &grepping{needles: needles} })),
		look("copy_binary_grep", copied(binary, func() io.Writer { return &grepping{needles: needles} })),
		look("copy_binary_unread", copied(binary, func() io.Writer { return io.Discard })),
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
