package rows

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// NoJIT keeps Postgres from compiling the statements of the transaction, until that ends: conditions over many tables look dear to it, and it takes
// seconds to compile what then runs for milliseconds. What reads rows here does so itself; it is for others who run the conditions.
func (r *Rows) NoJIT(ctx context.Context, tx *sqlx.Tx) error {
	if r.dialect != schema.Postgres {
		return nil
	}
	_, err := tx.ExecContext(ctx, "SET LOCAL jit = off")
	return err
}
