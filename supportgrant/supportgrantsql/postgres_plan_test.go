package supportgrantsql_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// A session plans the checks of a read once, perhaps while the tables are small, and goes on with that plan while they grow.
func TestTheChecksOfAReadFindTheirRowsByTheirIndexesInSmallTablesToo(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	g := live(t, c.ctx, c, asked(time.Hour))
	_, err := c.admin.Exec(t.Context(), `VACUUM ANALYZE supportgrant_grant, supportgrant_entry`)
	require.NoError(t, err)
	type scans struct {
		Name string
		N    int64
	}
	scanned := func(text string, args ...any) map[string]int64 {
		used := map[string]int64{}
		require.NoError(t, c.DB.Tx(c.ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			count := func(sign int64) error {
				var all []scans
				err := tx.SelectContext(ctx, &all, `SELECT relname AS name, seq_scan AS n FROM pg_stat_xact_user_tables WHERE relname LIKE 'supportgrant%'
					UNION ALL SELECT indexrelname, pg_stat_get_xact_numscans(indexrelid) FROM pg_stat_user_indexes WHERE relname LIKE 'supportgrant%'`)
				for _, s := range all {
					if used[s.Name] += sign * s.N; used[s.Name] == 0 {
						delete(used, s.Name)
					}
				}
				return err
			}
			if err := count(-1); err != nil { // what the session did before is among them until it is told of
				return err
			}
			if _, err := tx.ExecContext(ctx, text, args...); err != nil {
				return err
			}
			return count(1)
		}))
		return used
	}
	entry := uuid.Must(uuid.NewV7())
	require.Equal(t, map[string]int64{"supportgrant_grant_pkey": 1},
		scanned(`SELECT supportgrant_open(1, $1, $2, 'read', 'sam', 'posts', 'posts', '[]', '[]', '[]', '[]', 50, '')`, entry, g.ID))
	require.Equal(t, map[string]int64{"supportgrant_grant_pkey": 1, "supportgrant_entry_of": 1},
		scanned(`SELECT care FROM supportgrant_hold(1, $1, 0, $2, 'sam', 'posts')`, entry, g.ID))
}
