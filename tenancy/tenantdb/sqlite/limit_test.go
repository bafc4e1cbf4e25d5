package sqlite_test

import (
	"context"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

func TestAStatementMakesNoValueLargerThanTheLimit(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	host := open(t, tempDir(t), sqlite.Options{Migrations: notes, MaxValue: limit, SystemAudit: auditNothing})
	provision(t, host, acme)
	require.NoError(t, exec(host, acme, "INSERT INTO note (body) VALUES (zeroblob(?))", limit-100))
	for _, q := range []string{
		"SELECT zeroblob(?)", "SELECT length(randomblob(?))", "SELECT hex(zeroblob(? / 2 + 1))", "SELECT printf('%.*c', ?, 'x')",
		"SELECT replace('x', 'x', zeroblob(?))", "SELECT group_concat(body || body, '') FROM note WHERE ? > 0",
		"INSERT INTO note (body) VALUES (zeroblob(?))", "UPDATE note SET body = body || body WHERE ? > 0",
	} {
		require.ErrorIs(t, exec(host, acme, q, limit+1), sqlite.ErrTooBig, q)
	}
	require.ErrorIs(t, exec(host, acme, "INSERT INTO note (body) VALUES (?)", make([]byte, limit+1)), sqlite.ErrTooBig)
	require.Len(t, bodies(t, host, acme), 1)
	require.ErrorIs(t, host.TenantDB().System(context.Background(), "test", func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, "SELECT zeroblob(?)", limit+1)
		return err
	}), sqlite.ErrTooBig, "the system database too")

	unset := open(t, tempDir(t), sqlite.Options{Migrations: notes})
	provision(t, unset, acme)
	require.NoError(t, exec(unset, acme, "SELECT zeroblob(?)", 64<<20))
	require.ErrorIs(t, exec(unset, acme, "SELECT zeroblob(?)", 64<<20+1), sqlite.ErrTooBig)
	open(t, tempDir(t), sqlite.Options{MaxValue: 1e9})
	for _, bad := range []int{-1, 1 << 10, 1e9 + 1} {
		_, err := sqlite.Open(tempDir(t), sqlite.Options{MaxValue: bad})
		require.Error(t, err, bad)
	}
}
