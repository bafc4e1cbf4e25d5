package dsarsql_test

import (
	"regexp"
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
)

// What a tenant has few of is read whole.
var few = regexp.MustCompile(`dsar_(hold|retention|tombstone|sweep_mark)|Index Cond: \(tenant_id = \S+\)$`)

func TestStatementsFindTheirRowsByAnIndex(t *testing.T) {
	kept.OnBoth(t, func(t *testing.T, w *door.World) {
		ctx := w.Tenant(t)
		for range 20 {
			kept.Fill(t, ctx, w.DB)
		}
		var all []door.Statement
		for text, args := range dsarsql.Statements(w.DB) {
			s := door.Statement{SQL: text, Args: args}
			if len(args) == 0 {
				s.Whole = few
			}
			all = append(all, s)
		}
		kept.FindByIndex(t, ctx, w, all...)
	})
}
