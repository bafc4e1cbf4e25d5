package proof

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

var until = time.Date(2036, 12, 31, 0, 0, 0, 0, time.UTC)

// places are those of what was found and is not kept.
func places(p *dsar.Proof) (out []string) {
	for _, r := range p.Found {
		if !r.Kept {
			out = append(out, r.Table+"."+r.Column+" "+r.Form)
		}
	}
	return out
}

func TestAnErasedPersonIsNowhereAndWhatIsKeptIsMarked(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.bystanders(40)
		p := w.prover()
		jane := w.jane()
		n, err := p.Take(w.ctx, jane)
		require.NoError(t, err)
		require.Contains(t, n.values, "Jane Roe")
		require.Contains(t, n.values, "dev-5e1f-00a7")
		require.Contains(t, n.values, "mother.of.jane@example.test")
		require.Contains(t, n.values, "jane.roe+old@example.test")
		require.NotContains(t, n.values, "Springfield", "others live there too")
		require.NotContains(t, n.values, "203.0.113.7/32")
		require.Equal(t, []named{{"nick", "jr"}}, n.short)

		before, err := p.Look(w.ctx, n)
		require.NoError(t, err)
		require.False(t, before.Clean())
		require.Subset(t, places(before), []string{"users.email as is", "users.name as is", "users.nick as is", "users.profile as is", "invite.email as is"})

		w.gone()
		after, err := p.Look(w.ctx, n)
		require.NoError(t, err)
		require.True(t, after.Clean(), "%+v", after.Found)
		require.Equal(t, []dsar.Residue{{Table: "invoice", Column: "payer", Rows: 1, Form: "as is", Kept: true}}, after.Found)
		require.Greater(t, after.Rows, int64(160))
		require.Greater(t, after.Needles, 200)
		require.NotEmpty(t, after.Map)
		require.WithinDuration(t, time.Now(), after.At, time.Hour)
		require.NotEmpty(t, after.Looked)
		require.Contains(t, strings.Join(after.Residual, "\n"), "backups")
	})
}

// Pitfall: identifiers embedded in other values.
func TestAnIdentifierInsideOfOtherValuesIsFound(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.bystanders(10)
		p := w.prover()
		jane := w.jane()
		taken, err := p.Collect(w.ctx, jane)
		require.NoError(t, err)
		w.gone()
		for form, text := range map[string]string{
			"as is":  "dm:bob__jane.roe@example.test",
			"url":    "/search?q=Jane+Roe&x=1",
			"json":   `{"to":"\"Jane Roe\" \u003cjane.roe@example.test\u003e"}`,
			"digits": "call 61400123456!",
		} {
			w.exec("INSERT INTO wide (t) VALUES (?)", text)
			proof, err := p.ProveTaken(w.ctx, jane, taken)
			require.NoError(t, err)
			require.False(t, proof.Clean(), form)
			require.Contains(t, strings.Join(places(proof), ","), "wide.t ", form)
			w.exec("DELETE FROM wide WHERE t = ?", text)
		}
		w.exec("INSERT INTO users (id, email, nick) VALUES (8, 'someone@example.test', 'JR')")
		proof, err := p.ProveTaken(w.ctx, jane, taken)
		require.NoError(t, err)
		require.Equal(t, []string{"users.nick as is"}, places(proof), "short ones, as a whole")
		w.exec("UPDATE users SET nick = 'jrx' WHERE id = 8")
		proof, err = p.ProveTaken(w.ctx, jane, taken)
		require.NoError(t, err)
		require.True(t, proof.Clean(), "%+v", proof.Found)
	})
}

func TestAnotherTenantsRowsAreNotLookedThrough(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		p := w.prover()
		jane := w.jane()
		n, err := p.Take(w.ctx, jane)
		require.NoError(t, err)
		other := *w
		if w.pg != nil {
			other.ctx = w.pg.Tenant(t)
			proof, err := p.Look(other.ctx, n)
			require.NoError(t, err)
			require.True(t, proof.Clean(), "%+v", proof.Found)
			require.Zero(t, proof.Rows)
		}
		_, err = p.Look(context.Background(), n)
		require.ErrorIs(t, err, tenancy.ErrNoTenant)
		_, err = p.Prove(context.Background(), jane)
		require.ErrorIs(t, err, tenancy.ErrNoTenant)
		_, err = p.Take(context.Background(), jane)
		require.ErrorIs(t, err, tenancy.ErrNoTenant)
		_, err = p.Look(w.ctx, &Needles{})
		require.ErrorIs(t, err, dsar.ErrNobody)
	})
}

