package proof

import (
	"context"
	"errors"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Scrub makes the database let go of what committed transactions have removed. On SQLite the tenant's file is made anew and the log beside
// it emptied; if somebody reads from the log all the while it is tenantdb.ErrConflict. On Postgres, with Options.Owner, the tables of the
// map are vacuumed and the planner's statistics made anew, which frees the space of removed rows and does not write over it: VACUUM
// FULL would, and locks the table out. Scrub is not for use inside a transaction.
func (p *Prover) Scrub(ctx context.Context) error {
	if p.db.Dialect() == tenantdb.SQLite {
		err := p.db.Vacuum(ctx)
		if errors.Is(err, tenantdb.ErrUnsafe) { // the file stays as it is, and the search says what is in it
			return p.db.Expunge(ctx)
		}
		return err
	}
	if p.o.Owner == nil {
		return nil
	}
	for _, name := range p.c.TableNames() {
		if t, _ := p.c.Table(name); t.NotPersonal != "" {
			continue
		}
		if _, err := p.o.Owner.ExecContext(ctx, "VACUUM (ANALYZE) "+(&schema.Database{Dialect: schema.Postgres}).SQL(name)); err != nil {
			return fmt.Errorf("proof: vacuum %s: %w", name, err)
		}
	}
	return nil
}
