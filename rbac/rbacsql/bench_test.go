package rbacsql_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/rbac/rbacsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

func benchBoth(b *testing.B, f func(b *testing.B, ctx context.Context, w *door.World, s *rbacsql.Store)) {
	for _, on := range []struct {
		name string
		open func(testing.TB) *door.World
	}{{"sqlite", tables.OnSQLite}, {"postgres", tables.OnPostgres}} {
		b.Run(on.name, func(b *testing.B) {
			w := on.open(b)
			f(b, w.Tenant(b), w, storeIn(b, w))
		})
	}
}

// crowd gives a tenant n members in its next version, quickly: past the triggers where that takes a superuser.
func crowd(b *testing.B, ctx context.Context, w *door.World, s *rbacsql.Store, n int) {
	b.Helper()
	people(b, ctx, s, 1)
	const rows = ` SELECT 'person', 'user-' || (1000000 + i), 1, '["r' || (i % 40) || '"]', 'active', NULL, '', 'root', 1767323045000000 FROM `
	const into = `INSERT INTO rbac_member (kind, id, version, roles, status, expires, owner, created_by, created`
	if w.PG == nil {
		require.NoError(b, w.DB.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, `WITH RECURSIVE c(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM c WHERE i < ?) `+into+`)`+rows+`c`, n)
			return err
		}))
		return
	}
	id, err := tenancy.From(ctx)
	require.NoError(b, err)
	conn, err := door.OpenSQL(b, w.PG.Admin.DSN).Conn(ctx)
	require.NoError(b, err)
	defer conn.Close()
	for _, text := range []string{`SET session_replication_role = replica`, into + `, tenant_id)` + strings.Replace(rows, " FROM ", ", '"+id.String()+"' FROM ", 1) +
		fmt.Sprintf(`generate_series(2, %d) i`, n), `ANALYZE rbac_member`} {
		_, err := conn.ExecContext(ctx, text)
		require.NoError(b, err)
	}
}

// people changes n members, one after the other in one transaction.
func people(b *testing.B, ctx context.Context, s *rbacsql.Store, n int) {
	b.Helper()
	require.NoError(b, s.Tx(ctx, func(ctx context.Context) error {
		v, _, err := s.Advance(ctx)
		for i := 0; i < n && err == nil; i++ {
			m := member(v, fmt.Sprintf("user-%06d", i), rbac.Active)
			m.Roles = []rbac.RoleID{rbac.RoleID(fmt.Sprint("r", i%40))}
			err = s.PutMember(ctx, m)
		}
		return err
	}))
}

// BenchmarkChanges reads all members of a tenant, and those above the newest version but one.
func BenchmarkChanges(b *testing.B) {
	benchBoth(b, func(b *testing.B, ctx context.Context, w *door.World, s *rbacsql.Store) {
		const n = 100_000
		crowd(b, ctx, w, s, n)
		b.Run("all", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c, err := s.Changes(ctx, 0)
				require.NoError(b, err)
				require.Len(b, c.Members, n)
			}
		})
		people(b, ctx, s, 1)
		b.Run("one", func(b *testing.B) {
			for b.Loop() {
				c, err := s.Changes(ctx, 1)
				require.NoError(b, err)
				require.Len(b, c.Members, 1)
			}
		})
		b.Run("version", func(b *testing.B) {
			for b.Loop() {
				_, _, err := s.Version(ctx)
				require.NoError(b, err)
			}
		})
	})
}

// BenchmarkPut is one change of one member, and many members in one change.
func BenchmarkPut(b *testing.B) {
	benchBoth(b, func(b *testing.B, ctx context.Context, w *door.World, s *rbacsql.Store) {
		b.Run("change", func(b *testing.B) {
			for b.Loop() {
				people(b, ctx, s, 1)
			}
		})
		b.Run("member", func(b *testing.B) {
			people(b, ctx, s, b.N)
		})
	})
}

func BenchmarkSaw(b *testing.B) {
	benchBoth(b, func(b *testing.B, ctx context.Context, w *door.World, s *rbacsql.Store) {
		uses := make([]rbac.Use, 1000)
		for round := 0; b.Loop(); round++ {
			for i := range uses {
				uses[i] = rbac.Use{Kind: rbac.UseOfPerson, ID: fmt.Sprintf("user-%06d", i), At: long.Add(time.Duration(round) * time.Second)}
			}
			require.NoError(b, s.Saw(ctx, uses))
		}
	})
}