// Pitfall: the bytes stay. SQLite keeps copies in free pages and in the log.
func TestNoByteOfAnErasedPersonIsInASQLiteFile(t *testing.T) {
	t.Parallel()
	w := onSQLite(t)
	w.bystanders(200)
	const mail = "needle-7f3a91c2@example.test"
	require.NoError(t, w.db.Tx(w.ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		for i := range 2000 {
			text := fmt.Sprintf("%d-%s", i, mail)
			if i%4 > 0 {
				text = fmt.Sprintf("other%d@example.test", i)
			}
			for _, q := range []string{"INSERT INTO wide (t) VALUES (?)", "INSERT INTO words (body) VALUES ('hello ' || ?)"} {
				if _, err := tx.ExecContext(ctx, q, text); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	w.exec("DELETE FROM wide WHERE t LIKE '%'||?||'%'", mail)
	w.exec("DELETE FROM words WHERE body LIKE '%'||?||'%'", mail)
	inFiles := func() (n int) {
		require.NoError(t, filepath.WalkDir(w.dir, func(name string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				b, _ := os.ReadFile(name)
				n += bytes.Count(b, []byte(mail))
			}
			return err
		}))
		return n
	}
	require.NotZero(t, inFiles(), "deleted, and still there")
	who := dsar.Person{Kind: "user", Known: map[string][]string{"email": {mail}}}
	w.o.KeepFiles = true
	proof, err := w.prover().Prove(w.ctx, who)
	require.NoError(t, err)
	require.False(t, proof.Clean(), "the search of files sees it")
	require.Subset(t, []string{"file. file", "log. file"}, places(proof))
	require.Contains(t, strings.Join(proof.Residual, "\n"), "nothing was vacuumed")
	w.o.KeepFiles = false
	proof, err = w.prover().Prove(w.ctx, who)
	require.NoError(t, err)
	require.True(t, proof.Clean(), "%+v", proof.Found)
	require.Zero(t, inFiles())
}

func TestTheWordsOfAFullTextIndexWithoutTextsAreFound(t *testing.T) {
	t.Parallel()
	w := onSQLite(t)
	w.exec("INSERT INTO bare (rowid, body) VALUES (1, 'to jane.roe@example.test, in haste'), (2, 'roe jane')")
	proof, err := w.prover().Prove(w.ctx, dsar.Person{Kind: "user", Known: map[string][]string{"email": {"jane.roe@example.test"}}})
	require.NoError(t, err)
	require.Contains(t, places(proof), "bare. full text")
}

// Pitfall: the planner's statistics show a value until ANALYZE.
func TestThePlannersStatisticsAreLookedAtAndMadeAnew(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	w.bystanders(20)
	jane := w.jane()
	p := w.prover()
	taken, err := p.Collect(w.ctx, jane)
	require.NoError(t, err)
	_, err = w.admin().ExecContext(t.Context(), "CREATE INDEX lowered ON users (lower(email)); CREATE STATISTICS pairs (mcv) ON email, nick FROM users; INSERT INTO users (tenant_id, id, email, nick) "+
		"SELECT tenant_id, i, 'twice@example.test', 'twice' FROM users, generate_series(90, 95) i WHERE id = 7; ANALYZE")
	require.NoError(t, err)
	w.gone()
	proof, err := p.ProveTaken(w.ctx, jane, taken)
	require.NoError(t, err)
	require.True(t, proof.Clean(), "an erasure does not wait for what nobody here may do")
	require.Contains(t, strings.Join(proof.Residual, "\n"), "statistics of users.email, until ANALYZE")
	require.Contains(t, strings.Join(proof.Residual, "\n"), "indexes on expressions")
	w.o.Owner, w.o.KeepFiles = w.admin(), true
	proof, err = w.prover().Prove(w.ctx, dsar.Person{Kind: "user", Known: map[string][]string{"email": {"jane.roe@example.test"}}})
	require.NoError(t, err)
	require.Subset(t, places(proof), []string{"users.email statistics", "users.lower statistics"})
	w.o.KeepFiles = false
	proof, err = w.prover().Prove(w.ctx, dsar.Person{Kind: "user", Known: map[string][]string{"email": {"jane.roe@example.test"}}})
	require.NoError(t, err)
	require.True(t, proof.Clean(), "%+v", proof.Found)

	// What another tenant's row still has is not hers.
	elsewhere := *w
	elsewhere.ctx = w.pg.Tenant(t)
	elsewhere.exec("INSERT INTO users (id, email) SELECT i, 'jane.roe@example.test' FROM generate_series(1, 5) i")
	proof, err = w.prover().Prove(w.ctx, dsar.Person{Kind: "user", Known: map[string][]string{"email": {"jane.roe@example.test"}}})
	require.NoError(t, err)
	require.True(t, proof.Clean(), "%+v", proof.Found)
}

// Pitfall: partitions, inherited tables, materialised views, large objects, tables that nobody put into the map.
func TestPartitionsViewsLargeObjectsAndTablesOutsideOfTheMapAreLookedThrough(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	who := dsar.Person{Kind: "user", Known: map[string][]string{"email": {"jane.roe@example.test"}}}
	w.exec("INSERT INTO split (day, t) VALUES (5, 'jane.roe@example.test'), (150, 'JANE.ROE@EXAMPLE.TEST'), (160, 'x')")
	w.exec("INSERT INTO old (id, t) VALUES (1, 'jane.roe@example.test')")
	w.exec("INSERT INTO older (id, t, more) VALUES (2, 'x', 'jane.roe@example.test')")
	admin := w.admin()
	_, err := admin.ExecContext(t.Context(), `CREATE SCHEMA "Odd one"; CREATE TABLE "Odd one"."Tab.le" ("Col" text); INSERT INTO "Odd one"."Tab.le" VALUES ('jane.roe@example.test');
		CREATE MATERIALIZED VIEW seen AS SELECT t FROM split;
		CREATE FOREIGN DATA WRAPPER none; CREATE SERVER away FOREIGN DATA WRAPPER none; CREATE FOREIGN TABLE far (t text) SERVER away; GRANT SELECT ON far TO `+w.pg.PG.App.Role+`;
		SELECT lo_from_bytea(0, convert_to(repeat('x', 2040) || ' jane.roe@example.test ' || repeat('y', 5000), 'UTF8')), lo_from_bytea(0, 'nothing')`)
	require.NoError(t, err)
	proof, err := w.prover().Prove(w.ctx, who)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"split.t as is", "old.t as is", "older.more as is"}, places(proof))
	require.Contains(t, strings.Join(proof.Residual, "\n"), `tables that may not be read: Odd one.Tab.le, far, seen`)
	require.Contains(t, strings.Join(proof.Residual, "\n"), "2 large objects that may not be read")

	w.o.Owner = admin
	proof, err = w.prover().Prove(w.ctx, who)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"split.t as is", "old.t as is", "older.more as is", "Odd one.Tab.le.Col as is", "seen.t as is", "pg_largeobject.data as is"}, places(proof))
	for _, r := range proof.Found {
		want := map[string]int64{"split": 2, "seen": 2}[r.Table]
		require.Equal(t, max(want, 1), r.Rows, r.Table)
	}
	require.Contains(t, strings.Join(proof.Residual, "\n"), "tables that may not be read: far")
}

