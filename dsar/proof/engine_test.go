package proof_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/dsar/dsartest"
	"github.com/bailiwick-dev/bailiwick/dsar/engine"
	"github.com/bailiwick-dev/bailiwick/dsar/receipt"
	"github.com/bailiwick-dev/bailiwick/dsar/tombstone"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
)

// Pitfall: requests, journals, receipts and tombstones hold what they were about. From the request to the receipt, with nothing but the outside
// made up, and then every byte of every file.
func TestAfterAnErasureNoFileHoldsThePersonNorDoesWhatIsKeptOfTheRequest(t *testing.T) {
	t.Parallel()
	migrations, err := sqlite.ReadMigrations("dsar", dsarsql.SQLite())
	require.NoError(t, err)
	dir, elsewhere := filepath.Join(t.TempDir(), "data"), t.TempDir()
	files, err := sqlite.Open(dir, sqlite.Options{Migrations: append(migrations, sqlite.Migration{ID: "app/1", SQL: `
		CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, email TEXT NOT NULL);
		CREATE TABLE ticket (id BIGINT NOT NULL PRIMARY KEY, user_id BIGINT NOT NULL REFERENCES users (id), subject TEXT, closed_at TIMESTAMPTZ);
		CREATE TABLE reading (id BIGINT NOT NULL PRIMARY KEY, email TEXT NOT NULL);
		CREATE INDEX ticket_user ON ticket (user_id);`})})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, files.Close()) })
	id := tenancy.MustParseID("acme")
	require.NoError(t, files.Provision(t.Context(), tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}))
	ctx, db := tenancy.With(t.Context(), id), files.TenantDB()
	require.NoError(t, db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO users (id, email) VALUES (42, 'jane.doe@example.test'), (43, 'other@mail.test');
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
				INSERT INTO ticket (id, user_id, subject) SELECT i, 42 + i % 2, CASE i % 2 WHEN 0 THEN 'from jane.doe@example.test' ELSE 'from other@mail.test' END FROM n;`)
		return err
	}))

	there := 0
	require.NoError(t, db.Files(ctx, func(_ string, r io.Reader) error {
		text, err := io.ReadAll(r)
		there += bytes.Count(text, []byte("jane.doe"))
		return err
	}))
	require.Greater(t, there, 200, "seen to look")

	private, public, err := note.GenerateKey(rand.Reader, "receipts.example.test")
	require.NoError(t, err)
	signer, err := note.NewSigner(private)
	require.NoError(t, err)
	verifier, err := note.NewVerifier(public)
	require.NoError(t, err)
	stones, err := tombstone.OpenFile(filepath.Join(elsewhere, "stones"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stones.Close()) })
	key, err := tenancy.NewKey("s1", bytes.Repeat([]byte{7}, 32))
	require.NoError(t, err)
	o := (&dsartest.App{}).Options()
	o.Kinds, o.Undo = []dsar.Kind{dsar.Erasure}, -1
	o.Hide = func(context.Context, dsar.Person) error { return nil }
	o.Show = o.Hide
	o.Resolve, o.Exporter, o.Outbox, o.Eraser, o.Prover, o.Tombstones, o.Receipt = nil, nil, nil, nil, nil, nil, nil
	e, err := engine.New(db, dsartest.Map, engine.Options{Options: o, Signer: signer, Stones: stones, StoneKeys: tombstone.Keys{key},
		Recipients: func(context.Context, dsar.Person) ([]age.Recipient, error) { return nil, nil }})
	require.NoError(t, err)
	require.NoError(t, e.Guard.Start(t.Context()))

	who := dsar.Person{Kind: "user", Key: []string{"42"}}
	r, err := e.Open(ctx, dsar.Intake{Kind: dsar.Erasure, Person: who, Text: "I am Jane Doe, please-spell-me-Jayne"})
	require.NoError(t, err)
	_, err = e.Verified(ctx, r.ID, dsar.Evidence{Request: r.ID, Method: "session", Person: who, By: audit.Party{Type: "user", ID: "42", Person: true}})
	require.NoError(t, err)
	plan, err := e.Plan(ctx, r.ID)
	require.NoError(t, err)
	_, err = e.Approve(ctx, r.ID, plan.Hash, audit.Party{Type: "staff", ID: "dpo-1", Person: true})
	require.NoError(t, err)
	for range 20 {
		if r, err = e.Request(ctx, r.ID); err == nil && r.State == dsar.Closed {
			break
		}
		_, err = e.Step(ctx)
		require.NoError(t, err)
	}
	require.Equal(t, dsar.Closed, r.State)
	require.Equal(t, dsar.Done, r.Outcome)
	signed, err := e.Receipt(ctx, r.ID)
	require.NoError(t, err)
	paper, err := receipt.Open(signed, verifier)
	require.NoError(t, err)
	require.Equal(t, receipt.Erased, paper.Outcome)
	require.Zero(t, paper.Left)
	require.Positive(t, paper.Looked)
	require.NoError(t, e.Guard.Start(t.Context()))

	needles := append(dsartest.Needles()[:1:1], "Jane", "Jayne", "doe@")
	look := func(name string, text []byte) {
		for _, n := range needles {
			require.NotContains(t, string(bytes.ToLower(text)), string(bytes.ToLower([]byte(n))), name)
		}
	}
	look("receipt", signed)
	n := 0
	for _, root := range []string{dir, elsewhere} {
		require.NoError(t, filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(name)
			n += len(text)
			look(filepath.Base(name), text)
			return err
		}))
	}
	require.Greater(t, n, 10_000)
}
