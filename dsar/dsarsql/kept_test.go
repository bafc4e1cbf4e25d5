package dsarsql_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar/breach"
	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/dsar/erase"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// kept are the tables, and who fills and calls them.
var kept = door.Kept{Door: tables, Tables: dsarsql.Tables, Comment: "dsar_breach", Versions: "dsar_version",
	Schema: tenantdb.ErrSchema, Unavailable: tenantdb.ErrUnavailable, Unknown: tenantdb.ErrOutcomeUnknown,
	Fill: func(t testing.TB, ctx context.Context, db *tenantdb.DB) {
		fillBreaches(t, ctx, db)
		fillJournal(t, ctx, db)
		fillMark(t, ctx, db)
	},
	Calls: func(t testing.TB, ctx context.Context, db *tenantdb.DB) map[string]func() error {
		b, err := dsarsql.NewBreaches(db)
		require.NoError(t, err)
		j, err := dsarsql.NewJournal(db)
		require.NoError(t, err)
		return map[string]func() error{
			"Breaches.Append":  func() error { return b.Append(ctx, breachEntry("b", nil)) },
			"Breaches.Entries": func() error { _, err := b.Entries(ctx, "b"); return err },
			"Breaches.List":    func() error { _, err := b.List(ctx, "", 1); return err },
			"Journal.Secret":   func() error { _, err := j.Secret(ctx); return err },
			"Journal.Open":     func() error { _, err := j.Open(ctx, erase.Entry{Job: "c", Who: []byte{1}}, "w", time.Hour); return err },
			"Journal.Fence":    func() error { return j.Fence(ctx, "c", "w") },
			"Journal.Advance":  func() error { return j.Advance(ctx, "c", erase.Step{Seq: 1}) },
			"Journal.Steps":    func() error { _, err := j.Steps(ctx, "c"); return err },
		}
	},
}

// breachEntry is an entry that follows last.
func breachEntry(id breach.ID, last *breach.Entry) breach.Entry {
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	e := breach.Entry{Breach: id, Key: "k1", Kind: breach.Opened, At: at, Aware: at, By: audit.Party{Type: "user", ID: "u1"}, Facts: "a backup", Laws: []string{"eu-gdpr"},
		Recorded: at, Nonce: []byte{1}, Seq: 1}
	if last != nil {
		e.Kind, e.Laws, e.Seq, e.Prev = breach.Supplemented, nil, last.Seq+1, last.Hash
		e.Key = fmt.Sprint("k", e.Seq)
	}
	e.Hash = e.Digest()
	return e
}

// fillBreaches adds a breach of five entries.
func fillBreaches(t testing.TB, ctx context.Context, db *tenantdb.DB) {
	t.Helper()
	s, err := dsarsql.NewBreaches(db)
	require.NoError(t, err)
	var last *breach.Entry
	id := breach.ID(uuid.NewString())
	for range 5 {
		e := breachEntry(id, last)
		require.NoError(t, s.Append(ctx, e))
		last = &e
	}
}
