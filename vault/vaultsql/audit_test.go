package vaultsql_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/auditsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
)

var fileSent = audit.Define("test.file_sent", audit.Update)

// notary signs logs and tells its signatures.
type notary struct {
	audit.Signer
	key note.Verifier
}

func newNotary(t *testing.T) notary {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, "example.com/audit")
	require.NoError(t, err)
	signer, err := audit.NewSigner(private)
	require.NoError(t, err)
	key, err := note.NewVerifier(public)
	require.NoError(t, err)
	return notary{signer, key}
}

// sealedLog opens the audit log in the database of a vault's store, with values that a vault seals.
func sealedLog(t *testing.T, w *world, n notary, sealer *vault.AuditSealer) *audit.Log {
	t.Helper()
	store, err := auditsql.New(w.db)
	require.NoError(t, err)
	key, err := tenancy.NewKey("a1", []byte(strings.Repeat("a1", 16)))
	require.NoError(t, err)
	log, err := audit.Open(t.Context(), store, audit.Options{Origin: "example.com/audit", Signer: n, Key: key, Sealer: sealer})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, log.Close(context.Background())) })
	return log
}

// names returns who did and who was told, newest first, and how many values are gone.
func names(t *testing.T, ctx context.Context, log *audit.Log) (said []string, gone int) {
	t.Helper()
	for r, err := range log.Events(ctx, audit.Query{Actions: []audit.Action{fileSent}}) {
		require.NoError(t, err)
		said = append(said, r.Actor.Name+">"+r.Targets[0].Name)
		gone += len(r.Erased)
	}
	return said, gone
}

// What an audit log seals by the vault's keys goes with the person's, and nothing else does.
func TestAShreddedPersonsValuesInTheAuditLogAreLost(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		if w.pg != nil {
			require.NoError(t, auditsql.Migrate(t.Context(), openSQL(t, w.pg.Owner.DSN), w.pg.App.Role, w.pg.System.Role))
		}
		ctx, keeper, signs, sealer := w.tenant(t), newKeeper(t), newNotary(t), new(vault.AuditSealer)
		log := sealedLog(t, w, signs, sealer)
		ada := audit.Party{Type: "user", ID: "1", Name: "Ada", Email: "ada@example.com", Person: true}
		bob := audit.Party{Type: "user", ID: "2", Name: "Bob", Email: "bob@example.com", Person: true}
		sent := audit.Event{Action: fileSent, Actor: ada, Targets: []audit.Party{bob}}
		require.ErrorIs(t, log.Record(ctx, sent), audit.ErrUnavailable, "without a vault nothing is sealed, and nothing recorded")

		v, err := vault.Open(ctx, w.store(t), keeper, vault.Options{Recorder: log, Sealer: sealer})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, v.Close()) })
		require.NoError(t, log.Record(ctx, sent))
		require.NoError(t, w.db.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error { return log.Record(ctx, sent) }))
		calendar := vault.Ref{Purpose: "calendar", ID: "ada's own", Subject: ada.Subject()}
		require.NoError(t, v.Put(ctx, calendar, secret("token"), vault.Policy{By: ada}))
		said, gone := names(t, ctx, log)
		require.Equal(t, []string{"Ada>Bob", "Ada>Bob"}, said)
		require.Zero(t, gone)
		openings := openingsOf(t, ctx, w)
		require.NotContains(t, openings, "ada@example.com")
		require.NotContains(t, openings, "ada's own")

		verify := func() *audit.Report {
			var b bytes.Buffer
			end, err := log.Bundle(ctx, &b, audit.Bundling{By: audit.Party{Type: "admin"}, Reason: "a test"})
			require.NoError(t, err)
			r, err := audit.Verify(ctx, &b, audit.Policy{Keys: []audit.Key{{Verifier: signs.key}}, Trusted: [][]byte{end.Note}, Sealer: sealer})
			require.NoError(t, err)
			return r
		}
		r := verify()
		require.Equal(t, audit.OK, r.Verdict, r)
		require.Equal(t, r.Fields, r.Opened)

		// The vault has no key of hers in memory then, so that the record of the shredding is sealed under a new one.
		require.NoError(t, v.RotatePurposeKey(ctx, "audit", vault.Rotation{By: audit.Party{Type: "admin"}}))
		_, err = v.Shred(ctx, vault.Shredding{Subject: ada.Subject(), Basis: "GDPR Art. 17(1)(b)", By: audit.Party{Type: "admin"}})
		require.NoError(t, err)
		// A process that has nothing in memory finds no more than this one.
		p, there := w.process(t), new(vault.AuditSealer)
		other := sealedLog(t, w, signs, there)
		o, err := vault.Open(ctx, p, keeper, vault.Options{Recorder: other, Sealer: there})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, o.Close()) })
		for _, log := range []*audit.Log{log, other} {
			said, gone = names(t, ctx, log)
			require.Equal(t, []string{">Bob", ">Bob"}, said)
			require.Equal(t, 6, gone)
			var about []string
			for r, err := range log.Events(ctx, audit.Query{Subject: ada.Subject()}) {
				require.NoError(t, err)
				about = append(about, r.ActionName)
				require.NotContains(t, fmt.Sprintf("%+v", r.Event), "user:1", "nor does the record of the shredding name her")
				require.NotContains(t, fmt.Sprintf("%+v", r.Event), "ada's own")
			}
			require.Equal(t, []string{"vault.subject.shredded", "vault.secret.stored", "test.file_sent", "test.file_sent"}, about)
		}
		r = verify()
		require.Equal(t, audit.Tampered, r.Verdict, "no event says yet that it was erased")
		require.Len(t, r.Count, 1)
		require.NotZero(t, r.Count[audit.RuleErasure])
		_, err = log.Erase(ctx, audit.Erasure{Subject: ada.Subject(), Basis: "GDPR Art. 17(1)(b)", By: audit.Party{Type: "admin"}})
		require.NoError(t, err)
		r = verify()
		require.Equal(t, audit.OK, r.Verdict, r)
		require.NotZero(t, r.Opened, "Bob's")

		require.NoError(t, log.Record(ctx, sent))
		said, _ = names(t, ctx, log)
		require.Equal(t, []string{"Ada>Bob", ">Bob", ">Bob"}, said, "what is new has a new key")
	})
}

// openingsOf returns what the database holds of the log's erasable values.
func openingsOf(t *testing.T, ctx context.Context, w *world) (all string) {
	t.Helper()
	require.NoError(t, w.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var data [][]byte
		err := tx.SelectContext(ctx, &data, `SELECT data FROM audit_open`)
		all = string(bytes.Join(data, nil))
		return err
	}))
	require.NotEmpty(t, all)
	return all
}
