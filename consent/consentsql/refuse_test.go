package consentsql_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/consent/consentsql"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/stretchr/testify/require"
)

var moment = time.Date(2026, 1, 2, 3, 4, 5, 6_000, time.UTC)

var document = consent.Document{Version: 1, Language: "en", Body: []byte("We count visits."), Hash: sha256.Sum256([]byte("We count visits."))}

func entry(seq uint64) consent.Entry {
	e := consent.Entry{Seq: seq, Method: consent.Accepted, Granted: consent.Of(consent.Analytics), Policy: 1, Text: document.Hash, Place: "FR", At: moment}
	_, _ = rand.Read(e.Key[:])
	_, _ = rand.Read(e.Subject[:])
	_, _ = rand.Read(e.Hash[:])
	return e
}

func stateOf(e consent.Entry) consent.State {
	s := consent.State{Subject: e.Subject, Seq: e.Seq, Granted: e.Granted, Policy: 1, At: moment}
	_, _ = rand.Read(s.Who[:])
	_, _ = rand.Read(s.Secret[:])
	return s
}

// filled gives a tenant n more entries and states, and a text.
func filled(t testing.TB, ctx context.Context, s *consentsql.Store, n int) (es []consent.Entry, ss []consent.State) {
	t.Helper()
	require.NoError(t, s.Tx(ctx, func(ctx context.Context) error {
		head, err := s.Head(ctx)
		if err != nil {
			return err
		}
		es, ss = nil, nil
		for i := range n {
			es = append(es, entry(head.Seq+1+uint64(i)))
			ss = append(ss, stateOf(es[i]))
		}
		return s.Write(ctx, es, ss, []consent.Document{document})
	}))
	return es, ss
}

const insert = `INTO {rows} ({columns}) `

// forged is a row by hand.
func forged(seq, key, text string) string {
	return `SELECT ` + seq + `, {as ` + key + ` as}{on ` + text + ` on}`
}

// On SQLite the columns are those that the others are read from.
var (
	onSQLite = strings.NewReplacer("{rows}", "consent_row", "{columns}", "seq, ids, said", "{as ", "CAST(", " as}", " || zeroblob(48)", "{on NULL on}", " AS BLOB), '[1,0,0,0,0,1,1,null,null,\"\",\"\"]'", "{on ", " || ",
		" on}", " AS BLOB), '[]'", "{bytes16}", "zeroblob(16)", "{bytes32}", "zeroblob(32)", "{key}", "x'01020304050607080910111213141516'")
	onPostgres = strings.NewReplacer("{rows}", "consent_entry", "{columns}", "seq, key, text, subject, method, granted, denied, opt_out, signal, policy, place, regimes, at, hash", "{as ", "", " as}", ", ", "{on NULL", "NULL::bytea", "{on ", "",
		" on}", ", sha256('16'), 1, 2, 0, false, false, 1, '', '', 1, sha256('32')", "{bytes16}", "sha256('16')", "{bytes32}", "sha256('32')", "{key}", "'k'::bytea")
)

