package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
)

// roles are those of an application's database, and the superuser that made them.
type roles struct{ owner, app, system, super login }

type login struct{ name, url string }

// createDatabase makes an empty database with its roles on the server at address, and returns how to
// drop them.
func createDatabase(ctx context.Context, address string) (_ roles, drop func() error, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return roles{}, nil, errors.New("-postgres takes \"throwaway\" or a URL: postgres://user:password@host:port/database")
	}
	database, password := "bailiwick_tour_"+strings.ToLower(rand.Text()[:8]), rand.Text()
	at := func(role string, user *url.Userinfo) login {
		v := *u
		v.User, v.Path = user, "/"+database
		return login{role, v.String()}
	}
	as := func(suffix string) login {
		return at(database+suffix, url.UserPassword(database+suffix, password))
	}
	r := roles{owner: as("_owner"), app: as("_app"), system: as("_system"), super: at(u.User.Username(), u.User)}
	drop = func() error {
		return execAll(context.Background(), address,
			"DROP DATABASE IF EXISTS "+database+" WITH (FORCE)",
			fmt.Sprintf("DROP ROLE IF EXISTS %s, %s, %s", r.owner.name, r.app.name, r.system.name))
	}
	err = execAll(ctx, address,
		fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", r.owner.name, password),
		fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", r.app.name, password),
		fmt.Sprintf("CREATE ROLE %s LOGIN BYPASSRLS PASSWORD '%s'", r.system.name, password),
		fmt.Sprintf("CREATE DATABASE %s OWNER %s", database, r.owner.name))
	if err != nil {
		return roles{}, nil, errors.Join(err, drop())
	}
	return r, drop, nil
}

func execAll(ctx context.Context, address string, statements ...string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			return err
		}
	}
	return nil
}
