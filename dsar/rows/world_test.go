package rows_test

import (
	"context"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/worlds"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// worldsToTry is BAILIWICK_WORLDS, or few.
func worldsToTry(few int) int {
	if n, err := strconv.Atoi(os.Getenv("BAILIWICK_WORLDS")); err == nil {
		return n
	}
	return few
}

var parts = []rows.Part{rows.Owned, rows.CoOwned, rows.Accessed, rows.Mentioned, rows.Mine, rows.Shared, rows.Erased, rows.Stays, rows.Linked, rows.All}

func TestTheRowsOfMadeUpWorldsAreThoseThatBruteForceFinds(t *testing.T) {
	t.Parallel()
	for _, d := range []schema.Dialect{schema.SQLite, schema.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			worlds.Each(t, d, 0, worldsToTry(8), func(t *testing.T, p *worlds.Populated) {
				before := p.State(t, p.Ctx)
				r, err := rows.New(p.Compiled, tenantdb.Dialect(d))
				require.NoError(t, err)
				for _, who := range p.People(p.Tenant, before) {
					s, err := r.Resolve(p.Ctx, p.DB, who.Person)
					if who.Table == "" && p.Nobody(who, before) {
						require.ErrorIs(t, err, dsar.ErrNobody)
						continue
					}
					require.NoError(t, err)
					require.NoError(t, p.DB.Read(p.Ctx, func(ctx context.Context, tx *sqlx.Tx) error {
						ids := func(table string, c rows.Cond, ok bool) []string {
							out := []string{}
							if ok {
								q := "SELECT CAST(t.id AS text) FROM " + r.SQL(table) + " AS t WHERE " + c.SQL
								require.NoError(t, tx.SelectContext(ctx, &out, tx.Rebind(q), c.Args...), "%s", q)
							}
							slices.Sort(out)
							return out
						}
						model, pointing := p.Parts(who, before), p.Pointing(who, before)
						for _, table := range p.Tables() {
							for _, part := range parts {
								c, ok := s.Where(table, part)
								require.Equal(t, model(table, part), ids(table, c, ok), "%v %s %s of %s %s: %s", p.Compiled.Hash(), table, part, who.Table, who.ID, c.SQL)
							}
							for i, l := range p.Links(table) {
								for _, part := range []rows.Part{rows.Mine, rows.Erased, rows.Stays, rows.All} {
									c, ok := s.Points(table, i, part)
									require.Equal(t, pointing(table, i, part), ids(table, c, ok), "%s link %d (%v) at %s of %s %s: %s", table, i, l.Columns, part, who.Table, who.ID, c.SQL)
								}
							}
						}
						return nil
					}))
				}
			})
		})
	}
}