// What follows is tried with the rights of the application, by somebody who has its connection and its tenant.
func TestTheDatabaseItselfRefusesWhatMustNeverBe(t *testing.T) {
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		ctx, s := w.Tenant(t), storeIn(t, w)
		filled(t, ctx, s, 5)
		tries := []string{
			`DELETE FROM {rows}`, `DELETE FROM {rows} WHERE seq = 5`, `DELETE FROM consent_entry`, `DELETE FROM consent_text`,
			`UPDATE consent_entry SET granted = 14`, `UPDATE {rows} SET seq = 6 WHERE seq = 5`, `UPDATE consent_entry SET subject = hash`, `UPDATE consent_entry SET at = at + 1`,
			`UPDATE {rows} SET seq = seq`, `UPDATE consent_entry SET hash = key WHERE seq = 1`, `UPDATE consent_entry SET text = NULL`, `UPDATE consent_entry SET expires = 1`,
			`UPDATE consent_text SET body = hash`, `UPDATE consent_text SET language = 'fr'`, `UPDATE consent_text SET version = version`,

			`INSERT ` + insert + forged("7", "{key}", "NULL"), `INSERT ` + insert + forged("0", "{key}", "NULL"), `INSERT ` + insert + forged("-1", "{key}", "NULL"),
			`INSERT ` + insert + forged("5", "{key}", "NULL"), `INSERT ` + insert + forged("9223372036854775807", "{key}", "NULL"),
			`INSERT ` + insert + forged("6", "(SELECT key FROM consent_entry WHERE seq = 2)", "NULL"),
			`INSERT ` + insert + forged("6", "{key}", "{bytes32}"), `INSERT ` + insert + forged("6", "NULL", "NULL"),
			`INSERT ` + insert + forged("6", "{key}", "NULL") + ` UNION ALL ` + forged("8", "{bytes16}", "NULL"),
			`INSERT INTO consent_text (hash, version, language, body) SELECT hash, 9, 'fr', body FROM consent_text`,
		}
		if w.PG != nil {
			tries = append(tries, `TRUNCATE consent_entry`, `TRUNCATE consent_text CASCADE`, `TRUNCATE consent_state`, `TRUNCATE consent_head`,
				`DELETE FROM consent_head`, `UPDATE consent_head SET one = false`, `UPDATE consent_head SET tenant_id = 'x'`,
				`INSERT INTO consent_text (hash, version, language, body) VALUES ({bytes32}, 1, 'en', 'x')`,
				`INSERT `+insert+forged("6", "(SELECT key FROM consent_entry WHERE seq = 2)", "NULL")+` ON CONFLICT (tenant_id, key) DO UPDATE SET at = 14`,
				`INSERT `+insert+forged("5", "{key}", "NULL")+` ON CONFLICT (tenant_id, seq) DO UPDATE SET at = 14`,
				`ALTER TABLE consent_entry DISABLE TRIGGER ALL`, `DROP TRIGGER consent_entry_unchanged ON consent_entry`, `SET session_replication_role = replica`)
		} else {
			tries = append(tries, `INSERT OR REPLACE `+insert+forged("5", "{key}", "NULL"), `REPLACE `+insert+forged("6", "(SELECT key FROM consent_entry WHERE seq = 2)", "NULL"),
				`INSERT `+insert+forged("5", "{key}", "NULL")+` ON CONFLICT (seq) DO UPDATE SET said = 14`,
				`UPDATE OR REPLACE consent_row SET seq = 4 WHERE seq = 5`, `UPDATE consent_row SET said = '[]'`, `UPDATE consent_row SET ids = ids`,
				`REPLACE INTO consent_text (hash, version, language, body) SELECT hash, 9, 'fr', body FROM consent_text`,
				`DELETE FROM consent_state`, `UPDATE consent_state SET data = x'00'`, `UPDATE consent_state SET place = place + 100`,
				`DROP TRIGGER consent_row_unchanged`, `DROP TABLE consent_row`, `DROP VIEW consent_entry`, `PRAGMA writable_schema = 1`)
		}
		words := onSQLite
		if w.PG != nil {
			words = onPostgres
		}
		for i := range tries {
			tries[i] = words.Replace(tries[i])
		}
		kept.Attack(t, ctx, w, tries...)
		// Seen to try: what follows is let in. No verification takes it for the ledger's.
		require.NoError(t, w.Exec(ctx, words.Replace(`INSERT `+insert+forged("6", "{key}", "NULL"))))
		rep, err := managerOver(t, s).Verify(ctx)
		require.True(t, err != nil || !rep.OK())
	})
}

// Who has the application's connection as another tenant sees nothing of it, and changes nothing.
func TestAnotherTenantReachesNothing(t *testing.T) { kept.AttackAcross(t) }

// The owner and the system role change no entry either, nor a session that replays what others did.
func TestWhoMayMoreThanTheApplicationChangesNoEntry(t *testing.T) {
	kept.AttackAbove(t, "BWC01", `DELETE FROM consent_entry`, `UPDATE consent_entry SET granted = 14`, `DELETE FROM consent_text`, `UPDATE consent_text SET body = body`, `TRUNCATE consent_entry`,
		`TRUNCATE consent_text`, `TRUNCATE consent_state`, `DELETE FROM consent_head`)
}
