package bench

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/consent/consentsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
)

// Workload L: choices of 25,000 users go into a ledger on SQLite, 100 in a transaction. bare is the table without a chain, by one
// prepared statement a row; chained has each row's hash over the one before. Neither finds a row by a key, keeps what a user's rows come to, or
// refuses anything. Ours does, through Import.
func BenchmarkConsentLedger(b *testing.B) {
	for _, sync := range []string{"full", "normal"} {
		b.Run(sync+"/100_rows", func(b *testing.B) { compare(b, ledgerWays(sync), nil) })
	}
}

func TestEveryLedgerKeepsEveryRow(t *testing.T) { checkWays(t, ledgerWays("normal")) }

const (
	ledgerUsers = 25_000
	ledgerBatch = 100
)

func perSecond(rows int) func(ns float64) (string, float64) {
	return func(ns float64) (string, float64) { return "rows/s", float64(rows) * 1e9 / ns }
}

func ledgerWays(sync string) []way {
	also := perSecond(ledgerBatch)
	return []way{
		{name: "bare", open: func(tb testing.TB) func(int) error { return plainLedger(tb, sync, false) }, also: also},
		{name: "chained", open: func(tb testing.TB) func(int) error { return plainLedger(tb, sync, true) }, also: also},
		{name: "ours", also: also, vs: []string{"bare", "chained"}, open: func(tb testing.TB) func(int) error {
			m, _, ctx := consentFiles(tb, sync)
			next := 0
			return func(n int) error {
				for range n {
					if err := importChoices(ctx, m, next, ledgerBatch); err != nil {
						return err
					}
					next += ledgerBatch
				}
				if _, ok := tb.(*testing.T); ok {
					rep, err := m.Verify(ctx)
					if err != nil || !rep.OK() || rep.Entries != uint64(next) {
						return fmt.Errorf("%d of %d entries: %w", rep.Entries, next, err)
					}
				}
				return nil
			}
		}},
	}
}

var ledgerGiven = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func importChoices(ctx context.Context, m *consent.Manager, from, n int) error {
	list := make([]consent.Import, n)
	for i := range list {
		k := from + i
		list[i] = consent.Import{ID: fmt.Sprintf("choice-%08d", k), User: fmt.Sprintf("user-%06d", k%ledgerUsers), Policy: 1, Given: ledgerGiven.Add(time.Duration(k) * time.Second),
			Granted: consent.Set(k%8) << 1, Denied: (consent.Set(k%8) << 1) ^ 14}
	}
	_, err := m.Import(ctx, list...)
	return err
}

// consentFiles opens a folder of SQLite files with our ledger.
func consentFiles(tb testing.TB, sync string) (*consent.Manager, *consentsql.Store, context.Context) {
	tb.Helper()
	steps, err := sqlite.ReadMigrations("consent", consentsql.SQLite())
	if err != nil {
		tb.Fatal(err)
	}
	o := sqlite.Options{Migrations: steps}
	if sync == "normal" {
		o.Sync = sqlite.SyncNormal
	}
	dir, ctxs := ourFiles(tb, 1, o)
	files := openFiles(tb, dir, o)
	tb.Cleanup(func() { files.Close() })
	store, err := consentsql.New(files.TenantDB())
	if err != nil {
		tb.Fatal(err)
	}
	key, err := tenancy.NewKey("k1", []byte("kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"))
	if err != nil {
		tb.Fatal(err)
	}
	words := func(s string) map[string]consent.Text { return map[string]consent.Text{"en": {Title: s, Body: s}} }
	policies, err := consent.Compile(consent.Policy{Version: 1, Material: true, Effective: ledgerGiven, Purposes: []consent.Purpose{
		{Key: "login", Category: consent.Essential, Text: words("Login")}, {Key: "drafts", Category: consent.Functional, Text: words("Drafts")},
		{Key: "visits", Category: consent.Analytics, Text: words("Visits")}, {Key: "ads", Category: consent.Marketing, Sale: true, Text: words("Ads")}}})
	if err != nil {
		tb.Fatal(err)
	}
	m, err := consent.New(consent.Config{Registry: policies, Keys: tenancy.Keys{Current: key}, Pseudonyms: key, Store: store})
	if err != nil {
		tb.Fatal(err)
	}
	return m, store, ctxs[0]
}

