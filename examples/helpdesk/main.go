// The helpdesk is a small support desk for many organisations, with all eight doors of the library in it: each organisation sees its own
// conversations, its team has roles, its keys are kept, its customers are asked, its support sessions are granted, and all of it is on record.
//
//	go run ./examples/helpdesk                       on SQLite, http://localhost:8080
//	go run ./examples/helpdesk -dir DIR              the same, and keeps what it has in DIR
//	go run ./examples/helpdesk -tls                  https, with a certificate made on the spot
//	go run ./examples/helpdesk -postgres throwaway   on a Postgres server of its own, gone afterwards
//	go run ./examples/helpdesk -postgres URL         on yours, in a database of its own, dropped afterwards; URL is a superuser's
//
// It prints links to sign in as somebody of two organisations, as somebody of the provider's support staff, and to the customers' pages. README.md
// says which page is wired where.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

type config struct {
	dir, postgres, addr string
	tls                 bool
	roles               *pgRoles      // on Postgres: of a database that is there, in the place of postgres
	undo                time.Duration // how long an erasure can be taken back; 0: three days
	patience            time.Duration // how long a request waits for its organisation's turn, and for its networks; 0: two seconds
	reports             io.Writer     // where error reports go, in the place of a service
	log                 slog.Handler
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	c := config{reports: os.Stderr, log: slog.NewTextHandler(os.Stderr, nil)}
	flag.StringVar(&c.dir, "dir", "", "`folder` to keep the data and keys in; default is one that is removed at the end")
	flag.StringVar(&c.postgres, "postgres", "", "`URL` of a superuser, or \"throwaway\"; default is SQLite")
	flag.StringVar(&c.addr, "addr", "localhost:8080", "`address` to serve on; its host must be localhost or below it")
	flag.BoolVar(&c.tls, "tls", false, "serve HTTPS, with a certificate made on the spot")
	flag.Parse()
	if err := run(ctx, c, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "helpdesk:", err)
		os.Exit(1)
	}
}

// run opens the desk, prints the links, and serves until ctx ends.
func run(ctx context.Context, c config, out io.Writer) (err error) {
	if c.dir != "" && c.postgres != "" {
		return errors.New("-dir keeps what is on SQLite: a database on Postgres is dropped at the end, and keys and checkpoints are of no use without it")
	}
	if c.dir == "" {
		if c.dir, err = os.MkdirTemp("", "bailiwick-helpdesk-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(c.dir)) }()
	}
	listener, err := net.Listen("tcp", c.addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	d, err := open(ctx, c, "http", listener.Addr().String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.seed(ctx); err != nil {
		return err
	}
	if err := d.printLinks(ctx, out); err != nil {
		return err
	}
	server := &http.Server{Handler: d.handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(d.log.Handler(), slog.LevelWarn)}
	background, done := context.WithCancel(context.Background())
	work := make(chan struct{})
	go func() { defer close(work); d.work(background) }()
	go func() {
		<-ctx.Done()
		wait, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(wait)
	}()
	if c.tls {
		certificate, certErr := madeOnTheSpot()
		if certErr != nil {
			done()
			return certErr
		}
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
		err = server.ServeTLS(listener, "", "")
	} else {
		err = server.Serve(listener)
	}
	done()
	<-work
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}
