package rbacsql_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/rbac/rbacsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

var long = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func member(v int64, id string, status rbac.Status) rbac.MemberRow {
	return rbac.MemberRow{Subject: rbac.User(id), Version: v, Roles: []rbac.RoleID{"viewer"}, Status: status, CreatedBy: "root", Created: long}
}

func token(v int64, id string) rbac.TokenRow {
	t := rbac.TokenRow{ID: id, Version: v, Member: rbac.User("ann"), Integration: "shop", Last4: "abcd", Created: long, Expires: long.Add(time.Hour)}
	t.Hash[0] = byte(len(id))
	return t
}

// filled gives a tenant some of everything, in two versions.
func filled(t testing.TB, ctx context.Context, s *rbacsql.Store) {
	t.Helper()
	require.NoError(t, s.Tx(ctx, func(ctx context.Context) error {
		for range 2 {
			v, _, err := s.Advance(ctx)
			require.NoError(t, err)
			require.NoError(t, s.PutRole(ctx, rbac.RoleRow{ID: rbac.RoleID(fmt.Sprint("r", v)), Version: v, Name: "clerk", Permissions: []string{"a"}, Removed: v%2 == 0, Created: long}))
			require.NoError(t, s.PutMember(ctx, member(v, fmt.Sprint("ann", v), rbac.Active)))
			x := token(v, fmt.Sprint("t", v))
			if v%2 == 0 {
				x.Revoked = long.Add(time.Minute)
			}
			require.NoError(t, s.PutToken(ctx, x))
		}
		return s.PutMember(ctx, member(2, "bob", rbac.Removed))
	}))
	require.NoError(t, s.Saw(ctx, []rbac.Use{{Kind: rbac.UseOfPerson, ID: "ann", At: long}}))
	for i, state := range []rbac.InvitationState{rbac.Pending, rbac.Accepted, rbac.Withdrawn} {
		x := rbac.InvitationRow{ID: fmt.Sprint("i", i), State: rbac.Pending, Address: "carol@example.com", Created: long, Expires: long.Add(time.Hour)}
		require.NoError(t, s.PutInvitation(ctx, x))
		x.State = state
		require.NoError(t, s.PutInvitation(ctx, x))
	}
	for _, id := range []string{"q1", "q2"} {
		q := rbac.ReviewRow{ID: id, Opened: long, Due: long, Overdue: rbac.OverdueKeep}
		require.NoError(t, s.PutReview(ctx, q))
		require.NoError(t, s.PutItems(ctx, []rbac.ItemRow{{Review: id, Key: "k", Kind: rbac.ItemPerson, ID: "ann", Snapshot: []byte("{}")}}))
		if q.Closed = long.Add(time.Hour); id == "q2" {
			require.NoError(t, s.PutReview(ctx, q))
		}
	}
}

