package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jackc/pgx/v5"
)

// Purge implements [tenancy.Host]: it deletes every row of the tenant in batches, children before
// parents, counts what is left, and keeps a tombstone, which refuses the id for ever. The tenant
// can neither be read nor written from the moment it begins. Repeated, it goes on where it stopped, and
// once it is done answers the same receipt again.
//
// It covers the tables that have the tenant column; rows about the tenant in shared tables are the
// application's, and a foreign key from one of them stops the purge. The receipt says what Postgres keeps
// of deleted rows, and where.
func (s *System) Purge(ctx context.Context, t tenancy.Tenant) (tenancy.Receipt, error) {
	r := tenancy.Receipt{Tenant: t.ID, Shard: s.about.shard}
	if t.ID.IsZero() {
		return r, tenancy.ErrNoTenant
	}
	if err := s.use(ctx, "purge a tenant", t.ID); err != nil {
		return r, err
	}
	if err := s.doom(ctx, t); err != nil {
		return r, err
	}
	groups, err := tenantTables(ctx, s.pool, s.tenantColumn())
	if err != nil {
		return r, translate(err)
	}
	err = erase(ctx, s.pool, t.ID, groups, func(tx pgx.Tx, table string, rows int64) error {
		_, err := tx.Exec(ctx, `UPDATE tenancy.tenant SET erased = erased || jsonb_build_object($2::text, coalesce((erased->>$2)::bigint, 0) + $3)
			WHERE id = $1`, t.ID.String(), table, rows)
		return err
	})
	if err != nil {
		return r, translate(err)
	}
	if r.Left, err = left(ctx, s.pool, t.ID, groups); err != nil {
		return r, translate(err)
	}
	if r.Left > 0 {
		return r, fmt.Errorf("tenantdb/postgres: purge: %d rows are left: something writes without a tenant scope", r.Left)
	}
	err = s.pool.QueryRow(ctx, `UPDATE tenancy.tenant SET state = 'purged',
			changed_at = CASE state WHEN 'purged' THEN changed_at ELSE clock_timestamp() END
		WHERE id = $1 AND state IN ('purging', 'purged') RETURNING erased, changed_at`, t.ID.String()).Scan(&r.Erased, &r.PurgedAt)
	if err != nil {
		return r, translate(err)
	}
	r.PurgedAt = r.PurgedAt.UTC().Truncate(time.Microsecond)
	n := 0
	for _, g := range groups {
		n += len(g)
	}
	r.Proof = []string{fmt.Sprintf("0 rows counted in each of %d tables with a column %s, by a role that no policy restricts", n, s.tenantColumn())}
	r.Residual = []string{
		"deleted rows stay in the table files until VACUUM, which autovacuum runs in its time",
		"write-ahead log and its archive: until recycled or expired",
		"replicas: until they have replayed the deletes",
		"backups made before: until they expire",
	}
	return r, nil
}

// doom puts the tenant into state purging, where nobody can read or write, and waits for the writers that
// were under way. What a move left here, before or after it, is of another epoch.
func (s *System) doom(ctx context.Context, t tenancy.Tenant) error {
	return s.run(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if t.State == tenancy.Purging {
			if err := lockFence(ctx, tx, t.ID); err != nil {
				return err
			}
			tag, err := tx.Exec(ctx, `UPDATE tenancy.tenant SET state = 'purging', changed_at = clock_timestamp()
				WHERE id = $1 AND (state IN ('moved', 'purging') OR state = 'provisioning' AND epoch <> $2)`, t.ID.String(), t.Epoch)
			if err != nil || tag.RowsAffected() > 0 {
				return err
			}
		}
		t.State = tenancy.Purging
		err := setState(ctx, tx, t)
		if errors.Is(err, tenancy.ErrPurged) {
			return nil // a repeat
		}
		return err
	})
}
