package erase_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/erase"
	"github.com/bailiwick-dev/bailiwick/redact"
)

const blogDDL = `
	CREATE TABLE users (id {id}, email text);
	CREATE TABLE post (id {id}, user_id bigint NOT NULL REFERENCES users (id), title text);
	CREATE TABLE comment (id {id}, post_id bigint REFERENCES post (id), author_id bigint REFERENCES users (id), seen_by bigint REFERENCES users (id), body text);
	CREATE INDEX post_user ON post (user_id); CREATE INDEX comment_post ON comment (post_id); CREATE INDEX comment_author ON comment (author_id);
	CREATE INDEX comment_seen ON comment (seen_by);`

// blog: posts and what is under them go with their author; who only saw a comment is cut from it.
func blog() *dsar.Map {
	return mapOf(users(),
		dsar.Table{Name: "post", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"user_id"}, To: "users"}},
			Columns: []dsar.Column{{Name: "title text", Class: redact.ClassContent}}, Plain: []string{"id bigint not null", "user_id bigint not null"}},
		dsar.Table{Name: "comment", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{
			{Columns: []string{"post_id"}, To: "post"},
			{Columns: []string{"author_id"}, To: "users", Role: dsar.Mentioned, Then: dsar.Null},
			{Columns: []string{"seen_by"}, To: "users", Role: dsar.Accessor, Then: dsar.Null}},
			Columns: []dsar.Column{{Name: "body text", Class: redact.ClassContent}}, Plain: []string{"id bigint not null", "post_id bigint", "author_id bigint", "seen_by bigint"}},
	)
}

func TestAPersonsRowsGoAndOthersStay(t *testing.T) {
	onBoth(t, blogDDL, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx,
			`INSERT INTO users (id, email) VALUES (1, 'a@x.test'), (2, 'b@x.test')`,
			`INSERT INTO post (id, user_id, title) VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 1, 'c')`,
			`INSERT INTO comment (id, post_id, author_id, seen_by, body) VALUES (1, 1, 2, NULL, 'under a'), (2, 2, 1, 1, 'under b'), (3, 2, 2, 2, 'under b'), (4, 3, 1, 2, 'x')`)
		e := a.eraser(t, blog(), erase.Options{})
		require.Equal(t, []string{"comment cut 1", "comment delete 2", "post delete 2", "users delete 1"}, a.erased(t, ctx, e, person(1)))
		require.Equal(t, []string{"2 b@x.test"}, a.read(t, ctx, `SELECT id, email FROM users`))
		require.Equal(t, []string{"2 2 b"}, a.read(t, ctx, `SELECT id, user_id, title FROM post`))
		require.Equal(t, []string{"2 2 - - under b", "3 2 2 2 under b"}, a.read(t, ctx, `SELECT id, post_id, author_id, seen_by, body FROM comment`))
	})
}

// Pitfall 23: the first page is not all.
func TestAllRowsGoWhateverTheBatchIs(t *testing.T) {
	onBoth(t, blogDDL, func(t *testing.T, a *app) {
		e := a.eraser(t, blog(), erase.Options{Batch: 10})
		for _, n := range []int{0, 1, 9, 10, 11, 25} {
			ctx := a.newTenant(t)
			id := 100*n + 1
			a.exec(t, ctx, fmt.Sprintf(`INSERT INTO users (id, email) VALUES (%d, 'a@x.test')`, id))
			for i := range n {
				a.exec(t, ctx, fmt.Sprintf(`INSERT INTO post (id, user_id, title) VALUES (%d, %d, 'a')`, id+i, id),
					fmt.Sprintf(`INSERT INTO comment (id, post_id) VALUES (%d, %d)`, id+i, id+i))
			}
			want := []string{"users delete 1"}
			if n > 0 {
				want = []string{fmt.Sprint("comment delete ", n), fmt.Sprint("post delete ", n), "users delete 1"}
			}
			require.Equal(t, want, a.erased(t, ctx, e, person(id)))
			for _, left := range a.dump(t, ctx) {
				require.Empty(t, left)
			}
		}
	})
}

const cascadingDDL = `CREATE TABLE users (id {id}, email text);
		CREATE TABLE post (id {id}, user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE, title text);
		CREATE TABLE comment (id {id}, post_id bigint NOT NULL REFERENCES post (id) ON DELETE CASCADE, body text);
		CREATE TABLE bill (id {id}, user_id bigint REFERENCES users (id), body text);
		CREATE INDEX post_user ON post (user_id); CREATE INDEX comment_post ON comment (post_id); CREATE INDEX bill_user ON bill (user_id);`

