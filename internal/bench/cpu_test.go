package bench

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"
)

// A cpuMeter returns the processor time that some processes have used so far: a figure that other work on the
// same machine hardly disturbs. What a busy machine serves in a second is one divided by it.
type cpuMeter func() time.Duration

// ownCPU is the processor time of this process.
func ownCPU() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// serverCPU is the time of the server processes of w's sessions, or nil unless they run on this machine
// under Linux. Call it once the connections are open.
func (w *pgWorld) serverCPU(tb testing.TB) cpuMeter {
	tb.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, w.Admin.DSN)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(ctx)
	rows, _ := conn.Query(ctx, "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		tb.Fatal(err)
	}
	for _, pid := range pids {
		if comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); err != nil || string(comm) != "postgres\n" {
			return nil // not here
		}
	}
	return func() time.Duration {
		var sum time.Duration
		for _, pid := range pids {
			b, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
			if err != nil {
				continue
			}
			var ns int64
			_, _ = fmt.Sscan(string(b), &ns)
			sum += time.Duration(ns)
		}
		return sum
	}
}
