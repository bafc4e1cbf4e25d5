package rows

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// StreamPortable is Stream by database/sql on Postgres as well.
func StreamPortable(ctx context.Context, db *tenantdb.DB, s *Selection, q Query, fn func(*Row) error) error {
	t := s.r.tables[q.Table]
	var columns []string
	var families []schema.Family
	for _, f := range t.Fields {
		columns, families = append(columns, f.Name), append(families, t.family(f.Name))
	}
	where, _ := s.Where(q.Table, q.Part)
	return db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return s.r.stream(ctx, tx, t, columns, where, families, fn)
	})
}
