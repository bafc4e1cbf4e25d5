package rows

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/discover"
	"github.com/bailiwick-dev/bailiwick/dsar/internal/shapes"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Maps as applications have them, of dozens of tables that lead to each other, do not make statements grow beyond measure.
func TestStatementsOfRealSchemasStaySmall(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, s := range append(shapes.Load(t, "heldout"), shapes.Load(t, "tuned")...) {
		s.DB.Dialect = schema.SQLite
		db, err := sql.Open("sqlite", "file:"+s.Name+"?mode=memory")
		require.NoError(t, err)
		db.SetMaxOpenConns(1)
		for _, q := range shapes.DDL(s.DB) {
			_, err := db.Exec(q)
			require.NoError(t, err, q)
		}
		p, err := discover.Discover(ctx, db, discover.Options{Subjects: s.Roots})
		require.NoError(t, err)
		c, err := p.Map().Compile()
		require.NoError(t, err)
		r, err := New(c, tenantdb.SQLite)
		require.NoError(t, err)
		for _, k := range r.kinds {
			own := map[string]value{}
			for _, f := range r.tables[k.Table].Fields {
				own[f.Name] = value{text: "1"}
			}
			sel := &Selection{r: r, kind: k, own: own, person: dsar.Person{Kind: k.Kind}}
			for _, table := range c.TableNames() {
				for part := Owned; part <= All; part++ {
					if c, ok := sel.Where(table, part); ok {
						require.Less(t, len(c.SQL), 8<<10, "%s %s %s", s.Name, table, part)
						_, err := db.Exec("EXPLAIN SELECT 1 FROM "+r.SQL(table)+" AS t WHERE "+c.SQL, c.Args...)
						require.NoError(t, err, "%s %s %s", s.Name, table, part)
					}
				}
			}
		}
		require.NoError(t, db.Close())
	}
}
