package bench

import (
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
)

// Workload H, handles: resident memory and descriptors of an open tenant that has served a read of one
// row, a write, and a read of its whole table. Each way is measured in a process of its own, because
// memory that one has freed would hide what the next one takes.
var (
	handleCount = flag.Int("handles", 300, "open tenants of workload H")
	handleWay   = flag.String("handleway", "", "internal: measure this way and print it")
)

type handleFigures struct{ KiB, FDs float64 }

func BenchmarkFileHandle(b *testing.B) {
	for _, name := range handleWays() {
		var f []handleFigures
		for range 3 {
			f = append(f, handlesOf(b, name))
		}
		var kib, fds []float64
		for _, x := range f {
			kib, fds = append(kib, x.KiB), append(fds, x.FDs)
		}
		report(b, name, *handleCount, map[string]float64{"KiB/handle": median(kib), "fd/handle": median(fds)})
	}
}

func handleWays() []string {
	names := []string{"ours"}
	for _, f := range filers {
		names = append(names, f.name, f.name+"_64KiB_cache")
	}
	return names
}

func handlesOf(tb testing.TB, name string) (f handleFigures) {
	tb.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestOneWayOfHandles$", "-handleway", name, "-handles", strconv.Itoa(*handleCount))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("%s: %v\n%s", name, err, out)
	}
	for line := range strings.Lines(string(out)) {
		if text, ok := strings.CutPrefix(line, "figures "); ok {
			if err := json.Unmarshal([]byte(text), &f); err != nil {
				tb.Fatal(err)
			}
		}
	}
	return f
}

// TestOneWayOfHandles is the child of BenchmarkFileHandle.
func TestOneWayOfHandles(t *testing.T) {
	if *handleWay == "" {
		t.Skip("for BenchmarkFileHandle")
	}
	n := *handleCount
	var use func(i int) error
	if *handleWay == "ours" {
		o := sqlite.Options{MaxOpen: n + 1, Sync: sqlite.SyncNormal}
		dir, ctxs := ourFiles(t, n+1, o)
		files := openFiles(t, dir, o)
		defer files.Close()
		db := files.TenantDB()
		use = func(i int) error {
			if err := readOurs(ctxs[i], db, i%1000); err != nil {
				return err
			}
			return db.Tx(ctxs[i], func(ctx context.Context, tx *sqlx.Tx) error {
				if _, err := tx.ExecContext(ctx, "INSERT INTO ev (at, v) VALUES ('a', 'b')"); err != nil {
					return err
				}
				var s int
				return tx.QueryRowContext(ctx, "SELECT sum(length(body)) FROM docs").Scan(&s)
			})
		}
	} else {
		var opener filer
		name, small := strings.CutSuffix(*handleWay, "_64KiB_cache")
		for _, f := range filers {
			if f.name == name {
				opener = f
			}
		}
		paths := plainFiles(t, n+1)
		dbs := make([]*sql.DB, n+1)
		defer func() { runtime.KeepAlive(dbs) }()
		use = func(i int) error {
			dbs[i] = opener.one(t, paths[i], "normal")
			if small {
				if _, err := dbs[i].Exec("PRAGMA cache_size = -64"); err != nil {
					return err
				}
			}
			if err := readPlain(dbs[i], i%1000); err != nil {
				return err
			}
			if _, err := dbs[i].Exec("INSERT INTO ev (at, v) VALUES ('a', 'b')"); err != nil {
				return err
			}
			var s int
			return dbs[i].QueryRow("SELECT sum(length(body)) FROM docs").Scan(&s)
		}
	}
	if err := use(n); err != nil { // what the first one makes for all
		t.Fatal(err)
	}
	runtime.GC()
	mem, fds := resident(t), descriptors(t)
	for i := range n {
		if err := use(i); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	out, err := json.Marshal(handleFigures{float64(resident(t)-mem) / float64(n) / 1024, float64(descriptors(t)-fds) / float64(n)})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("figures %s\n", out)
}

func resident(tb testing.TB) int {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		tb.Skip("needs Linux's /proc")
	}
	var size, pages int
	_, _ = fmt.Sscan(string(b), &size, &pages)
	return pages * os.Getpagesize()
}

func descriptors(tb testing.TB) int {
	e, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		tb.Skip("needs Linux's /proc")
	}
	return len(e)
}
