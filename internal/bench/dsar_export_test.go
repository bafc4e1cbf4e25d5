package bench

import (
	"archive/zip"
	"compress/flate"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
)

// Workload: one person's rows of 20 tables out of Postgres into a ZIP file. One operation is one whole export; x- ratios hold for rows. Ours writes
// JSON Lines, CSV and pages, with hashes, manifest and signature, under row-level security; the others write JSON alone, see all
// tenants, and promise nothing. What none of its kind is faster than is measured beside it: see floors.
func BenchmarkDSARExport(b *testing.B) {
	w := newExportWorld(b, exportRows())
	compare(b, exportWays(w), nil)
	heap := map[string]float64{}
	for _, way := range exportWays(w) {
		run := way.open(b)
		if run == nil {
			continue
		}
		heap[way.name] = peakMiB(func() {
			if err := run(1); err != nil {
				b.Fatal(err)
			}
		})
		report(b, way.name+"_heap", 1, map[string]float64{"MiB": heap[way.name]})
	}
}

func TestEveryExportHasAllRows(t *testing.T) {
	checkWays(t, exportWays(newExportWorld(t, 400)))
}

// peakMiB is by how much the heap grew while f ran, garbage included.
func peakMiB(f func()) float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, top := m.HeapAlloc, m.HeapAlloc
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				runtime.ReadMemStats(&m)
				top = max(top, m.HeapAlloc)
			}
		}
	}()
	f()
	close(stop)
	<-done
	return float64(top-before) / (1 << 20)
}

// exportPeers are those that are heavy to compile.
var exportPeers []func(*exportWorld) way

func exportWays(w *exportWorld) []way {
	want := int64(0)
	times := func(run func(*counted) (int64, error)) func(int) error {
		return func(n int) error {
			for range n {
				rows, err := run(new(counted))
				if err != nil {
					return err
				}
				if want == 0 {
					want = rows
				}
				if rows != want || rows < int64(w.rows)*9/10 {
					return fmt.Errorf("%d rows, not %d", rows, want)
				}
			}
			return nil
		}
	}
	perSecond := func(ns float64) (string, float64) { return "rows/s", float64(w.rows) / ns * 1e9 }
	ways := []way{
		{name: "ours", also: perSecond, open: func(tb testing.TB) func(int) error { return times(w.ours(tb, false)) }},
		{name: "ours_encrypted", also: perSecond, vs: []string{"ours"}, open: func(tb testing.TB) func(int) error { return times(w.ours(tb, true)) }},
		{name: "mapscan", also: perSecond, vs: []string{"ours", "ours_encrypted"}, open: func(tb testing.TB) func(int) error {
			db, err := sqlx.Open("pgx", w.PG.Admin.DSN)
			if err != nil {
				tb.Fatal(err)
			}
			tb.Cleanup(func() { db.Close() })
			return times(func(out *counted) (int64, error) { return exportByMapScan(db, out) })
		}},
		{name: "server_json", also: perSecond, vs: []string{"ours", "ours_encrypted"}, open: func(tb testing.TB) func(int) error {
			c, err := pgx.Connect(context.Background(), w.PG.Admin.DSN)
			if err != nil {
				tb.Fatal(err)
			}
			tb.Cleanup(func() { c.Close(context.Background()) })
			return times(func(out *counted) (int64, error) { return exportRaw(c, out) })
		}},
	}
	ways = append(ways, w.floors()...)
	for _, p := range exportPeers {
		ways = append(ways, p(w))
	}
	return ways
}

// exportByMapScan is what whoever knows sqlx writes.
func exportByMapScan(db *sqlx.DB, out io.Writer) (n int64, err error) {
	z := zip.NewWriter(out)
	for _, t := range exportTables {
		f, err := z.Create(t.name + ".jsonl")
		if err != nil {
			return 0, err
		}
		e := json.NewEncoder(f)
		rows, err := db.Queryx("SELECT * FROM " + t.name + " WHERE " + t.where())
		if err != nil {
			return 0, err
		}
		for rows.Next() {
			m := map[string]any{}
			if err := rows.MapScan(m); err != nil {
				return 0, err
			}
			if err := e.Encode(m); err != nil {
				return 0, err
			}
			n++
		}
		if err := rows.Err(); err != nil {
			return 0, err
		}
	}
	return n, z.Close()
}

// exportRaw has JSON made by the server and packs it at level 1: one format, without hashes, and no row of it is looked at.
func exportRaw(c *pgx.Conn, out io.Writer) (n int64, err error) {
	z := zip.NewWriter(out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	for _, t := range exportTables {
		f, err := z.Create(t.name + ".jsonl")
		if err != nil {
			return 0, err
		}
		tag, err := c.PgConn().CopyTo(context.Background(), f, "COPY (SELECT row_to_json(t) FROM "+t.name+" t WHERE "+t.where()+") TO STDOUT")
		if err != nil {
			return 0, err
		}
		n += tag.RowsAffected()
	}
	return n, z.Close()
}
