package vaultsql_test

import (
	"context"
	"maps"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/vault/vaultsql"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// hot are the statements that run for a page of values, a seal, a use or a batch of a rotation, with parameters of the
// kinds they are given.
var hot = map[string][]any{
	`SELECT {key} FROM vault_key k WHERE k.id = ?`:                                                                                                                       {id16},
	`SELECT {key} FROM vault_key k WHERE k.subject = ? AND k.purpose = ? AND k.level = 2 AND k.state = 'a'`:                                                              {id16, "mail"},
	`SELECT coalesce((SELECT epoch FROM vault_epoch), 0)`:                                                                                                                nil,
	`SELECT coalesce((SELECT epoch FROM vault_epoch), 0), {key} FROM vault_key k {upper} WHERE k.level < 2 AND k.state <> 's' ORDER BY k.seq`:                            nil,
	`SELECT {key} FROM vault_key k WHERE k.state <> 's' AND k.parent = ? AND k.seq > ? ORDER BY k.seq LIMIT ?`:                                                           {id16, 1, 1000},
	`SELECT {key} FROM vault_key k {upper} WHERE k.level < 2 AND k.state <> 's' AND k.parent = ? AND k.seq > ? ORDER BY k.seq LIMIT ?`:                                   {id16, 1, 1000},
	`SELECT (SELECT count(*) FROM vault_key k {upper} WHERE k.level < 2 AND k.state <> 's' AND k.parent = ?) + (SELECT count(*) FROM vault_secret s WHERE s.key_id = ?)`: {id16, id16},
	`SELECT ` + vaultsql.SecretColumns + ` FROM vault_secret s WHERE s.key_id = ? AND (s.purpose, s.id) > (?, ?) ORDER BY s.purpose, s.id LIMIT ?`:                       {id16, "a", "b", 100},
	`UPDATE vault_key SET state = 's', wrapped = wrapped WHERE id IN ` + vaultsql.OfSubject + ` AND state <> 's'`:                                                        {id16, id16},
	`SELECT ` + vaultsql.SecretColumns + ` FROM vault_secret s WHERE s.purpose = ? AND s.id = ?`:                                                                         {"a", "b"},
	`SELECT ` + vaultsql.SecretColumns + ` FROM vault_secret s WHERE (s.purpose, s.id) > (?, ?) ORDER BY s.purpose, s.id LIMIT ?`:                                        {"a", "b", 500},
}

var id16 = []byte("0123456789abcdef")

// No statement that runs often reads a table from its beginning.
func TestHotStatementsFindTheirRowsByAnIndex(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, s := w.tenant(t), w.store(t)
		v := openVault(t, s, newKeeper(t))
		sealedTogether(t, ctx, w, v, "mail", 300)
		statements := maps.Clone(hot)
		if w.pg != nil {
			_, err := openSQL(t, w.pg.Owner.DSN).ExecContext(t.Context(), `ANALYZE vault_key; ANALYZE vault_secret`)
			require.NoError(t, err)
			statements[`SELECT {key} FROM vault_key k WHERE k.id = ANY (?::bytea[])`] = []any{[][]byte{id16, id16[:8]}}
		}
		for text, args := range statements {
			plan := explain(t, ctx, w, s.SQL(text), args)
			for _, table := range []string{"vault_key", "vault_secret"} {
				require.NotContains(t, plan, "Seq Scan on "+table, text)
				for _, line := range strings.Split(plan, "\n") {
					require.False(t, w.pg == nil && strings.HasPrefix(line, "SCAN") && !strings.Contains(line, "USING") && strings.Contains(line, "k"), "%s: %s", text, plan)
				}
			}
		}
	})
}

func explain(t *testing.T, ctx context.Context, w *world, text string, args []any) string {
	t.Helper()
	var out []string
	require.NoError(t, w.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if w.pg != nil { // of 300 rows a table is cheaper to read whole
			if _, err := tx.ExecContext(ctx, `SET LOCAL enable_seqscan = off`); err != nil {
				return err
			}
			return tx.SelectContext(ctx, &out, `EXPLAIN `+text, args...)
		}
		rows, err := tx.QueryxContext(ctx, `EXPLAIN QUERY PLAN `+text, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			cols, err := rows.SliceScan()
			if err != nil {
				return err
			}
			out = append(out, cols[3].(string))
		}
		return rows.Err()
	}))
	return strings.Join(out, "\n")
}
