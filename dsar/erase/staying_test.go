package erase_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/erase"
)

func TestSharedRowsAreErasedAsTheirTableSays(t *testing.T) {
	shared := func(name string, how dsar.Sharing) dsar.Table {
		return dsar.Table{Name: name, Key: []string{"id"}, Purpose: "p", Shared: how, Links: []dsar.Link{
			{Columns: []string{"a_id"}, To: "users", Role: dsar.CoOwner, Then: dsar.Null}, {Columns: []string{"b_id"}, To: "users", Role: dsar.CoOwner, Then: dsar.Null}},
			Columns: []dsar.Column{text("body text", dsar.Constant("gone"))}, Plain: []string{"id bigint not null", "a_id bigint", "b_id bigint"}}
	}
	m := mapOf(users(), shared("last", dsar.LastOwnerWins), shared("mine", dsar.RedactMine), shared("alls", dsar.DeleteForAll))
	table := func(name string) string {
		return `CREATE TABLE ` + name + ` (id {id}, a_id bigint REFERENCES users (id), b_id bigint REFERENCES users (id), body text);`
	}
	onBoth(t, usersDDL+table("last")+table("mine")+table("alls"), func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, twoUsers, `INSERT INTO users (id, email) VALUES (3, 'c@x.test')`)
		for _, name := range []string{"last", "mine", "alls"} {
			a.exec(t, ctx, `INSERT INTO `+name+` (id, a_id, b_id, body) VALUES (1, 1, NULL, 'x'), (2, 1, 2, 'x'), (3, 2, 1, 'x'), (4, 2, 3, 'x'), (5, 1, 1, 'x')`)
		}
		e := a.eraser(t, m, erase.Options{Batch: 1})
		require.Equal(t, []string{"alls delete 4", "last delete 2", "last share 2", "mine delete 2", "mine mask 2", "users delete 1"}, a.erased(t, ctx, e, person(1)))
		require.Equal(t, []string{"2 - 2 x", "3 2 - x", "4 2 3 x"}, a.read(t, ctx, `SELECT id, a_id, b_id, body FROM last`))
		require.Equal(t, []string{"2 - 2 gone", "3 2 - gone", "4 2 3 x"}, a.read(t, ctx, `SELECT id, a_id, b_id, body FROM mine`))
		require.Equal(t, []string{"4 2 3 x"}, a.read(t, ctx, `SELECT id, a_id, b_id, body FROM alls`))
		require.Equal(t, []string{"alls delete 1", "last delete 2", "last share 1", "mine delete 2", "mine mask 1", "users delete 1"}, a.erased(t, ctx, e, person(2)))
	})
}

func TestRowsThatAreSharedByMembershipsStayForTheOthers(t *testing.T) {
	m := mapOf(users(),
		dsar.Table{Name: "member", Key: []string{"doc_id", "user_id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"user_id"}, To: "users"}, {Columns: []string{"doc_id"}, To: "doc", Role: dsar.Reference, Then: dsar.Constant("0")}},
			Columns: []dsar.Column{text("note text", dsar.Null)}, Plain: []string{"doc_id bigint not null", "user_id bigint not null"}},
		dsar.Table{Name: "doc", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"id"}, To: "member", ToColumns: []string{"doc_id"}, Inverse: true, Role: dsar.CoOwner}},
			Columns: []dsar.Column{text("body text", dsar.Null)}, Plain: []string{"id bigint not null"}},
		dsar.Table{Name: "page", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"doc_id"}, To: "doc"}},
			Columns: []dsar.Column{text("body text", dsar.Null)}, Plain: []string{"id bigint not null", "doc_id bigint"}})
	onBoth(t, usersDDL+`CREATE TABLE doc (id {id}, body text); CREATE TABLE member (doc_id bigint REFERENCES doc (id), user_id bigint REFERENCES users (id), note text, PRIMARY KEY (doc_id, user_id));
		CREATE TABLE page (id {id}, doc_id bigint REFERENCES doc (id), body text);`, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, twoUsers, `INSERT INTO doc (id) VALUES (1), (2), (3)`, `INSERT INTO member (doc_id, user_id) VALUES (1, 1), (2, 1), (2, 2), (3, 2)`,
			`INSERT INTO page (id, doc_id) VALUES (1, 1), (2, 2), (3, 3), (4, 1)`)
		e := a.eraser(t, m, erase.Options{Batch: 1})
		require.Equal(t, []string{"doc delete 1", "doc share 1", "member delete 2", "page delete 2", "page share 1", "users delete 1"}, a.erased(t, ctx, e, person(1)))
		require.Equal(t, []string{"2", "3"}, a.read(t, ctx, `SELECT id FROM doc`))
		require.Equal(t, []string{"2 2", "3 3"}, a.read(t, ctx, `SELECT id, doc_id FROM page`))
		require.Equal(t, []string{"doc delete 2", "member delete 2", "page delete 2", "users delete 1"}, a.erased(t, ctx, e, person(2)), "the last owner goes")
	})
}

