package erase_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/erase"
)

func TestACycleIsCutWhereItMayBeNull(t *testing.T) {
	m := mapOf(
		func() dsar.Table {
			u := users()
			u.Links = []dsar.Link{{Columns: []string{"space_id"}, To: "space", Role: dsar.Reference, Then: dsar.Null}}
			u.Plain = append(u.Plain, "space_id bigint")
			return u
		}(),
		dsar.Table{Name: "space", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"user_id"}, To: "users"}},
			Columns: []dsar.Column{text("name text", dsar.Null)}, Plain: []string{"id bigint not null", "user_id bigint not null"}})
	onBoth(t, `CREATE TABLE users (id {id}, email text, space_id bigint); CREATE TABLE space (id {id}, user_id bigint NOT NULL, name text);`, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, `INSERT INTO users (id, email, space_id) VALUES (1, 'a@x.test', 1), (2, 'b@x.test', 1)`, `INSERT INTO space (id, user_id, name) VALUES (1, 1, 'x')`)
		require.Equal(t, []string{"space delete 1", "users cut 1", "users delete 1"}, a.erased(t, ctx, a.eraser(t, m, erase.Options{}), person(1)))
		require.Equal(t, []string{"2 -"}, a.read(t, ctx, `SELECT id, space_id FROM users`))
	})
}

func TestCyclesAndLinksOfATableToItselfAreErasedUnderForeignKeys(t *testing.T) {
	m := mapOf(
		func() dsar.Table {
			u := users()
			u.Links = []dsar.Link{{Columns: []string{"boss_id"}, To: "users", Role: dsar.Reference, Then: dsar.Null}}
			u.Plain = append(u.Plain, "boss_id bigint")
			return u
		}(),
		dsar.Table{Name: "node", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"user_id"}, To: "users"}, {Columns: []string{"parent_id"}, To: "node"}},
			Columns: []dsar.Column{text("name text", dsar.Null)}, Plain: []string{"id bigint not null", "user_id bigint", "parent_id bigint"}},
		dsar.Table{Name: "leaf", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"node_id"}, To: "node"}},
			Columns: []dsar.Column{text("name text", dsar.Null)}, Plain: []string{"id bigint not null", "node_id bigint"}},
		dsar.Table{Name: "strict", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"user_id"}, To: "users"}, {Columns: []string{"next_id"}, To: "strict", Role: dsar.Reference, Then: dsar.Constant("0")}},
			Columns: []dsar.Column{text("name text", dsar.Null)}, Plain: []string{"id bigint not null", "user_id bigint not null", "next_id bigint not null"}})
	onBoth(t, `CREATE TABLE users (id {id}, email text, boss_id bigint REFERENCES users (id) ON DELETE RESTRICT);
		CREATE TABLE node (id {id}, user_id bigint REFERENCES users (id), parent_id bigint REFERENCES node (id) ON DELETE RESTRICT, name text);
		CREATE TABLE leaf (id {id}, node_id bigint REFERENCES node (id), name text);
		CREATE TABLE strict (id {id}, user_id bigint NOT NULL REFERENCES users (id), next_id bigint NOT NULL REFERENCES strict (id), name text);`, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, `INSERT INTO users (id, email, boss_id) VALUES (1, 'a@x.test', 1), (2, 'b@x.test', 1), (3, 'c@x.test', 2)`,
			`INSERT INTO node (id, user_id, parent_id) VALUES (1, 1, NULL), (2, NULL, 1), (3, NULL, 2), (4, NULL, 3), (5, 2, NULL), (6, NULL, 5)`,
			`INSERT INTO leaf (id, node_id) VALUES (1, 4), (2, 2), (3, 6)`,
			`INSERT INTO strict (id, user_id, next_id) VALUES (1, 1, 1)`, `INSERT INTO strict (id, user_id, next_id) VALUES (2, 1, 1), (3, 1, 2), (4, 2, 4)`)
		require.Equal(t, []string{"leaf delete 2", "node delete 4", "strict delete 3", "users cut 1", "users delete 1"},
			a.erased(t, ctx, a.eraser(t, m, erase.Options{Batch: 1}), person(1)))
		require.Equal(t, []string{"2 -", "3 2"}, a.read(t, ctx, `SELECT id, boss_id FROM users`))
		require.Equal(t, []string{"5 2 -", "6 - 5"}, a.read(t, ctx, `SELECT id, user_id, parent_id FROM node`))
		require.Equal(t, []string{"3"}, a.read(t, ctx, `SELECT id FROM leaf`))
		require.Equal(t, []string{"4 4"}, a.read(t, ctx, `SELECT id, next_id FROM strict`))
	})
}

func TestACycleThatNothingBreaksGoesInOneTransaction(t *testing.T) {
	m := mapOf(users(),
		dsar.Table{Name: "a", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"user_id"}, To: "users"}, {Columns: []string{"b_id"}, To: "b", Role: dsar.Reference, Then: dsar.Constant("0")}},
			Columns: []dsar.Column{text("name text", dsar.Null)}, Plain: []string{"id bigint not null", "user_id bigint not null", "b_id bigint not null"}},
		dsar.Table{Name: "b", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"a_id"}, To: "a"}},
			Columns: []dsar.Column{text("name text", dsar.Null)}, Plain: []string{"id bigint not null", "a_id bigint not null"}})
	onBoth(t, usersDDL+`CREATE TABLE a (id {id}, user_id bigint NOT NULL REFERENCES users (id), b_id bigint NOT NULL, name text);
		CREATE TABLE b (id {id}, a_id bigint NOT NULL REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED, name text);`, func(t *testing.T, a *app) {
		if a.pg() {
			_, err := ownerOf(t, a).ExecContext(context.Background(), `ALTER TABLE a ADD FOREIGN KEY (b_id) REFERENCES b (id)`)
			require.NoError(t, err)
		}
		ctx := a.newTenant(t)
		a.exec(t, ctx, twoUsers)
		insert := []string{`INSERT INTO b (id, a_id) VALUES (1, 1), (2, 2), (3, 3)`, `INSERT INTO a (id, user_id, b_id) VALUES (1, 1, 1), (2, 1, 2), (3, 2, 3)`}
		a.exec(t, ctx, insert...)
		require.Equal(t, []string{"a delete 2", "b delete 2", "users delete 1"}, a.erased(t, ctx, a.eraser(t, m, erase.Options{Batch: 1}), person(1)))
		require.Equal(t, []string{"3 2 3"}, a.read(t, ctx, `SELECT id, user_id, b_id FROM a`))
		require.Equal(t, []string{"3 3"}, a.read(t, ctx, `SELECT id, a_id FROM b`))
	})
}
