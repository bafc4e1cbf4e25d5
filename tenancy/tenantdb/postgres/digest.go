package postgres

import (
	"context"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jackc/pgx/v5"
)

// plainText makes two sessions write every value alike.
const plainText = `SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL timezone = 'UTC';
SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL xmloption = 'content'`

// digest is how many rows there are, and the sum of two 64-bit hashes of each: the same on two
// databases if they hold the same rows in whatever order. It finds accidents, not forgers.
type digest struct {
	rows int64
	sum  string // a decimal number
}

func digestOf(ctx context.Context, tx pgx.Tx, t *table, condition string, args ...any) (d digest, err error) {
	row := "ROW(" + list(t.columns, name) + ")::text"
	err = tx.QueryRow(ctx, fmt.Sprintf(
		`SELECT count(*), coalesce(sum(hashtextextended(%[1]s, 1)::numeric * 18446744073709551616 + hashtextextended(%[1]s, 2)::numeric), 0)::text
		   FROM %[2]s WHERE %[3]s`, row, t.name, condition), args...).Scan(&d.rows, &d.sum)
	return d, err
}

// same compares every row of a tenant on both sides and returns how many there are in each table.
func same(ctx context.Context, id tenancy.ID, groups []group, src, dst pgx.Tx) (map[string]int64, error) {
	rows := map[string]int64{}
	for _, g := range groups {
		for _, t := range g {
			there := make(chan error, 1)
			var d digest
			go func() {
				var err error
				d, err = digestOf(ctx, dst, t, t.where(id))
				there <- err
			}()
			s, err := digestOf(ctx, src, t, t.where(id))
			if derr := <-there; err == nil {
				err = derr
			}
			switch {
			case err != nil:
				return nil, err
			case s != d:
				return nil, fmt.Errorf("%w: %s has %d rows here and %d there, or other values", ErrNotSame, t.name, s.rows, d.rows)
			}
			rows[t.name] = s.rows
		}
	}
	return rows, nil
}