func TestKeptRowsStayUntilTheirEndAndGoThen(t *testing.T) {
	m := mapOf(users(), owned("invoice", text("body text", dsar.Null)))
	m.Tables[1].Erase = dsar.Keep(dsar.Reason{Basis: dsar.LegalObligation, Law: "§ 147 AO", For: dsar.Period{Years: 10}, Since: "at"})
	m.Tables[1].Plain = append(m.Tables[1].Plain, "at timestamptz | datetime")
	m.Tables[1].Links[0].Then = dsar.Null
	onBoth(t, usersDDL+`CREATE TABLE invoice (id {id}, user_id bigint REFERENCES users (id), body text, at {time});`, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, twoUsers, `INSERT INTO invoice (id, user_id, body, at) VALUES (1, 1, 'old', '2001-01-01'), (2, 1, 'new', '2126-03-04'), (3, 2, 'other', '2001-01-01'), (4, 1, 'undated', NULL)`)
		e := a.eraser(t, m, erase.Options{})
		plan, err := e.Plan(ctx, person(1))
		require.NoError(t, err)
		require.Equal(t, []string{"invoice delete 1", "invoice keep 2", "users delete 1"}, said(plan.Tables))
		done, err := e.Erase(ctx, dsar.Job{ID: "j", Person: person(1), Approved: plan.Hash})
		require.NoError(t, err)
		for _, tables := range [][]dsar.Planned{plan.Tables, done.Tables} {
			require.Equal(t, "legal obligation, § 147 AO", tables[1].Why)
			require.Equal(t, "2136-03-04", tables[1].Until.Format("2006-01-02"))
		}
		require.Equal(t, []string{"2 - new", "3 2 other", "4 - undated"}, a.read(t, ctx, `SELECT id, user_id, body FROM invoice`))
		n, err := e.Expire(ctx)
		require.NoError(t, err)
		require.Zero(t, n)
		a.exec(t, ctx, `UPDATE dsar_erase_kept SET until = 1 WHERE CAST(k1 AS text) = '2'`)
		n, err = e.Expire(ctx)
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
		require.Equal(t, []string{"3 2 other", "4 - undated"}, a.read(t, ctx, `SELECT id, user_id, body FROM invoice`))
		require.Len(t, a.read(t, ctx, `SELECT k1 FROM dsar_erase_kept`), 1)
	})
}

// reference is a link of a row that stays, cut where what it points at goes.
func reference(column, to string, when ...dsar.When) dsar.Link {
	return dsar.Link{Columns: []string{column}, To: to, Role: dsar.Reference, When: when, Then: dsar.Null}
}

