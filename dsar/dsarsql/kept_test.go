package dsarsql_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
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
	Schema: dsar.ErrSchema, Unavailable: dsar.ErrUnavailable, Unknown: dsar.ErrUnknown,
	Fill: func(t testing.TB, ctx context.Context, db *tenantdb.DB) {
		fillRequests(t, ctx, db)
		fillBreaches(t, ctx, db)
		fillJournal(t, ctx, db)
		fillMark(t, ctx, db)
		fillOutside(t, ctx, db)
	},
	Calls: func(t testing.TB, ctx context.Context, db *tenantdb.DB) map[string]func() error {
		s, err := dsarsql.New(db)
		require.NoError(t, err)
		b, err := dsarsql.NewBreaches(db)
		require.NoError(t, err)
		j, err := dsarsql.NewJournal(db)
		require.NoError(t, err)
		r := requestRow("calls")
		return map[string]func() error{
			"Add":      func() error { _, err := s.Add(ctx, r); return err },
			"Request":  func() error { _, err := s.Request(ctx, r.ID); return err },
			"Update":   func() error { _, err := s.Update(ctx, r); return err },
			"Requests": func() error { _, err := s.Requests(ctx, dsar.Find{}); return err },
			"Claim": func() error {
				_, err := s.Claim(ctx, dsar.Claiming{Lease: "l", For: time.Second, Limit: 1})
				return err
			},
			"Renew":       func() error { return s.Renew(ctx, r.ID, "l", time.Second) },
			"Free":        func() error { return s.Free(ctx, r.ID, "l") },
			"Purge":       func() error { _, err := s.Purge(ctx, r.Received, 1); return err },
			"PutStep":     func() error { return s.PutStep(ctx, dsar.StepRow{Request: r.ID, Name: "hide", Begun: r.Received}) },
			"Steps":       func() error { _, err := s.Steps(ctx, r.ID); return err },
			"Append":      func() error { _, err := s.Append(ctx, dsar.EventRow{Request: r.ID, Kind: "dsar.seen"}); return err },
			"Events":      func() error { _, err := s.Events(ctx, r.ID); return err },
			"AddHold":     func() error { _, err := s.AddHold(ctx, dsar.HoldRow{ID: "calls", Basis: "a case"}); return err },
			"ReleaseHold": func() error { _, err := s.ReleaseHold(ctx, "calls", "over"); return err },
			"Holds":       func() error { _, err := s.Holds(ctx, false); return err },
			"AddRestraint": func() error {
				return s.AddRestraint(ctx, dsar.RestraintRow{Ref: r.Ref, Kind: dsar.Objection, Request: r.ID})
			},
			"Lift":       func() error { return s.Lift(ctx, r.Ref, dsar.Objection, "") },
			"Restraints": func() error { _, err := s.Restraints(ctx, r.Ref); return err },
			"SetRetention": func() error {
				return s.SetRetention(ctx, dsar.RetentionRow{Category: "calls", For: dsar.Period{Days: 1}})
			},
			"Retentions":       func() error { _, err := s.Retentions(ctx); return err },
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

// requestRow is a request as it begins.
func requestRow(id dsar.ID) dsar.RequestRow {
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	return dsar.RequestRow{ID: id, State: dsar.Open, Kind: dsar.Erasure, Subject: "user", Ref: dsar.Ref(sha256.Sum256([]byte(id))), Law: "eu-gdpr", Map: "sha256:0", Received: at, Since: at,
		Due: at.AddDate(0, 1, 0), Sealed: []byte("sealed"), Next: at}
}

// fillRequests adds a request that is closed and one that is being worked on, with steps and events, holds and what else belongs to requests.
func fillRequests(t testing.TB, ctx context.Context, db *tenantdb.DB) {
	t.Helper()
	s, err := dsarsql.New(db)
	require.NoError(t, err)
	for _, last := range []dsar.State{dsar.Closed, dsar.Working} {
		r, err := s.Add(ctx, requestRow(dsar.ID(uuid.NewString())))
		require.NoError(t, err)
		for _, to := range []dsar.State{dsar.Verified, dsar.Approved, dsar.Working, dsar.Ending, dsar.Closed} {
			r = moved(r, to)
			r, err = s.Update(ctx, r)
			require.NoError(t, err, to)
			_, err = s.Append(ctx, dsar.EventRow{Request: r.ID, Kind: "dsar." + string(to), By: "system"})
			require.NoError(t, err)
			if to == last {
				break
			}
		}
		require.NoError(t, s.PutStep(ctx, dsar.StepRow{Request: r.ID, Name: "hide", Begun: r.Received, Done: r.Received, Result: []byte("{}")}))
		require.NoError(t, s.PutStep(ctx, dsar.StepRow{Request: r.ID, Name: "erase", Begun: r.Received, Why: "busy"}))
		h, err := s.AddHold(ctx, dsar.HoldRow{ID: r.ID, Ref: r.Ref, Table: "note", Basis: "a case", By: "user 1"})
		require.NoError(t, err)
		if last == dsar.Closed {
			_, err = s.ReleaseHold(ctx, h.ID, "over")
			require.NoError(t, err)
		}
		require.NoError(t, s.AddRestraint(ctx, dsar.RestraintRow{Ref: r.Ref, Kind: dsar.Objection, Purpose: "ads", Request: r.ID}))
		require.NoError(t, s.SetRetention(ctx, dsar.RetentionRow{Category: string(r.ID), For: dsar.Period{Years: 7}, By: "user 1"}))
	}
}

// moved is r as it comes to be in a state.
func moved(r dsar.RequestRow, to dsar.State) dsar.RequestRow {
	at := r.Received.Add(time.Hour)
	switch r.State = to; to {
	case dsar.Verified:
		r.Verified, r.Method = at, "session"
	case dsar.Approved:
		r.Approved, r.Plan = at, "sha256:1"
	case dsar.Ending:
		r.Ended, r.Outcome = at, dsar.Done
	case dsar.Closed:
		r.Closed, r.Sealed, r.Next = at, nil, time.Time{}
	}
	return r
}
