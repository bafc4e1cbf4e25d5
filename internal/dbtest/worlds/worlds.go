// Package worlds puts the made-up worlds of package dsartest/world into databases, for tests of what works on people's rows.
package worlds

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-dev/bailiwick/dsar/dsartest/world"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/app"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Populated is a world in a database, as the rows of a tenant.
type Populated struct {
	*world.World
	DB      *tenantdb.DB
	Dialect schema.Dialect
	Ctx     context.Context // of the tenant
	Tenant  string
	Other   context.Context // of another tenant, with the same rows where keys are the tenant's own (on SQLite they always are)
	Door    *door.World
}

// Each calls f with each of the worlds of the numbers from to below, in fresh databases on SQLite, in schemas of one database on Postgres.
// The world of a number is always the same.
func Each(t *testing.T, d schema.Dialect, from, below int, f func(t *testing.T, p *Populated)) {
	t.Helper()
	var pg *door.World
	if d == schema.Postgres {
		pg = app.Tables{Postgres: "SELECT 1", SQLite: "SELECT 1"}.OnPostgres(t)
	}
	for i := from; i < below; i++ {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			w := Numbered(i)
			a := app.Tables{SQLite: strings.Join(w.DDL(schema.SQLite), ";\n") + ";"}
			a.Postgres = strings.Join(w.DDL(schema.Postgres), ";\n") + ";\nGRANT USAGE ON SCHEMA " + w.Schema + " TO PUBLIC"
			for _, name := range w.Tables() {
				a.Tenants = append(a.Tenants, rls.Table{Name: name})
			}
			at := pg
			if pg != nil {
				a.Add(t, pg)
			} else {
				at = a.OnSQLite(t)
			}
			p := &Populated{World: w, DB: at.DB, Dialect: d, Ctx: at.Tenant(t), Other: at.Tenant(t), Door: at}
			id, err := tenancy.From(p.Ctx)
			require.NoError(t, err)
			p.Tenant = id.String()
			p.Fill(t, p.Ctx)
			if d == schema.SQLite || w.OwnKeys() {
				p.Fill(t, p.Other)
			}
			f(t, p)
		})
	}
}

// Numbered is the world of a number.
func Numbered(i int) *world.World {
	return rapid.Custom(func(t *rapid.T) *world.World { return world.Draw(t, fmt.Sprintf("w%d", i)) }).Example(i)
}

// Fill puts the world's rows into the tables, as the tenant of ctx.
func (p *Populated) Fill(t testing.TB, ctx context.Context) {
	t.Helper()
	id, err := tenancy.From(ctx)
	require.NoError(t, err)
	require.NoError(t, p.DB.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		for _, s := range p.Inserts(p.Dialect, id.String()) {
			if _, err := tx.ExecContext(ctx, s); err != nil {
				return fmt.Errorf("%w in %s", err, s)
			}
		}
		return nil
	}))
}

// State reads all that a tenant has.
func (p *Populated) State(t testing.TB, ctx context.Context) world.State {
	t.Helper()
	var s world.State
	require.NoError(t, p.DB.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
		s, err = p.World.State(p.Dialect, func(statement string, row func([]*string)) error {
			rows, err := tx.QueryContext(ctx, statement)
			if err != nil {
				return err
			}
			defer rows.Close()
			return scan(rows, row)
		})
		return err
	}))
	return s
}

func scan(rows *sql.Rows, row func([]*string)) error {
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		values, dest := make([]*string, len(names)), make([]any, len(names))
		for i := range values {
			dest[i] = &values[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		row(values)
	}
	return rows.Err()
}
