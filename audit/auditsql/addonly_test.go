package auditsql_test

import (
	"context"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// attacks are statements that somebody who can run SQL as the application would change the log with.
var attacks = []string{
	`UPDATE audit_event SET leaf = leaf`,
	`UPDATE audit_event SET action = 'nothing.done' WHERE seq = 299`,
	`UPDATE audit_event SET seq = seq + 1000`,
	`DELETE FROM audit_event`,
	`DELETE FROM audit_event WHERE seq = 300`,
	`UPDATE audit_open SET data = 'an other and much longer text, so as to be no erasure'`,
	`UPDATE audit_open SET subject = (SELECT subject FROM audit_open ORDER BY place LIMIT 1), data = ''`,
	`UPDATE audit_open SET place = place + 1, data = ''`,
	`DELETE FROM audit_open WHERE place >= 0`, // one is held
	`UPDATE audit_open SET data = '' WHERE place >= 0`,
	`UPDATE audit_tile SET data = data`,
	`DELETE FROM audit_tile`,
	`UPDATE audit_tree SET size = 1`,
	`DELETE FROM audit_tree`,
	`UPDATE audit_checkpoint SET size = 1`,
	`UPDATE audit_checkpoint SET note = ''`,
	`DELETE FROM audit_checkpoint`,
	`UPDATE audit_pruned SET pruned_to = 300`,
	`DELETE FROM audit_pruned`,
	`INSERT INTO audit_pruned (pruned_to, event) VALUES (300, 300)`,
	`INSERT INTO audit_pruned (pruned_to, event) VALUES (512, 3)`,
	`UPDATE audit_hold SET subject = NULL`,
}

var postgresAttacks = []string{
	`TRUNCATE audit_event`,
	`TRUNCATE audit_event, audit_open, audit_outbox, audit_head, audit_tile, audit_tree, audit_checkpoint, audit_hold, audit_pruned`,
	`UPDATE audit_head SET one = one`,
	`DELETE FROM audit_head`,
	`DELETE FROM audit_outbox`,
	`UPDATE audit_outbox SET leaf = 'x'`,
	`SET session_replication_role = replica`,
	`ALTER TABLE audit_event DISABLE TRIGGER ALL`,
	`DROP TRIGGER audit_event_stays ON audit_event`,
	`CREATE TRIGGER mine BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_refuse()`,
	`SELECT count(*) FROM audit_heads.event`,
}

// REPLACE deletes the row in its way without asking a trigger on DELETE.
var sqliteAttacks = []string{
	`INSERT OR REPLACE INTO audit_event SELECT * FROM audit_event WHERE seq = 299`,
	`INSERT OR REPLACE INTO audit_event SELECT 301, at, event_id, action, outcome, hash, leaf FROM audit_event WHERE seq = 299`,
	`INSERT OR IGNORE INTO audit_event SELECT 400, at, randomblob(16), action, outcome, hash, leaf FROM audit_event WHERE seq = 299`,
	`REPLACE INTO audit_open SELECT place, subject, 'something else' FROM audit_open`,
	`REPLACE INTO audit_tile SELECT level, idx, zeroblob(8192) FROM audit_tile`,
	`REPLACE INTO audit_tree SELECT one, 1, frontier FROM audit_tree`,
	`REPLACE INTO audit_checkpoint SELECT size, 'another', heads_index FROM audit_checkpoint`,
	`REPLACE INTO audit_hold SELECT id, NULL, reason, placed FROM audit_hold`,
	`REPLACE INTO audit_pruned SELECT pruned_to, 3 FROM audit_pruned`,
	`UPDATE OR REPLACE audit_event SET seq = 299 WHERE seq = 298`,
	`DROP TRIGGER audit_event_stays`,
	`DROP TABLE audit_event`,
	`PRAGMA writable_schema = 1`,
	`PRAGMA recursive_triggers = 0`,
}

func TestStatementsOfTheApplicationDoNotChangeTheLog(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s, ctx := w.store(t), w.tenant(t)
		filled(t, ctx, s)
		before := stored(t, ctx, s)
		all := append(attacks[:len(attacks):len(attacks)], sqliteAttacks...)
		if w.pg != nil {
			all = append(attacks[:len(attacks):len(attacks)], postgresAttacks...)
		}
		for _, sql := range all {
			err := w.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
				_, err := tx.ExecContext(ctx, sql)
				return err
			})
			require.Error(t, err, sql)
		}
		require.Equal(t, before, stored(t, ctx, s))
		n, err := s.Drain(ctx, 10)
		require.NoError(t, err)
		if w.pg != nil {
			require.Equal(t, 1, n, "the parked event is still there")
		}
	})
}

