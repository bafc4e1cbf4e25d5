package erase_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/erase"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// A newsletter has no key. An address that two people have stays for the other one.
func TestRowsOfATableWithoutAKeyGoToo(t *testing.T) {
	list := dsar.Table{Name: "newsletter", Purpose: "p", Links: []dsar.Link{{Columns: []string{"email"}, Identifier: "email"}},
		Columns: []dsar.Column{{Name: "email text", Class: redact.ClassEmail}}, Plain: []string{"topic text"}}
	onBoth(t, usersDDL+`CREATE TABLE newsletter (email text, topic text);`, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, `INSERT INTO users (id, email) VALUES (1, 'a@x.test'), (2, 'b@x.test'), (3, 'b@x.test')`,
			`INSERT INTO newsletter (email, topic) VALUES ('a@x.test', 'tea'), ('A@x.test', 'tea'), ('b@x.test', 'tea'), ('b@x.test', 'tea'), ('c@x.test', 'tea')`)
		e := a.eraser(t, mapOf(users(), list), erase.Options{Batch: 1})
		for id, want := range map[int][]string{1: {"newsletter delete 2", "users delete 1"}, 2: {"newsletter share 2", "users delete 1"}} {
			plan, err := e.Plan(ctx, person(id))
			require.NoError(t, err)
			require.Equal(t, want, said(plan.Tables))
			done, err := e.Erase(ctx, dsar.Job{ID: "j" + want[0][len("newsletter "):], Person: person(id), Approved: plan.Hash})
			require.NoError(t, err)
			require.Equal(t, want, said(done.Tables))
		}
		require.ElementsMatch(t, []string{"b@x.test", "b@x.test", "c@x.test"}, a.read(t, ctx, `SELECT email FROM newsletter`))
	})
}

func TestRowsThatAreMaskedNeedAKey(t *testing.T) {
	list := dsar.Table{Name: "newsletter", Purpose: "p", Links: []dsar.Link{{Columns: []string{"email"}, Identifier: "email"}}, Erase: dsar.Mask,
		Columns: []dsar.Column{{Name: "email text", Class: redact.ClassEmail, Erase: dsar.Null}}, Plain: []string{"topic text"}}
	onBoth(t, usersDDL+`CREATE TABLE newsletter (email text, topic text);`, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, twoUsers)
		_, err := a.eraser(t, mapOf(users(), list), erase.Options{}).Plan(ctx, person(1))
		require.ErrorIs(t, err, erase.ErrMap)
		require.ErrorContains(t, err, "newsletter needs a primary key")
	})
}