// Links of rows that stay are judged by how things were before anything changed: here files go before notes have their turn, and nodes lose
// the way to the person that their parents are.
func TestLinksToWhatIsGoneAlreadyAreCutFromRowsThatStay(t *testing.T) {
	note := owned("note", text("body text", dsar.Null))
	note.Erase, note.Links[0].Then = dsar.Mask, dsar.Null
	note.Links = append(note.Links, reference("about_id", "file", dsar.When{Column: "about", Value: "file"}), reference("node_id", "node"))
	note.Plain = append(note.Plain, "about text", "about_id bigint", "node_id bigint")
	leaf := dsar.Table{Name: "leaf", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"note_id"}, To: "note"}},
		Columns: []dsar.Column{text("body text", dsar.Null)}, Plain: []string{"id bigint not null", "note_id bigint"}}
	node := owned("node", text("body text", dsar.Null))
	node.Links, node.Plain = append(node.Links, dsar.Link{Columns: []string{"parent_id"}, To: "node"}), append(node.Plain, "parent_id bigint")
	m := mapOf(users(), owned("file", text("body text", dsar.Null)), note, leaf, node)
	onBoth(t, usersDDL+`CREATE TABLE file (id {id}, user_id bigint REFERENCES users (id), body text);
		CREATE TABLE node (id {id}, user_id bigint REFERENCES users (id), parent_id bigint REFERENCES node (id), body text);
		CREATE TABLE note (id {id}, user_id bigint REFERENCES users (id), about text, about_id bigint, node_id bigint, body text);
		CREATE TABLE leaf (id {id}, note_id bigint REFERENCES note (id), body text);`, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, twoUsers, `INSERT INTO file (id, user_id) VALUES (1, 1), (2, 2)`,
			`INSERT INTO node (id, user_id, parent_id) VALUES (1, 1, NULL), (2, NULL, 1), (3, NULL, 2), (4, 2, NULL)`,
			`INSERT INTO note (id, user_id, about, about_id, node_id) VALUES (1, 1, 'file', 1, 3), (2, 1, 'file', 2, 4), (3, 1, 'team', 1, NULL), (4, 2, 'file', 1, 2), (5, 2, 'file', 2, 4)`,
			`INSERT INTO leaf (id, note_id) VALUES (1, 1), (2, 5)`)
		require.Equal(t, []string{"file delete 1", "leaf delete 1", "node delete 3", "note cut 1", "note mask 3", "users delete 1"},
			a.erased(t, ctx, a.eraser(t, m, erase.Options{Batch: 1}), person(1)))
		require.Equal(t, []string{"1 - file - -", "2 - file 2 4", "3 - team 1 -", "4 2 file - -", "5 2 file 2 4"},
			a.read(t, ctx, `SELECT id, user_id, about, about_id, node_id FROM note`))
	})
}

// A cycle through rows that stay is no reason to cut them from each other.
func TestLinksToRowsThatStayAreNotCut(t *testing.T) {
	thread, post := owned("thread", text("body text", dsar.Null)), owned("post", text("body text", dsar.Null))
	thread.Erase, thread.Links[0].Then = dsar.Mask, dsar.Null
	thread.Links, thread.Plain = append(thread.Links, reference("first_id", "post")), append(thread.Plain, "first_id bigint")
	post.Erase, post.Links[0].Then = dsar.Mask, dsar.Null
	post.Links, post.Plain = append(post.Links, reference("thread_id", "thread")), append(post.Plain, "thread_id bigint")
	onBoth(t, usersDDL+`CREATE TABLE thread (id {id}, user_id bigint REFERENCES users (id), first_id bigint, body text);
		CREATE TABLE post (id {id}, user_id bigint REFERENCES users (id), thread_id bigint REFERENCES thread (id), body text);`, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, twoUsers, `INSERT INTO thread (id, user_id, first_id) VALUES (1, 1, 1), (2, 2, 2)`,
			`INSERT INTO post (id, user_id, thread_id) VALUES (1, 1, 1), (2, 1, 2), (3, 2, 1)`)
		require.Equal(t, []string{"post mask 2", "thread mask 1", "users delete 1"}, a.erased(t, ctx, a.eraser(t, mapOf(users(), thread, post), erase.Options{Batch: 1}), person(1)))
		require.Equal(t, []string{"1 - 1", "2 2 2"}, a.read(t, ctx, `SELECT id, user_id, first_id FROM thread`))
		require.Equal(t, []string{"1 - 1", "2 - 2", "3 2 1"}, a.read(t, ctx, `SELECT id, user_id, thread_id FROM post`))
	})
}