func cascading() *dsar.Map {
	m := mapOf(users(), owned("post", text("title text", dsar.Null)), dsar.Table{Name: "comment", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"post_id"}, To: "post"}},
		Columns: []dsar.Column{text("body text", dsar.Null)}, Plain: []string{"id bigint not null", "post_id bigint not null"}}, owned("bill", text("body text", dsar.Null)))
	m.Tables[3].Erase, m.Tables[3].Links[0].Then = dsar.Mask, dsar.Null
	return m
}

// What cascades is counted as if it had gone table by table; where not all of it is to go, it does not cascade.
func TestWhatCascadesIsCountedAndIsWhatTheMapSays(t *testing.T) {
	m := cascading()
	onBoth(t, cascadingDDL, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		for _, id := range []int{1, 2, 3} {
			a.exec(t, ctx, fmt.Sprintf(`INSERT INTO users (id, email) VALUES (%d, 'a%d@x.test')`, id, id))
			for i := range 5 * id {
				a.exec(t, ctx, fmt.Sprintf(`INSERT INTO post (id, user_id) VALUES (%d, %d)`, 100*id+i, id), fmt.Sprintf(`INSERT INTO comment (id, post_id) VALUES (%d, %d)`, 100*id+i, 100*id+i))
			}
		}
		a.exec(t, ctx, `INSERT INTO bill (id, user_id, body) VALUES (1, 2, 'x')`)
		c, err := m.Compile()
		require.NoError(t, err)
		j := &fences{Journal: journal(t, a)}
		e, err := erase.New(a.DB, c, j, erase.Options{Batch: 1})
		require.NoError(t, err)
		require.Equal(t, []string{"comment delete 5", "post delete 5", "users delete 1"}, a.erased(t, ctx, e, person(1)))
		require.EqualValues(t, 2, j.n.Load(), "one transaction, and the end")
		require.Equal(t, []string{"bill mask 1", "comment delete 10", "post delete 10", "users delete 1"}, a.erased(t, ctx, e, person(2)))
		require.Equal(t, []string{"1 - -"}, a.read(t, ctx, `SELECT id, user_id, body FROM bill`))
		j.n.Store(0)
		require.Equal(t, []string{"comment delete 15", "post delete 15", "users delete 1"}, a.erased(t, ctx, e, person(3)))
		require.Greater(t, j.n.Load(), int32(15), "these are too many for one transaction")
		require.Empty(t, a.read(t, ctx, `SELECT id FROM users`))
		require.Empty(t, a.read(t, ctx, `SELECT id FROM comment`))
	})
}

// fences counts transactions.
type fences struct {
	erase.Journal
	n atomic.Int32 // tables have their turns side by side
}

func (f *fences) Fence(ctx context.Context, job, worker string) error {
	f.n.Add(1)
	return f.Journal.Fence(ctx, job, worker)
}

func TestRowsThatComeWhileOthersCascadeAreCountedToo(t *testing.T) {
	onBoth(t, cascadingDDL, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, `INSERT INTO users (id, email) VALUES (1, 'a@x.test')`, `INSERT INTO post (id, user_id) VALUES (1, 1), (2, 1)`, `INSERT INTO comment (id, post_id) VALUES (1, 1)`)
		e := a.eraser(t, cascading(), erase.Options{})
		plan, err := e.Plan(ctx, person(1))
		require.NoError(t, err)
		written := make(chan int)
		for w := range 2 {
			go func() {
				n := 0
				for i := 0; a.tryExec(ctx, fmt.Sprintf(`INSERT INTO comment (id, post_id) VALUES (%d, %d)`, 1000+2*i+w, 1+w)) == nil; i++ {
					n++
				}
				written <- n
			}()
		}
		done, err := e.Erase(ctx, dsar.Job{ID: "j", Person: person(1), Approved: plan.Hash})
		require.NoError(t, err)
		n := 1 + <-written + <-written
		require.Equal(t, []string{fmt.Sprint("comment delete ", n), "post delete 2", "users delete 1"}, said(done.Tables))
		require.Empty(t, a.read(t, ctx, `SELECT id FROM comment`))
	})
}