// What follows is tried with the rights of the application, by somebody who has its connection and its tenant.
func TestTheDatabaseItselfRefusesWhatMustNeverBe(t *testing.T) {
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		ctx, s := w.Tenant(t), storeIn(t, w)
		filled(t, ctx, s)
		tries := []string{
			`UPDATE rbac_version SET version = version - 1`,
			`UPDATE rbac_version SET version = version`,
			`DELETE FROM rbac_version`,
			`INSERT INTO rbac_version (version) VALUES (7)`,

			// A change that those who follow would not see.
			`UPDATE rbac_member SET status = 'removed'`,
			`UPDATE rbac_member SET status = 'active' WHERE status = 'removed'`,
			`UPDATE rbac_member SET roles = '["admin"]' WHERE id = 'ann1'`,
			`UPDATE rbac_member SET roles = '["admin"]', version = version + 1 WHERE id = 'ann2'`,
			`UPDATE rbac_member SET roles = '["admin"]', version = version + 2 WHERE id = 'ann1'`,
			`UPDATE rbac_member SET version = version - 1`,
			`UPDATE rbac_role SET permissions = '["b"]'`,
			`UPDATE rbac_role SET version = version + 100`,
			`UPDATE rbac_token SET scopes = '["b"]'`,
			`INSERT INTO rbac_member (kind, id, version, roles, status, owner, created_by) VALUES ('person', 'eve', 1, '["admin"]', 'active', '', '')`,
			`INSERT INTO rbac_member (kind, id, version, roles, status, owner, created_by) VALUES ('person', 'eve', 3, '["admin"]', 'active', '', '')`,
			`INSERT INTO rbac_role (id, version, name, machine, permissions, parents, removed, created_by) VALUES ('x', 1, '', false, '[]', '[]', false, '')`,

			`DELETE FROM rbac_role`, `DELETE FROM rbac_member WHERE status = 'removed'`, `DELETE FROM rbac_token`, `DELETE FROM rbac_use`,
			`DELETE FROM rbac_invitation`, `DELETE FROM rbac_review`, `DELETE FROM rbac_item`,

			`UPDATE rbac_invitation SET state = 'pending' WHERE state <> 'pending'`,
			`UPDATE rbac_invitation SET state = 'accepted' WHERE state = 'withdrawn'`,
			`UPDATE rbac_invitation SET member = 'eve' WHERE state = 'accepted'`,
			`UPDATE rbac_invitation SET address = 'eve@example.com' WHERE state = 'accepted'`,
			`UPDATE rbac_invitation SET state = 'accepted' WHERE state = 'pending'`, // with its address
			`UPDATE rbac_invitation SET id = 'x' WHERE state = 'pending'`,
			`UPDATE rbac_invitation SET hash = '' WHERE state = 'pending'`,
			`UPDATE rbac_invitation SET roles = '{}' WHERE state = 'pending'`,
			`UPDATE rbac_invitation SET roles = '[1]' WHERE state = 'pending'`,
			`UPDATE rbac_invitation SET roles = 'admin' WHERE state = 'pending'`,

			`UPDATE rbac_review SET closed = NULL`,
			`UPDATE rbac_review SET closed = closed + 1 WHERE closed IS NOT NULL`,
			`UPDATE rbac_review SET summary = 'x' WHERE closed IS NOT NULL`,
			`UPDATE rbac_review SET overdue = 'never'`,
			`UPDATE rbac_item SET decision = 'keep' WHERE review = 'q2'`,
			`UPDATE rbac_item SET snapshot = '{"a": 1}' WHERE review = 'q1'`,
			`UPDATE rbac_item SET id = 'eve' WHERE review = 'q1'`,
			`UPDATE rbac_item SET review = 'q1', key = 'l' WHERE review = 'q2'`,
			`UPDATE rbac_item SET review = 'q2', key = 'l' WHERE review = 'q1'`,
			`INSERT INTO rbac_item (review, key, kind, id, snapshot, decision, note, decided_by, outcome) VALUES ('q2', 'l', 'person', 'eve', '{}', '', '', '', '')`,
			`INSERT INTO rbac_item (review, key, kind, id, snapshot, decision, note, decided_by, outcome) VALUES ('q3', 'l', 'person', 'eve', '{}', '', '', '', '')`,
			`UPDATE rbac_use SET at = at - 1`,
			`UPDATE rbac_use SET id = 'eve'`,
		}
		// These take the version as they should.
		for _, try := range []string{
			`UPDATE rbac_role SET version = 3, removed = false WHERE removed`,
			`UPDATE rbac_role SET version = 3, id = 'x' WHERE id = 'r1'`,
			`UPDATE rbac_role SET version = 3, permissions = 'a' WHERE id = 'r1'`,
			`UPDATE rbac_role SET version = 3, permissions = '{"a": "b"}' WHERE id = 'r1'`,
			`UPDATE rbac_role SET version = 3, parents = '[["a"]]' WHERE id = 'r1'`,
			`UPDATE rbac_member SET version = 3, kind = 'machine' WHERE id = 'ann1'`,
			`UPDATE rbac_member SET version = 3, id = 'eve' WHERE id = 'ann1'`,
			`UPDATE rbac_member SET version = 3, roles = '[null]' WHERE id = 'ann1'`,
			`UPDATE rbac_member SET version = 3, status = 'owner' WHERE id = 'ann1'`,
			`UPDATE rbac_token SET version = 3, revoked = NULL WHERE revoked IS NOT NULL`,
			`UPDATE rbac_token SET version = 3, revoked = revoked + 1 WHERE revoked IS NOT NULL`,
			`UPDATE rbac_token SET version = 3, member = 'eve' WHERE id = 't1'`,
			`UPDATE rbac_token SET version = 3, member_kind = 'machine' WHERE id = 't1'`,
			`UPDATE rbac_token SET version = 3, created = created + 1 WHERE id = 't1'`,
			`UPDATE rbac_token SET version = 3, expires = created + 31622400000001 WHERE id = 't1'`,
			`UPDATE rbac_token SET version = 3, hash = (SELECT t.hash FROM rbac_invitation t LIMIT 1) WHERE id = 't1'`,
			`UPDATE rbac_token SET version = 3, id = 'x' WHERE id = 't1'`,
			`UPDATE rbac_token SET version = 3, networks = '"0.0.0.0/0"' WHERE id = 't1'`,
			`UPDATE rbac_member SET version = 3 WHERE id = 'ann1'; UPDATE rbac_member SET roles = '["admin"]' WHERE id = 'ann1'`,
		} {
			tries = append(tries, `UPDATE rbac_version SET version = 3; `+try)
		}
		if w.PG != nil {
			tries = append(tries, `TRUNCATE rbac_member`, `TRUNCATE rbac_version`, `ALTER TABLE rbac_member DISABLE TRIGGER ALL`, `DROP TABLE rbac_item`,
				`UPDATE rbac_member SET tenant_id = 'other'`, `UPDATE rbac_version SET tenant_id = 'other'`,
				// With the newest version, in a transaction that did not take it.
				`UPDATE rbac_member SET status = 'removed', version = 2 WHERE version = 1`,
				`INSERT INTO rbac_member (kind, id, version, roles, status, owner, created_by) VALUES ('person', 'eve', 2, '["admin"]', 'active', '', '')`)
		} else {
			tries = append(tries, `DROP TABLE rbac_item`, `DROP TRIGGER rbac_item_stays`, `REPLACE INTO rbac_version (version) VALUES (1)`,
				`UPDATE rbac_version SET version = 3; REPLACE INTO rbac_token (id, version, member_kind, member, integration, hash, last4, scopes, created_by, created, expires, reason, replaced_by)
					SELECT id, 3, member_kind, member, integration, hash, last4, scopes, created_by, created, expires, reason, replaced_by FROM rbac_token WHERE revoked IS NOT NULL`,
				`REPLACE INTO rbac_invitation (id, hash, address, roles, state, invited_by_kind, invited_by, member, created, expires)
					SELECT id, hash, address, roles, 'pending', invited_by_kind, invited_by, member, created, expires FROM rbac_invitation WHERE state = 'withdrawn'`,
				`REPLACE INTO rbac_review SELECT id, opened_by, opened, due, NULL, closed_by, overdue, applied, reminded, summary FROM rbac_review`,
				`REPLACE INTO rbac_item SELECT review, key, kind, id, '{"a": 1}', decision, note, decided_by, decided, outcome FROM rbac_item WHERE review = 'q1'`,
				`REPLACE INTO rbac_use SELECT kind, id, at - 1, net FROM rbac_use`)
		}
		try := func(text string) error {
			return s.Tx(ctx, func(ctx context.Context) error {
				return w.DB.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
					for _, one := range strings.Split(text, "; ") {
						if _, err := tx.ExecContext(ctx, one); err != nil {
							return err
						}
					}
					return nil
				})
			})
		}
		before := kept.Dump(t, ctx, w.DB)
		for _, text := range tries {
			err := try(text)
			require.Error(t, err, text)
			no := errors.Is(err, rbac.ErrRefused) || errors.Is(err, tenantdb.ErrIsolation) || errors.Is(err, tenantdb.ErrUnique)
			require.True(t, no || strings.Contains(err.Error(), "malformed JSON"), "%s: %v", text, err)
			require.Equal(t, before, kept.Dump(t, ctx, w.DB), text)
		}
		// Seen to be what a refusal is not.
		require.NoError(t, try(`UPDATE rbac_version SET version = 3; UPDATE rbac_role SET version = 3, removed = true WHERE id = 'r1'; `+
			`UPDATE rbac_member SET version = 3, roles = '["admin"]', status = 'active'; UPDATE rbac_token SET version = 3, revoked = revoked - 1; `+
			`UPDATE rbac_invitation SET state = 'withdrawn', address = '' WHERE state = 'pending'; `+
			`UPDATE rbac_item SET decision = 'keep' WHERE review = 'q1'; UPDATE rbac_review SET closed = opened WHERE closed IS NULL; UPDATE rbac_use SET at = at + 1`))
	})
}