// Pitfall: what a role cannot see is taken for what is not there.
func TestATableOfTheMapThatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	_, err := w.admin().ExecContext(t.Context(), "REVOKE SELECT ON visit FROM "+w.pg.PG.App.Role)
	require.NoError(t, err)
	_, err = w.prover().Prove(w.ctx, dsar.Person{Kind: "user", Known: map[string][]string{"email": {"jane.roe@example.test"}}})
	require.ErrorIs(t, err, ErrBlind)
}

// Pitfall: proofs, needles and errors that hold what was erased.
func TestAProofAndItsNeedlesShowNothingPersonal(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		p := w.prover()
		jane := w.jane()
		n, err := p.Take(w.ctx, jane)
		require.NoError(t, err)
		var out bytes.Buffer
		proof, err := p.Look(w.ctx, n)
		require.NoError(t, err)
		require.False(t, proof.Clean())
		_, err = p.ProveTaken(w.ctx, jane, []byte(`["jane"]`))
		require.Error(t, err)
		fmt.Fprint(&out, err)
		b, err := json.Marshal(proof)
		require.NoError(t, err)
		out.Write(b)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "n", n, "p", proof)
		fmt.Fprintf(&out, "%v %+v %#v %s %q %d", n, n, n, n, n, n)
		_, err = json.Marshal(n)
		require.Error(t, err)
		fmt.Fprint(&out, err)
		for _, v := range append([]string{"jane", "Roe", "400 123", "198.51.100.77"}, n.values...) {
			require.NotContains(t, strings.ToLower(out.String()), strings.ToLower(v))
		}
	})
}