// plainLedger is the table that one would write first.
func plainLedger(tb testing.TB, sync string, chain bool) func(int) error {
	db := filers[0].one(tb, filepath.Join(folder(tb), "ledger.db"), sync)
	tb.Cleanup(func() { db.Close() })
	if _, err := db.Exec(`CREATE TABLE ledger (seq INTEGER PRIMARY KEY, tenant TEXT NOT NULL, subject BLOB NOT NULL, granted INTEGER NOT NULL, policy INTEGER NOT NULL,
		at INTEGER NOT NULL, method TEXT NOT NULL, regime TEXT NOT NULL, text_sha BLOB NOT NULL, hash BLOB) STRICT;
		CREATE INDEX ledger_latest ON ledger (tenant, subject, seq DESC)`); err != nil {
		tb.Fatal(err)
	}
	insert, err := db.Prepare(`INSERT INTO ledger (tenant, subject, granted, policy, at, method, regime, text_sha, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	if err != nil {
		tb.Fatal(err)
	}
	next, prev, text := 0, []byte(nil), sha256.Sum256([]byte("text"))
	return func(n int) error {
		for range n {
			if err := inOneTx(db, func(tx *sql.Tx) error {
				st := tx.Stmt(insert)
				for range ledgerBatch {
					subject := binary.BigEndian.AppendUint64(make([]byte, 8, 16), uint64(next%ledgerUsers)*0x9e3779b97f4a7c15)
					at := ledgerGiven.UnixMicro() + int64(next)
					if chain {
						h := sha256.New()
						h.Write(prev)
						fmt.Fprintf(h, "t1|%d|7|%d|%x|import|EU|%x", next%8, at, subject, text)
						prev = h.Sum(nil)
					}
					if _, err := st.Exec("t1", subject, next%8, 7, at, "import", "EU", text[:], prev); err != nil {
						return err
					}
					next++
				}
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	}
}

func inOneTx(db *sql.DB, f func(tx *sql.Tx) error) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// Workload V: a ledger of 100,000 entries is read and verified; hashed is its entries' bytes without a database.
func BenchmarkConsentVerify(b *testing.B) { compare(b, verifyWays(100_000), nil) }

func TestVerifyingReadsEveryEntry(t *testing.T) { checkWays(t, verifyWays(1000)) }

func verifyWays(entries int) []way {
	return []way{
		{name: "hashed", also: perSecond(entries), open: func(testing.TB) func(int) error {
			buf, h := make([]byte, 220), sha256.New()
			return func(n int) error {
				for range n * entries {
					h.Reset()
					h.Write(buf)
					h.Sum(buf[:0])
				}
				return nil
			}
		}},
		{name: "ours", also: perSecond(entries), vs: []string{"hashed"}, turn: 50 * time.Millisecond, open: func(tb testing.TB) func(int) error {
			m, _, ctx := consentFiles(tb, "normal")
			for i := 0; i < entries; i += 1000 {
				if err := importChoices(ctx, m, i, 1000); err != nil {
					tb.Fatal(err)
				}
			}
			return func(n int) error {
				for range n {
					if rep, err := m.Verify(ctx); err != nil || !rep.OK() || rep.Entries != uint64(entries) {
						return fmt.Errorf("%d entries: %w", rep.Entries, err)
					}
				}
				return nil
			}
		}},
	}
}

// Workload S: what is known of one of a million users, as every request of theirs asks. plain is the row alone, by a prepared statement.
func BenchmarkConsentState(b *testing.B) { compare(b, stateWays(1_000_000), nil) }

func TestAStateIsFoundAmongMany(t *testing.T) { checkWays(t, stateWays(3000)) }

func stateWays(states int) []way {
	who := func(i int) consent.Who { return sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i))) }
	pick := func(i int) consent.Who { return who(int(uint64(i) * 7919 % uint64(states))) }
	return []way{
		{name: "plain", open: func(tb testing.TB) func(int) error {
			db := filers[0].one(tb, filepath.Join(folder(tb), "state.db"), "normal")
			tb.Cleanup(func() { db.Close() })
			if _, err := db.Exec(`CREATE TABLE state (who BLOB PRIMARY KEY, data BLOB NOT NULL) STRICT`); err != nil {
				tb.Fatal(err)
			}
			for i := 0; i < states; i += 1000 {
				if err := inOneTx(db, func(tx *sql.Tx) error {
					for j := range 1000 {
						w := who(i + j)
						if _, err := tx.Exec(`INSERT INTO state (who, data) VALUES (?, zeroblob(191))`, w[:]); err != nil {
							return err
						}
					}
					return nil
				}); err != nil {
					tb.Fatal(err)
				}
			}
			get, err := db.Prepare(`SELECT data FROM state WHERE who = ?`)
			if err != nil {
				tb.Fatal(err)
			}
			next := 0
			return func(n int) error {
				for range n {
					w := pick(next)
					next++
					var data []byte
					if err := get.QueryRow(w[:]).Scan(&data); err != nil {
						return err
					}
				}
				return nil
			}
		}},
		{name: "ours", vs: []string{"plain"}, open: func(tb testing.TB) func(int) error {
			_, store, ctx := consentFiles(tb, "normal")
			for i := 0; i < states; i += 1000 {
				list := make([]consent.State, 1000)
				for j := range list {
					list[j] = consent.State{Who: who(i + j), Seq: uint64(i + j + 1), At: ledgerGiven}
					_, _ = rand.Read(list[j].Subject[:])
				}
				if err := store.Write(ctx, nil, list, nil); err != nil {
					tb.Fatal(err)
				}
			}
			next := 0
			return func(n int) error {
				for range n {
					w := pick(next)
					next++
					if s, err := store.State(ctx, w); err != nil || s.Who != w {
						return fmt.Errorf("another state: %w", err)
					}
				}
				return nil
			}
		}},
	}
}
