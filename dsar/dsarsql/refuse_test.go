package dsarsql_test

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/stretchr/testify/require"
)

func TestAnotherTenantReachesNothing(t *testing.T) { kept.AttackAcross(t) }

// What follows is tried with the rights of the application, by somebody who has its connection and its tenant.
func TestTheDatabaseItselfKeepsTheRegisterOfBreaches(t *testing.T) {
	kept.OnBoth(t, func(t *testing.T, w *door.World) {
		ctx := w.Tenant(t)
		fillBreaches(t, ctx, w.DB)
		add := func(seq, key, prev string) string {
			return `INSERT INTO dsar_breach (breach, seq, key, prev, hash, entry) SELECT breach, ` + seq + `, ` + key + `, ` + prev + `, hash, entry FROM dsar_breach WHERE seq = 5`
		}
		tries := []string{`DELETE FROM dsar_breach`, `DELETE FROM dsar_breach WHERE seq = 5`, `UPDATE dsar_breach SET entry = entry`, `UPDATE dsar_breach SET seq = 6 WHERE seq = 5`,
			`UPDATE dsar_breach SET hash = prev`, add("7", "'n'", "hash"), add("6", "'n'", "prev"), add("6", "'k2'", "hash"), add("5", "'n'", "prev"), add("0", "'n'", "hash"), add("-1", "'n'", "hash"),
			add("6", "NULL", "hash"), add("9223372036854775807", "'n'", "hash"), `INSERT INTO dsar_breach (breach, seq, key, prev, hash, entry) SELECT 'new', 1, 'n', prev, hash, entry FROM dsar_breach WHERE seq = 5`}
		if w.PG != nil {
			tries = append(tries, `TRUNCATE dsar_breach`, `ALTER TABLE dsar_breach DISABLE TRIGGER ALL`, `SET session_replication_role = replica`,
				add("5", "'n'", "hash")+` ON CONFLICT (tenant_id, breach, seq) DO UPDATE SET entry = '{}'`)
		} else {
			tries = append(tries, `REPLACE`+add("5", "'n'", "prev")[len("INSERT"):], `INSERT OR REPLACE`+add("6", "'k2'", "hash")[len("INSERT"):],
				`UPDATE OR REPLACE dsar_breach SET seq = 4 WHERE seq = 5`, `DROP TRIGGER dsar_breach_stays`, `DROP TABLE dsar_breach`, `PRAGMA writable_schema = 1`)
		}
		kept.Attack(t, ctx, w, tries...)
		require.NoError(t, w.Exec(ctx, add("6", "'n'", "hash")), "seen to try: what follows is let in")
	})
}

func TestWhoMayMoreThanTheApplicationChangesNoEntry(t *testing.T) {
	kept.AttackAbove(t, "BWD01", `DELETE FROM dsar_breach`, `UPDATE dsar_breach SET entry = '{}'`, `TRUNCATE dsar_breach`)
}