// Also who may do more than the application, and in a session that replays, where most triggers are asleep.
func TestWhoMayMoreThanTheApplicationRemovesNothing(t *testing.T) {
	t.Parallel()
	w := tables.OnPostgres(t)
	ctx, s := w.Tenant(t), storeIn(t, w)
	filled(t, ctx, s)
	require.NoError(t, s.AddHome(ctx, rbac.HomeOfToken, "t1", tenancy.MustParseID("acme")))
	before := kept.Dump(t, ctx, w.DB)
	for _, role := range []string{w.PG.System.DSN, w.PG.Admin.DSN} {
		for _, try := range []string{
			`DELETE FROM rbac_member`, `DELETE FROM rbac_version`, `TRUNCATE rbac_token`, `UPDATE rbac_token SET revoked = NULL`, `UPDATE rbac_version SET version = 1`,
			`UPDATE rbac_member SET status = 'active' WHERE status = 'removed'`, `UPDATE rbac_invitation SET state = 'pending'`, `UPDATE rbac_homes.home SET tenant = 'other'`,
			`SET session_replication_role = replica; UPDATE rbac_token SET revoked = NULL`, `SET session_replication_role = replica; DELETE FROM rbac_member`,
		} {
			_, err := door.OpenSQL(t, role).ExecContext(t.Context(), try)
			require.Error(t, err, try)
			require.Equal(t, before, kept.Dump(t, ctx, w.DB), try)
		}
	}
}