// The owner of the tables can drop what is in his way. What does not, is refused.
func TestStatementsOfTheOwnerAndTheSystemRoleDoNotChangeTheLog(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	s, ctx := w.store(t), w.tenant(t)
	filled(t, ctx, s)
	before := stored(t, ctx, s)
	_, err := s.Heads().Append(t.Context(), []audit.Entry{entry(0, "head")})
	require.NoError(t, err)
	for role, dsn := range map[string]string{"admin": w.pg.Admin.DSN, "system": w.pg.System.DSN} {
		db := openSQL(t, dsn)
		for _, sql := range append(attacks[:len(attacks):len(attacks)],
			`TRUNCATE audit_event`, `TRUNCATE audit_open`, `TRUNCATE audit_heads.event`,
			`UPDATE audit_head SET one = one`, `DELETE FROM audit_head`, `DELETE FROM audit_outbox`,
			`UPDATE audit_heads.event SET leaf = leaf`, `DELETE FROM audit_heads.event`, `UPDATE audit_heads.head SET one = one`) {
			if strings.Contains(sql, "audit_pruned (") {
				continue // these name no tenant
			}
			for _, mode := range []string{"origin", "replica"} {
				if role == "system" && mode == "replica" {
					continue
				}
				tx, err := db.BeginTx(t.Context(), nil)
				require.NoError(t, err)
				if role == "admin" {
					_, err = tx.ExecContext(t.Context(), `SET LOCAL session_replication_role = `+mode)
					require.NoError(t, err)
				}
				_, err = tx.ExecContext(t.Context(), sql)
				require.Error(t, err, "%s as %s in mode %s", sql, role, mode)
				require.NoError(t, tx.Rollback())
			}
		}
	}
	require.Equal(t, before, stored(t, ctx, s))
}

func TestARowOfTheApplicationTakesNoEventAlong(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s, ctx := w.store(t), w.tenant(t)
		note := func(sql string) {
			require.NoError(t, w.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
				if _, err := tx.ExecContext(ctx, sql); err != nil {
					return err
				}
				_, err := s.Park(ctx, []audit.Entry{entry(1, sql)})
				return err
			}))
		}
		note(`INSERT INTO note (id) VALUES ('a')`)
		note(`DELETE FROM note`)
		_, err := s.Drain(ctx, 10)
		require.NoError(t, err)
		require.Len(t, stored(t, ctx, s), 2)
	})
}

func TestATenantSeesItsOwnLogOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s, a, b := w.store(t), w.tenant(t), w.tenant(t)
		e := entry(1, "of a")
		_, err := s.Append(a, []audit.Entry{e})
		require.NoError(t, err)
		require.Empty(t, stored(t, b, s))
		_, err = s.ByID(b, e.ID)
		require.ErrorIs(t, err, audit.ErrNotFound)
		who := e.Open[0].Subject
		never := func(audit.Stored) error { t.Error("b sees a's"); return nil }
		require.NoError(t, s.Find(b, audit.Find{Subject: &who, Limit: 10}, never))
		require.NoError(t, s.Find(b, audit.Find{Limit: 10}, never))
		require.NoError(t, s.Subjects(b, who, func(uint64, []byte) error { t.Error("b sees a's"); return nil }))
		require.ErrorIs(t, s.Reopen(b, who, []audit.Reopening{{Seq: 0}}), audit.ErrNotFound)
		placed, err := s.Append(b, []audit.Entry{e}) // an id is a tenant's
		require.NoError(t, err)
		require.False(t, placed[0].Again)
		require.ErrorIs(t, w.db.Tx(a, func(ctx context.Context, _ *sqlx.Tx) error {
			_, err := s.Append(b, []audit.Entry{e})
			return err
		}), nil, "a context from outside is a transaction of its own")
	})
}