// Rows without a key cannot be noted before what leads to them is cut: they go before.
func TestRowsWithoutAKeyGoBeforeTheRowsThatStayAreCut(t *testing.T) {
	order := owned("orders", text("body text", dsar.Null))
	order.Erase, order.Links[0].Then = dsar.Mask, dsar.Null
	tag := dsar.Table{Name: "order_tag", Purpose: "p", Links: []dsar.Link{{Columns: []string{"order_id"}, To: "orders"}}, Plain: []string{"order_id bigint", "tag text"}}
	onBoth(t, usersDDL+`CREATE TABLE orders (id {id}, user_id bigint REFERENCES users (id), body text);
		CREATE TABLE order_tag (order_id bigint REFERENCES orders (id), tag text);`, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, twoUsers, `INSERT INTO orders (id, user_id) VALUES (1, 1), (2, 2)`, `INSERT INTO order_tag (order_id, tag) VALUES (1, 'a'), (1, 'a'), (2, 'a')`)
		require.Equal(t, []string{"order_tag delete 2", "orders mask 1", "users delete 1"}, a.erased(t, ctx, a.eraser(t, mapOf(users(), order, tag), erase.Options{Batch: 1}), person(1)))
		require.Equal(t, []string{"2 a"}, a.read(t, ctx, `SELECT order_id, tag FROM order_tag`))
	})
}

// A link says nothing of the tenant, and its foreign key has the tenant's column: it is cut all the same before the person goes.
func TestALinkIsCutWhoseForeignKeyHasTheTenantBeside(t *testing.T) {
	t.Parallel()
	note := owned("note", text("body text", dsar.Null))
	note.Erase = dsar.Mask
	a := onPostgres(t, usersDDL+`CREATE TABLE note (id {id}, user_id bigint, body text);`)
	_, err := ownerOf(t, a).ExecContext(context.Background(), `ALTER TABLE users ADD UNIQUE (tenant_id, id); ALTER TABLE note ADD FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)`)
	require.NoError(t, err)
	ctx := a.newTenant(t)
	a.exec(t, ctx, twoUsers, `INSERT INTO note (id, user_id) VALUES (1, 1), (2, 2)`)
	require.Equal(t, []string{"note mask 1", "users delete 1"}, a.erased(t, ctx, a.eraser(t, mapOf(users(), note), erase.Options{}), person(1)))
	require.Equal(t, []string{"1 -", "2 2"}, a.read(t, ctx, `SELECT id, user_id FROM note`))
}

// A link that may not be null, whose column says itself what becomes of it, becomes that.
func TestALinkWhoseColumnSaysWhatItBecomesNeedsNoThen(t *testing.T) {
	note := owned("note", text("body text", dsar.Null), text("user_id bigint not null", dsar.Constant("0")))
	note.Erase, note.Plain = dsar.Mask, []string{"id bigint not null"}
	onBoth(t, usersDDL+`CREATE TABLE note (id {id}, user_id bigint NOT NULL REFERENCES users (id), body text);`, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, twoUsers, `INSERT INTO users (id, email) VALUES (0, NULL)`, `INSERT INTO note (id, user_id) VALUES (1, 1), (2, 2)`)
		require.Equal(t, []string{"note mask 1", "users delete 1"}, a.erased(t, ctx, a.eraser(t, mapOf(users(), note), erase.Options{}), person(1)))
		require.Equal(t, []string{"1 0", "2 2"}, a.read(t, ctx, `SELECT id, user_id FROM note`))
	})
}