func TestALateProofSaysThatOnlyIdentifiersWereLookedFor(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.o.Backups = 30 * 24 * time.Hour
		proof, err := w.prover().Prove(w.ctx, dsar.Person{Kind: "user", Known: map[string][]string{"email": {"jane.roe@example.test"}}})
		require.NoError(t, err)
		require.Contains(t, strings.Join(proof.Looked, "\n"), "were not taken before the erasure")
		require.Contains(t, strings.Join(proof.Residual, "\n"), "until "+proof.At.AddDate(0, 0, 30).Format(time.DateOnly))
		if w.db.Dialect() == tenantdb.SQLite {
			require.Contains(t, strings.Join(proof.Looked, "\n"), "bytes of the file")
		}
	})
}

func TestAKeyIsLookedForUnlessItsRowStays(t *testing.T) {
	t.Parallel()
	w := onSQLite(t)
	const key = "0190f5b2-7c1e-7e0a-9b7e-3f1c2d4e5f60"
	who := dsar.Person{Kind: "user", Key: []string{key}, Known: map[string][]string{"email": {"jane.roe@example.test"}}}
	for erase, looked := range map[dsar.Strategy]bool{{}: true, dsar.Delete: true, dsar.Mask: false} {
		m := *people
		m.Tables = slices.Clone(m.Tables)
		m.Tables[0].Erase = erase
		if erase == dsar.Mask {
			m.Tables[0].Columns = slices.Clone(m.Tables[0].Columns)
			for i := range m.Tables[0].Columns {
				m.Tables[0].Columns[i].Erase = dsar.Constant("")
			}
		}
		c, err := m.Compile()
		require.NoError(t, err)
		p, err := New(w.db, c, Options{})
		require.NoError(t, err)
		require.Equal(t, looked, slices.Contains(p.of(w.ctx, who).values, key), erase)
	}
	require.NotContains(t, w.prover().of(w.ctx, dsar.Person{Kind: "user", Key: []string{"1234567"}}).values, "1234567", "in anything by accident")
}

// A transaction is run again where its tenant was moved meanwhile.
func TestWhatIsLookedThroughAgainIsCountedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		if w.pg != nil {
			w.exec("INSERT INTO users (tenant_id, id, email) VALUES (tenancy.claimed(), 1, 'jane.roe@example.test')")
		} else {
			w.exec("INSERT INTO users (id, email) VALUES (1, 'jane.roe@example.test')")
		}
		l := w.prover().newLook(Values("jane.roe@example.test"))
		require.NoError(t, l.run(w.ctx))
		once := *l.proof
		require.NoError(t, l.run(w.ctx))
		require.Equal(t, once.Rows, l.proof.Rows)
		require.Equal(t, once.Found, l.proof.Found)
		require.Equal(t, once.Looked, l.proof.Looked)
		require.Equal(t, once.Residual, l.proof.Residual)
	})
}
