package erase_test

import (
	"context"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/erase"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
)

// Postgres takes seconds to compile conditions over many tables, which then run for milliseconds.
func TestPostgresCompilesNoStatementOfAnErasure(t *testing.T) {
	t.Parallel()
	a := onPostgres(t, usersDDL+`CREATE TABLE note (id {id}, user_id bigint REFERENCES users (id), body text);`)
	ctx := a.newTenant(t)
	a.exec(t, ctx, twoUsers, `INSERT INTO note (id, user_id) VALUES (1, 1), (2, 2)`)
	compiles := func(ctx context.Context) (on string, err error) {
		err = a.DB.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error { return tx.GetContext(ctx, &on, "SHOW jit") })
		return on, err
	}
	usual, err := compiles(ctx)
	require.NoError(t, err)
	asked := make(chan string, 100)
	e := a.eraser(t, mapOf(users(), owned("note", text("body text", dsar.Null))), erase.Options{Held: func(ctx context.Context, _ dsar.Person, _ string) error {
		on, err := compiles(ctx)
		asked <- on
		return err
	}})
	require.Equal(t, []string{"note delete 1", "users delete 1"}, a.erased(t, ctx, e, person(1)))
	require.NoError(t, rows.Snapshot(ctx, a.DB, func(ctx context.Context) error {
		on, err := compiles(ctx)
		asked <- on
		return err
	}))
	close(asked)
	require.NotEmpty(t, asked)
	for on := range asked {
		require.Equal(t, "off", on)
	}
	on, err := compiles(ctx)
	require.NoError(t, err)
	require.Equal(t, usual, on, "the application's own statements are as the server says")
}
