package supportgrant_test

import (
	"context"
	"crypto/rand"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
)

func auditLog(t *testing.T) *audit.Log {
	key, err := tenancy.NewKey("k1", []byte("thirty-two bytes from a safe place"))
	require.NoError(t, err)
	secret, _, err := note.GenerateKey(rand.Reader, "example.com/audit")
	require.NoError(t, err)
	signer, err := audit.NewSigner(secret)
	require.NoError(t, err)
	l, err := audit.Open(t.Context(), audit.NewMemory(), audit.Options{Origin: "example.com/audit", Signer: signer, Key: key})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close(context.WithoutCancel(t.Context()))) })
	return l
}

// Every entry of the store's log has an event in the audit log, under the same id, with the same people and the same end.
func TestTheAuditLogIsToldOfAllThatTheStoreLogs(t *testing.T) {
	t.Parallel()
	l := auditLog(t)
	ctx, s, people := helpdesk(supportgrant.Options{Recorder: l})
	g, err := s.Request(ctx, asked(true))
	require.NoError(t, err)
	a := supportgrant.Access{Grant: g.ID, Staff: "sam", Resource: "users", Match: []supportgrant.Condition{supportgrant.Is("name", "Ann")}}
	_, err = supportgrant.Read[user](ctx, s, a)
	require.ErrorIs(t, err, supportgrant.ErrNotGranted)
	approve(ctx, s, g.ID, "olga")
	approve(ctx, s, g.ID, "otto")
	_, err = supportgrant.Read[user](ctx, s, a)
	require.NoError(t, err)
	_, err = s.Withdraw(ctx, g.ID, "olga", "enough")
	require.NoError(t, err)
	for _, end := range []func(supportgrant.GrantID) (supportgrant.Grant, error){
		func(id supportgrant.GrantID) (supportgrant.Grant, error) { return s.Deny(ctx, id, "olga", "no") },
		func(id supportgrant.GrantID) (supportgrant.Grant, error) { return s.Cancel(ctx, id, "sam", "") },
	} {
		g, err := s.Request(ctx, asked(false))
		require.NoError(t, err)
		_, err = end(g.ID)
		require.NoError(t, err)
	}
	people.Dismiss("sam")
	_, err = s.Request(ctx, asked(false))
	require.ErrorIs(t, err, supportgrant.ErrNotAllowed)

	events := map[uuid.UUID]audit.Record{}
	for r, err := range l.Events(ctx, audit.Query{}) {
		require.NoError(t, err)
		events[r.ID] = r
	}
	entries, next, err := s.Log(ctx, supportgrant.Look{}, "", 500)
	require.NoError(t, err)
	require.Empty(t, next)
	require.Len(t, entries, 11)
	require.Len(t, events, len(entries))
	for _, e := range entries {
		r, ok := events[e.ID]
		require.True(t, ok, e.Kind)
		require.Equal(t, "supportgrant."+string(e.Kind), r.ActionName)
		require.EqualValues(t, e.By, r.Actor.ID)
		require.Equal(t, e.Kind == supportgrant.KindRefused, r.Outcome == audit.Denied)
		require.NotContains(t, r.Data, "Ann")
		if e.Kind == supportgrant.KindRead {
			require.Equal(t, []string{"id", "name", "settings.language"}, r.Data["columns"])
			require.Equal(t, []string{"name"}, r.Data["matched"], "the column that rows were picked by, and not the value")
		}
	}
}
