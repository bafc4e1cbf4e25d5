package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync/atomic"

	"github.com/bailiwick-dev/bailiwick/internal/pgserver"
	"github.com/jackc/pgx/v5"
)

// database is an empty Postgres database with the roles of an application, and the superuser that
// made them.
type database struct {
	owner, app, system, super login
	what, kept                string // as the desk says it
	close                     []func() error
}

type login struct{ name, url string }

// startDatabase makes a database on the server that c names, or on a throwaway one.
func startDatabase(ctx context.Context, c config, out *screen) (*database, error) {
	if c.postgres != "throwaway" {
		at, err := createDatabase(ctx, c.postgres, c.keep)
		if err == nil {
			at.what, at.kept = "on your Postgres server, in a database of its own", at.super.url
		}
		return at, err
	}
	dir, err := os.MkdirTemp(c.tmp, "bailiwick-tour-")
	if err != nil {
		return nil, err
	}
	done := out.working("starting a Postgres server", new(atomic.Int64))
	server, err := pgserver.Start(ctx, dir)
	done()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	at, err := createDatabase(ctx, server.DSN(pgserver.Superuser, "postgres"), c.keep)
	if err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	at.what, at.kept = "on a throwaway Postgres server", at.super.url+" (the server, in "+dir+", goes on running)"
	if !c.keep {
		at.close = []func() error{server.Stop}
	}
	return at, nil
}

// createDatabase makes the database and its roles. Unless they are kept, they are dropped by close.
func createDatabase(ctx context.Context, address string, keep bool) (*database, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, errors.New(`-postgres takes "throwaway" or a URL: postgres://user:password@host:port/database`)
	}
	name, password := "bailiwick_tour_"+strings.ToLower(rand.Text()[:8]), rand.Text()
	as := func(role string, user *url.Userinfo) login {
		v := *u
		v.User, v.Path = user, "/"+name
		return login{role, v.String()}
	}
	role := func(suffix string) login { return as(name+suffix, url.UserPassword(name+suffix, password)) }
	at := &database{owner: role("_owner"), app: role("_app"), system: role("_system"), super: as(u.User.Username(), u.User)}

	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.Background())
	drop := func() error {
		conn, err := pgx.Connect(context.Background(), address)
		if err != nil {
			return err
		}
		defer conn.Close(context.Background())
		return execAll(context.Background(), conn,
			"DROP DATABASE IF EXISTS "+name+" WITH (FORCE)",
			fmt.Sprintf("DROP ROLE IF EXISTS %s, %s, %s", at.owner.name, at.app.name, at.system.name))
	}
	err = execAll(ctx, conn,
		fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", at.owner.name, password),
		fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", at.app.name, password),
		fmt.Sprintf("CREATE ROLE %s LOGIN BYPASSRLS PASSWORD '%s'", at.system.name, password),
		fmt.Sprintf("CREATE DATABASE %s OWNER %s", name, at.owner.name))
	if err != nil {
		return nil, errors.Join(err, drop())
	}
	if !keep {
		at.close = []func() error{drop}
	}
	return at, nil
}

func execAll(ctx context.Context, conn *pgx.Conn, statements ...string) error {
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			return err
		}
	}
	return nil
}
