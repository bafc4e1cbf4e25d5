// The tour is bailiwick in a minute. Stop by stop it states a promise, attacks
// it, and shows what came back; if a promise broke it says so and exits with 1.
//
//	go run ./examples/tour                       on SQLite, a file for each tenant
//	go run ./examples/tour -postgres throwaway   on a Postgres server of its own, gone afterwards
//	go run ./examples/tour -postgres URL         on yours, in a database of its own, dropped afterwards
//
// URL is that of a superuser, who makes the roles of an application and then
// looks on from outside. The data is made up; the same -seed makes up the same.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// What main exits with.
const (
	exitHeld        = 0
	exitBroken      = 1
	exitNotRun      = 2   // bad flags, or no database to run on
	exitInterrupted = 130 // as a shell says it
)

// stops are the doors, in the order of the tour.
var stops = []stop{tenancyStop, auditStop, redactStop, vaultStop, rbacStop, consentStop, supportStop, dsarStop}

type config struct {
	postgres      string
	seed          uint64
	keep, verbose bool

	rows, clients, opsEach int    // how big the desk is, and the crowd
	tmp                    string // where temporary folders go; "" is the system's place
}

func main() {
	// A closed pipe ends the tour like Ctrl-C does: a throwaway server must not be left running.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	c := config{rows: 52_000, clients: 16, opsEach: 500}
	flag.StringVar(&c.postgres, "postgres", "", "`URL` of a superuser, or \"throwaway\"; default is SQLite")
	flag.Uint64Var(&c.seed, "seed", 1, "makes up other data")
	flag.BoolVar(&c.keep, "keep", false, "leave the data behind and say where it is")
	flag.BoolVar(&c.verbose, "v", false, "print answers in full, and how long each attack took")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "tour: takes flags only, see -h")
		os.Exit(exitNotRun)
	}
	os.Exit(run(ctx, c, os.Stdout, os.Stderr))
}

// run is the tour on the database that c names. Whatever happens, it is gone afterwards.
func run(ctx context.Context, c config, stdout, stderr io.Writer) (code int) {
	out, began := newScreen(stdout, c.verbose), time.Now()
	var d *desk
	var err error
	if c.postgres == "" {
		d, err = openSQLite(ctx, c)
	} else {
		d, err = openPostgres(ctx, c, out)
	}
	if err == nil {
		defer func() {
			if err := d.Close(); err != nil {
				fmt.Fprintln(stderr, "tour: cleaning up:", err)
				code = max(code, exitNotRun)
			}
		}()
		code, err = tour(ctx, c, d, out, began)
	}
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "tour: interrupted")
		return exitInterrupted
	case err != nil:
		fmt.Fprintln(stderr, "tour:", err)
		return exitNotRun
	}
	return code
}

// tour fills d and visits every stop. It began when it began, with a server to start perhaps.
func tour(ctx context.Context, c config, d *desk, out *screen, began time.Time) (code int, err error) {
	out.title("bailiwick", d.what)
	done := out.working("making up a support desk", &d.ops)
	err = d.fill(ctx, c.rows)
	done()
	if err != nil {
		return exitNotRun, err
	}
	out.fact(fmt.Sprintf("a support desk of %d organisations: %s rows in %d tables, made up from seed %d",
		len(d.orgs), thousands(d.rows()), len(tables), c.seed))
	out.fact("alder attacks birch: > is what it sends, < what comes back, and on the right is who kept the promise")
	var t tally
	for _, s := range stops {
		here, err := visit(ctx, s, d, out)
		if err != nil {
			return exitNotRun, err
		}
		t = t.plus(here)
	}
	out.summary(t, thousands(d.rows())+" rows", fmt.Sprintf("%.1f s", time.Since(began).Seconds()))
	if c.keep {
		out.fact("kept: " + d.kept)
	}
	if t.broken() {
		return exitBroken, nil
	}
	return exitHeld, nil
}
