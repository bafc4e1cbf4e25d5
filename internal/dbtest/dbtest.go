// Package dbtest gives a test a fresh database of its own.
//
// SQLite needs nothing: use t.TempDir(). [Postgres] makes a database on the
// server that BAILIWICK_TEST_POSTGRES names (the URL of a superuser), or else on
// a throwaway server started from the binaries on this machine. Without
// either the test is skipped with one line; BAILIWICK_REQUIRE_POSTGRES=1 turns
// the skip into a failure.
package dbtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// PG is an empty database with the three roles of an application. Its owner is Owner; nothing
// has been granted to or revoked from the others.
type PG struct {
	Name   string
	Owner  Login // owns the database and migrates it
	App    Login // LOGIN and nothing else
	System Login // LOGIN BYPASSRLS
	Admin  Login // a superuser
}

// Login is a role and the URL to log in as it.
type Login struct{ Role, DSN string }

var serial atomic.Int64

// Postgres returns a fresh database, dropped with its roles when the test ends.
func Postgres(t testing.TB) *PG {
	t.Helper()
	return on(t, admin(t))
}

// PostgresOn is Postgres on a server of the caller's, given as the URL of a superuser.
func PostgresOn(t testing.TB, server string) *PG {
	t.Helper()
	u, err := url.Parse(server)
	require.NoError(t, err)
	return on(t, u)
}

func on(t testing.TB, u *url.URL) *PG {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	name := fmt.Sprintf("bw_%d_%d_%d", os.Getpid(), serial.Add(1), time.Now().UnixNano()%1e6)
	pg := &PG{
		Name:   name,
		Owner:  login(u, name+"_owner", name),
		App:    login(u, name+"_app", name),
		System: login(u, name+"_sys", name),
		Admin:  Login{u.User.Username(), at(u, u.User, name)},
	}
	conn, err := pgx.Connect(ctx, u.String())
	require.NoError(t, err)
	defer conn.Close(ctx)
	for _, sql := range []string{
		"CREATE ROLE " + pg.Owner.Role + " LOGIN PASSWORD '" + password + "'",
		"CREATE ROLE " + pg.App.Role + " LOGIN PASSWORD '" + password + "'",
		"CREATE ROLE " + pg.System.Role + " LOGIN BYPASSRLS PASSWORD '" + password + "'",
		"CREATE DATABASE " + name + " OWNER " + pg.Owner.Role,
	} {
		_, err := conn.Exec(ctx, sql)
		require.NoError(t, err, sql)
	}
	t.Cleanup(func() { drop(t, u, pg) })
	return pg
}

func drop(t testing.TB, u *url.URL, pg *PG) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, u.String())
	if err != nil {
		t.Logf("dbtest: left %s behind: %v", pg.Name, err)
		return
	}
	defer conn.Close(ctx)
	for _, sql := range []string{
		"DROP DATABASE " + pg.Name + " WITH (FORCE)",
		"DROP ROLE " + pg.Owner.Role, "DROP ROLE " + pg.App.Role, "DROP ROLE " + pg.System.Role,
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Logf("dbtest: %s: %v", sql, err)
		}
	}
}

// password is for servers that ask for one; the databases live as long as a test.
const password = "bailiwick-test"

func login(u *url.URL, role, db string) Login {
	return Login{role, at(u, url.UserPassword(role, password), db)}
}

func at(u *url.URL, user *url.Userinfo, db string) string {
	v := *u
	v.User, v.Path = user, "/"+db
	return v.String()
}
