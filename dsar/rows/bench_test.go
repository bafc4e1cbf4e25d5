package rows_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
)

// wide is a table as applications have them: seven columns beside the keys.
func wide() *dsar.Map {
	m := forum()
	m.Tables = []dsar.Table{m.Tables[0], m.Tables[2]}
	m.Tables[1].Columns = append(m.Tables[1].Columns, personal("title text"), personal("ip text"), personal("mail text"), personal("at timestamptz | text"), personal("amount numeric(12,2) | real"))
	return m
}

func fillWide(t testing.TB, h *house, n string) {
	h.fill(t, `INSERT INTO users (tenant_id, id, email) VALUES ({tenant}, 1, 'a@example.com'), ({tenant}, 2, 'b@example.com')`)
	series := "generate_series(1, " + n + ") i"
	at, md5 := "now() - i * interval '1 hour'", "md5(i::text) || ' sed do eiusmod tempor ' || md5((i*7)::text)"
	if h.PG == nil {
		series = "(WITH RECURSIVE c(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM c WHERE i < " + n + ") SELECT i FROM c)"
		at, md5 = "'2026-01-01T00:00:00Z'", "printf('%032x', i) || ' sed do eiusmod tempor ' || printf('%032x', i * 40503)"
	}
	h.fill(t, `INSERT INTO ticket (tenant_id, id, user_id, title, body, ip, mail, at, amount) SELECT {tenant}, i, 1, 'title ' || i, 'Lorem ipsum dolor sit amet consectetur ' || `+md5+`, '10.' || (i % 200) || '.1.7', 'person' || i || '@example.test', `+at+`, (i % 99999) / 100.0 FROM `+series)
}

// BenchmarkStream reads a person's rows: by pgx's raw texts, and by database/sql, which serves every database.
func BenchmarkStream(b *testing.B) {
	const n = 200_000
	m := wide()
	for name, w := range map[string]*house{"postgres": in(b, m, made(m).OnPostgres(b)), "sqlite": in(b, m, made(m).OnSQLite(b))} {
		fillWide(b, w, "200000")
		s := w.resolve(b, user("1"))
		q := rows.Query{Table: "ticket", Part: rows.Owned}
		var bytes int
		fn := func(r *rows.Row) error {
			for _, v := range r.Values {
				bytes += len(v)
			}
			return nil
		}
		ways := map[string]func(context.Context) error{"portable": func(ctx context.Context) error { return rows.StreamPortable(ctx, w.DB, s, q, fn) }}
		if w.PG != nil {
			ways["native"] = func(ctx context.Context) error { _, err := s.Stream(ctx, w.DB, q, fn); return err }
		}
		for way, run := range ways {
			b.Run(name+"/"+way, func(b *testing.B) {
				for b.Loop() {
					require.NoError(b, rows.Snapshot(w.ctx, w.DB, run))
				}
				b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}
