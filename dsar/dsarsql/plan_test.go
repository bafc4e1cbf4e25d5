package dsarsql_test

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
)

func TestStatementsFindTheirRowsByAnIndex(t *testing.T) {
	kept.OnBoth(t, func(t *testing.T, w *door.World) {
		ctx := w.Tenant(t)
		for range 20 {
			kept.Fill(t, ctx, w.DB)
		}
		hash := make([]byte, 32)
		var all []door.Statement
		for text, args := range map[string][]any{
			dsarsql.AppendBreach: {"b", 2, "k", hash, hash, "{}", 2, "b", 1, hash, "b", 2, "b", "k"},
			dsarsql.ReadBreach:   {"b"},
			dsarsql.ListBreaches: {"b", 10},
		} {
			all = append(all, door.Statement{SQL: dsarsql.Written(w.DB, text), Args: args})
		}
		kept.FindByIndex(t, ctx, w, all...)
	})
}
