// Package app gives a test a database with an application's own tables, on SQLite or Postgres, under row-level security where they have a
// tenant column.
package app

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Tables are an application's.
type Tables struct {
	Postgres, SQLite string      // the statements that make them
	Tenants          []rls.Table // those that have a tenant column
	Shared           []string    // those without
}

func (a Tables) door() door.Door {
	return door.Door{
		Name:   "app",
		SQLite: fstest.MapFS{"00001_app.sql": {Data: []byte("-- +goose Up\n" + a.SQLite)}},
		Migrate: func(ctx context.Context, owner *sql.DB, appRole, systemRole string) error {
			if _, err := owner.ExecContext(ctx, a.Postgres); err != nil {
				return err
			}
			return a.Guard(ctx, owner, appRole, systemRole)
		},
	}
}

// Guard puts the tables that are there under row-level security.
func (a Tables) Guard(ctx context.Context, owner *sql.DB, appRole, systemRole string) error {
	text, err := rls.SQL(rls.Config{AppRole: appRole, SystemRole: systemRole, Tables: a.Tenants, Shared: a.Shared})
	if err == nil {
		_, err = owner.ExecContext(ctx, text)
	}
	return err
}

// OnBoth runs f on SQLite and on Postgres.
func (a Tables) OnBoth(t *testing.T, f func(*testing.T, *door.World)) { a.door().OnBoth(t, f) }

// OnSQLite returns a fresh database.
func (a Tables) OnSQLite(t testing.TB) *door.World { return a.door().OnSQLite(t) }

// OnPostgres returns a fresh database.
func (a Tables) OnPostgres(t testing.TB) *door.World { return a.door().OnPostgres(t) }

// Add makes the tables in a world that is there: on Postgres alone, where a tenant's database is everybody's.
func (a Tables) Add(t testing.TB, w *door.World) {
	t.Helper()
	owner := door.OpenSQL(t, w.PG.Owner.DSN)
	defer owner.Close()
	_, err := owner.ExecContext(t.Context(), a.Postgres)
	require.NoError(t, err, a.Postgres)
	require.NoError(t, a.Guard(t.Context(), owner, w.PG.App.Role, w.PG.System.Role))
}

// Fill runs the statements, one a line, as the tenant of ctx. {tenant} in them is its id.
func Fill(t testing.TB, ctx context.Context, w *door.World, statements string) {
	t.Helper()
	require.NoError(t, w.DB.Tx(ctx, fill(statements)))
}

func lines(statements string) (out []string) {
	for line := range strings.Lines(statements) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func fill(statements string) tenantdb.Func {
	return func(ctx context.Context, tx *sqlx.Tx) error {
		id, err := tenancy.From(ctx)
		if err != nil {
			return err
		}
		for _, s := range lines(statements) {
			s = strings.ReplaceAll(s, "{tenant}", "'"+id.String()+"'")
			if _, err := tx.ExecContext(ctx, s); err != nil {
				return fmt.Errorf("%w in %s", err, s)
			}
		}
		return nil
	}
}
