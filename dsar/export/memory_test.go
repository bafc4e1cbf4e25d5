package export_test

import (
	"io"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/app"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
)

// Not parallel: it looks at the memory of the whole process. That what is packed is not kept either is for package archive to show.
func TestTheHeapDoesNotGrowWithTheRows(t *testing.T) {
	rows := "8300"
	if os.Getenv("BAILIWICK_SOAK") == "1" {
		rows = "400000"
	}
	for name, open := range map[string]func(testing.TB) *door.World{"sqlite": desk.OnSQLite, "postgres": desk.OnPostgres} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			c, err := deskMap().Compile()
			require.NoError(t, err)
			h := &house{World: w, ctx: w.Tenant(t), c: c}
			body := "replace(hex(zeroblob(300)), '00', 'x ')"
			if name == "postgres" {
				body = "repeat('x ', 300)"
			}
			app.Fill(t, h.ctx, w, deskRows+`
				INSERT INTO message (tenant_id, id, ticket_id, body) WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 100 + `+rows+`) SELECT {tenant}, i, 1, `+body+` FROM n`)
			e := h.exporter(t, nil)
			var held []uint64 // after each 4,096 rows, which are 2.4 MB
			_, err = e.Export(h.ctx, ada, io.Discard, dsar.ExportOptions{Request: "r", Progress: func(p dsar.Progress) {
				if p.Rows < 4000 || p.Table != "message" {
					return
				}
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				held = append(held, m.HeapAlloc)
			}})
			require.NoError(t, err)
			require.GreaterOrEqual(t, len(held), 2)
			require.Less(t, int64(held[len(held)-1]-held[0])>>10, int64(1<<10), "KiB")
		})
	}
}
