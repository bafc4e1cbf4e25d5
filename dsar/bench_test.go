package dsar_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// What Check costs a test, for a schema of 32 tables.
func BenchmarkVerify(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		db := open(b, "sqlite", ":memory:")
		db.SetMaxOpenConns(1)
		m := settled(b, db, shape(b, "decide_rails", schema.SQLite))
		for b.Loop() {
			_, err := dsar.Verify(ctx, db, m)
			require.NoError(b, err)
		}
	})
	b.Run("postgres", func(b *testing.B) {
		db := onPostgres(b)
		m := settled(b, db, shape(b, "decide_rails", schema.Postgres))
		for b.Loop() {
			_, err := dsar.Verify(ctx, db, m)
			require.NoError(b, err)
		}
	})
}
