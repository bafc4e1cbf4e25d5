package erase_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/erase"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// owned is a table whose rows are a user's.
func owned(name string, columns ...dsar.Column) dsar.Table {
	return dsar.Table{Name: name, Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"user_id"}, To: "users"}},
		Columns: columns, Plain: []string{"id bigint not null", "user_id bigint"}}
}

func text(name string, s dsar.Strategy) dsar.Column {
	return dsar.Column{Name: name, Class: redact.ClassContent, Erase: s}
}

const usersDDL = `CREATE TABLE users (id {id}, email text);`

const twoUsers = `INSERT INTO users (id, email) VALUES (1, 'a@x.test'), (2, 'b@x.test')`

// Pitfall 6.
func TestRowsOfATeamOfTheSameIdStay(t *testing.T) {
	m := mapOf(users(), dsar.Table{Name: "asset", Key: []string{"id"}, Purpose: "p",
		Links:   []dsar.Link{{Columns: []string{"owner_id"}, To: "users", When: []dsar.When{{Column: "owner_type", Value: "User"}}}},
		Columns: []dsar.Column{text("name text", dsar.Null)}, Plain: []string{"id bigint not null", "owner_id bigint", "owner_type text"}})
	onBoth(t, usersDDL+`CREATE TABLE asset (id {id}, owner_id bigint, owner_type text, name text);`, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, twoUsers, `INSERT INTO asset (id, owner_id, owner_type, name) VALUES (1, 1, 'User', 'mine'), (2, 1, 'Team', 'theirs')`)
		require.Equal(t, []string{"asset delete 1", "users delete 1"}, a.erased(t, ctx, a.eraser(t, m, erase.Options{}), person(1)))
		require.Equal(t, []string{"2 theirs"}, a.read(t, ctx, `SELECT id, name FROM asset`))
	})
}

// Pitfall 13.
func TestTheSamePersonOfAnotherTenantStays(t *testing.T) {
	onBoth(t, `CREATE TABLE users (id bigint NOT NULL, email text); CREATE TABLE note (id bigint NOT NULL, user_id bigint, email text);`, func(t *testing.T, a *app) {
		m := mapOf(users(), dsar.Table{Name: "note", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"user_id"}, To: "users", Undeclared: true}, {Columns: []string{"email"}, Identifier: "email"}},
			Columns: []dsar.Column{{Name: "email text", Class: redact.ClassEmail}}, Plain: []string{"id bigint not null", "user_id bigint"}})
		one, two := a.newTenant(t), a.newTenant(t)
		for _, ctx := range []context.Context{one, two} {
			a.exec(t, ctx, `INSERT INTO users (id, email) VALUES (1, 'a@x.test')`, `INSERT INTO note (id, user_id, email) VALUES (1, 1, 'x'), (2, NULL, 'A@x.test')`)
		}
		before := a.dump(t, two)
		e := a.eraser(t, m, erase.Options{})
		require.Equal(t, []string{"note delete 2", "users delete 1"}, a.erased(t, one, e, person(1)))
		require.Equal(t, before, a.dump(t, two))
		a.erased(t, two, e, person(1))
	})
}

// Pitfall 12: who sees no rows does not say that there are none.
func TestWithoutATenantNothingIsSaidToBeErased(t *testing.T) {
	onBoth(t, blogDDL, func(t *testing.T, a *app) {
		e := a.eraser(t, blog(), erase.Options{})
		_, err := e.Plan(context.Background(), person(1))
		require.ErrorIs(t, err, tenancy.ErrNoTenant)
		_, err = e.Erase(context.Background(), dsar.Job{ID: "j", Person: person(1)})
		require.ErrorIs(t, err, tenancy.ErrNoTenant)
		_, err = e.Plan(a.newTenant(t), person(1))
		require.ErrorIs(t, err, dsar.ErrNobody)
	})
}

// Pitfall 26.
func TestThePlanWarnsOfAMissingIndexAndIsRefusedAboveAnEstimate(t *testing.T) {
	onBoth(t, strings.ReplaceAll(blogDDL, `CREATE INDEX comment_post ON comment (post_id);`, ``), func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, `INSERT INTO users (id, email) VALUES (1, 'a@x.test')`)
		for i := range 20 {
			a.exec(t, ctx, fmt.Sprintf(`INSERT INTO post (id, user_id) VALUES (%d, 1)`, i+1), fmt.Sprintf(`INSERT INTO comment (id, post_id) VALUES (%d, %d)`, i+1, i+1))
		}
		e := a.eraser(t, blog(), erase.Options{Scan: 100})
		plan, err := e.Plan(ctx, person(1))
		require.NoError(t, err)
		require.Len(t, plan.Warn, 2)
		require.Contains(t, plan.Warn[0], `CREATE INDEX ON `)
		require.Contains(t, plan.Warn[0], `("post_id")`)
		_, err = e.Erase(ctx, dsar.Job{ID: "j", Person: person(1), Approved: plan.Hash})
		require.ErrorIs(t, err, erase.ErrCost)
		a.erased(t, ctx, a.eraser(t, blog(), erase.Options{Scan: -1}), person(1))
	})
}

// Pitfall 27: the link in the middle is cut, and what is behind it is found all the same.
func TestAChainWhoseMiddleIsCutIsErasedToItsEndAfterAnInterruption(t *testing.T) {
	m := mapOf(users(),
		func() dsar.Table {
			x := owned("thread", text("title text", dsar.Constant("gone")))
			x.Erase, x.Links[0].Then = dsar.Mask, dsar.Null
			return x
		}(),
		dsar.Table{Name: "reply", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"thread_id"}, To: "thread"}}, Erase: dsar.Mask,
			Columns: []dsar.Column{text("body text", dsar.Null), {Name: "thread_id bigint", Class: redact.ClassContent, Erase: dsar.Null}}, Plain: []string{"id bigint not null"}},
		dsar.Table{Name: "file", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"reply_id"}, To: "reply"}},
			Columns: []dsar.Column{text("name text", dsar.Null)}, Plain: []string{"id bigint not null", "reply_id bigint"}})
	onBoth(t, usersDDL+`CREATE TABLE thread (id {id}, user_id bigint REFERENCES users (id), title text);
		CREATE TABLE reply (id {id}, thread_id bigint REFERENCES thread (id), body text);
		CREATE TABLE file (id {id}, reply_id bigint REFERENCES reply (id), name text);`, func(t *testing.T, a *app) {
		for stop := range 12 {
			ctx := a.newTenant(t)
			base := 10 * stop
			a.exec(t, ctx, fmt.Sprintf(`INSERT INTO users (id, email) VALUES (%d, 'a@x.test')`, base+1))
			for i := range 3 {
				a.exec(t, ctx, fmt.Sprintf(`INSERT INTO thread (id, user_id, title) VALUES (%d, %d, 't')`, base+i, base+1),
					fmt.Sprintf(`INSERT INTO reply (id, thread_id, body) VALUES (%d, %d, 'r')`, base+i, base+i), fmt.Sprintf(`INSERT INTO file (id, reply_id, name) VALUES (%d, %d, 'f')`, base+i, base+i))
			}
			var calls atomic.Int32 // tables have their turns side by side
			stopped := errors.New("stopped")
			e := a.eraser(t, m, erase.Options{Batch: 2, Held: func(context.Context, dsar.Person, string) error {
				if calls.Add(1) == int32(stop) {
					return stopped
				}
				return nil
			}})
			plan, err := e.Plan(ctx, person(base+1))
			require.NoError(t, err)
			job := dsar.Job{ID: "j", Person: person(base + 1), Approved: plan.Hash}
			done, err := e.Erase(ctx, job)
			if err != nil {
				require.ErrorIs(t, err, stopped)
				done, err = e.Erase(ctx, job)
			}
			require.NoError(t, err)
			require.Equal(t, []string{"file delete 3", "reply mask 3", "thread mask 3", "users delete 1"}, said(done.Tables))
			require.Empty(t, a.read(t, ctx, `SELECT id FROM file`))
			require.Equal(t, []string{"- -", "- -", "- -"}, a.read(t, ctx, `SELECT thread_id, body FROM reply`))
			require.Equal(t, []string{"- gone", "- gone", "- gone"}, a.read(t, ctx, `SELECT user_id, title FROM thread`))
		}
	})
}

// Pitfall 29.
func TestAnIdThatIsUsedAgainIsAnotherPersons(t *testing.T) {
	onBoth(t, usersDDL+`CREATE TABLE note (id {id}, user_id bigint, body text);`, func(t *testing.T, a *app) {
		m := mapOf(users(), owned("note", text("body text", dsar.Null)))
		m.Tables[1].Links[0].Undeclared = true
		ctx := a.newTenant(t)
		a.exec(t, ctx, twoUsers, `INSERT INTO note (id, user_id, body) VALUES (1, 1, 'x'), (2, 1, 'x'), (3, 1, 'x')`)
		reuse := false
		e := a.eraser(t, m, erase.Options{Batch: 1, Held: func(context.Context, dsar.Person, string) error {
			if reuse {
				return dsar.ErrHeld
			}
			return nil
		}})
		plan, err := e.Plan(ctx, person(1))
		require.NoError(t, err)
		job := dsar.Job{ID: "j", Person: person(1), Approved: plan.Hash, Progress: func(dsar.Progress) { reuse = true }}
		done, err := e.Erase(ctx, job)
		require.ErrorIs(t, err, dsar.ErrHeld)
		require.Equal(t, []string{"note delete 1"}, said(done.Tables))
		reuse, job.Progress = false, nil
		a.exec(t, ctx, `DELETE FROM users WHERE id = 1`, `INSERT INTO users (id, email) VALUES (1, 'c@x.test')`)
		_, err = e.Erase(ctx, job)
		require.ErrorIs(t, err, dsar.ErrPlan)
		require.NotContains(t, err.Error(), "x.test")
		require.Len(t, a.read(t, ctx, `SELECT id FROM note`), 2)
		require.Equal(t, []string{"1 c@x.test", "2 b@x.test"}, a.read(t, ctx, `SELECT id, email FROM users`))
		// Before a job is begun it is the plan that is another one.
		job.ID = "k"
		_, err = e.Erase(ctx, job)
		require.ErrorIs(t, err, dsar.ErrPlan)
	})
}

// Pitfall 30.
func TestAPseudonymIsTheSameForAPersonAndNoOther(t *testing.T) {
	onBoth(t, usersDDL+`CREATE TABLE note (id {id}, user_id bigint, name text, mail text NOT NULL, code bigint);`, func(t *testing.T, a *app) {
		m := mapOf(users(), owned("note", text("name text", dsar.Pseudonym), dsar.Column{Name: "mail text not null", Class: redact.ClassEmail, Erase: dsar.Pseudonym}, text("code bigint", dsar.Pseudonym)))
		m.Tables[1].Erase, m.Tables[1].Links[0].Undeclared, m.Tables[1].Links[0].Then = dsar.Mask, true, dsar.Pseudonym
		e := a.eraser(t, m, erase.Options{Batch: 1})
		seen := map[string]bool{}
		for i := range 3 {
			ctx := a.newTenant(t)
			a.exec(t, ctx, fmt.Sprintf(`INSERT INTO users (id, email) VALUES (%d, 'a@x.test')`, i+1),
				fmt.Sprintf(`INSERT INTO note (id, user_id, name, mail, code) VALUES (%d, %d, 'Ann', 'a@x.test', 7), (%d, %d, 'Anne', 'a@x.test', 7)`, 10*i+1, i+1, 10*i+2, i+1))
			require.Equal(t, []string{"note mask 2", "users delete 1"}, a.erased(t, ctx, e, person(i+1)))
			rows := a.read(t, ctx, `SELECT user_id, name, mail, code FROM note`)
			require.Equal(t, rows[0], rows[1])
			require.Contains(t, rows[0], "@erased.invalid")
			require.False(t, seen[rows[0]])
			seen[rows[0]] = true
		}
	})
}

// Pitfall 31.
func TestAHoldThatIsPlacedMidwayWinsAtTheNextBatch(t *testing.T) {
	onBoth(t, blogDDL, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, twoUsers)
		for i := range 30 {
			a.exec(t, ctx, fmt.Sprintf(`INSERT INTO post (id, user_id, title) VALUES (%d, 1, 'a')`, i+1))
		}
		var hold atomic.Bool
		e := a.eraser(t, blog(), erase.Options{Batch: 10, Held: func(_ context.Context, p dsar.Person, table string) error {
			if hold.Load() && table == "post" && p.Key[0] == "1" {
				return fmt.Errorf("%w: of a court", dsar.ErrHeld)
			}
			return nil
		}})
		plan, err := e.Plan(ctx, person(1))
		require.NoError(t, err)
		job := dsar.Job{ID: "j", Person: person(1), Approved: plan.Hash, Progress: func(dsar.Progress) { hold.Store(true) }}
		for range 2 {
			done, err := e.Erase(ctx, job)
			require.ErrorIs(t, err, dsar.ErrHeld)
			require.Equal(t, []string{"post delete 10"}, said(done.Tables))
			require.Zero(t, done.Done)
			require.Len(t, a.read(t, ctx, `SELECT id FROM post`), 20)
		}
		hold.Store(false)
		job.Progress = nil
		done, err := e.Erase(ctx, job)
		require.NoError(t, err)
		require.Equal(t, []string{"post delete 30", "users delete 1"}, said(done.Tables))
		again, err := e.Erase(ctx, job)
		require.NoError(t, err)
		require.Equal(t, done, again)
	})
}

// Pitfall 25.
func TestRowsThatComeMeanwhileGoTooAndNoneComeAfter(t *testing.T) {
	onBoth(t, blogDDL, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, twoUsers)
		for i := range 200 {
			a.exec(t, ctx, fmt.Sprintf(`INSERT INTO post (id, user_id, title) VALUES (%d, 1, 'a')`, i+1))
		}
		written, refused := make(chan int), make(chan struct{})
		go func() { // a session that nobody has ended
			n := 0
			defer func() { written <- n }()
			for i := 1000; ; i++ {
				err := a.tryExec(ctx, fmt.Sprintf(`INSERT INTO post (id, user_id, title) VALUES (%d, 1, 'new')`, i),
					fmt.Sprintf(`INSERT INTO comment (id, post_id, author_id) VALUES (%d, %d, 1)`, i, i), fmt.Sprintf(`INSERT INTO comment (id, author_id) VALUES (%d, 1)`, i+100000))
				if err == nil {
					n++
					continue
				}
				close(refused)
				return
			}
		}()
		e := a.eraser(t, blog(), erase.Options{Batch: 5})
		plan, err := e.Plan(ctx, person(1))
		require.NoError(t, err)
		job := dsar.Job{ID: "j", Person: person(1), Approved: plan.Hash}
		done, err := e.Erase(ctx, job)
		if errors.Is(err, dsar.ErrPlan) { // the first comment came between plan and erasure
			plan, err = e.Plan(ctx, person(1))
			require.NoError(t, err)
			job.Approved = plan.Hash
			done, err = e.Erase(ctx, job)
		}
		require.NoError(t, err)
		select {
		case <-refused:
		case <-time.After(time.Minute):
			t.Fatal("rows of an erased person can still be written")
		}
		n := <-written
		counts := map[string]int64{}
		for _, x := range done.Tables {
			counts[x.Table+" "+string(x.Action)] = x.Rows
		}
		require.EqualValues(t, 200+n, counts["post delete"])
		require.Empty(t, a.read(t, ctx, `SELECT id FROM post`))
		require.Empty(t, a.read(t, ctx, `SELECT id FROM comment WHERE author_id = 1 OR post_id IS NOT NULL`))
		require.Equal(t, []string{"2 b@x.test"}, a.read(t, ctx, `SELECT id, email FROM users`))
	})
}

func TestAMapWithQuestionsErasesNothing(t *testing.T) {
	onBoth(t, blogDDL, func(t *testing.T, a *app) {
		ctx, m := a.newTenant(t), blog()
		m.Tables[1].Decide = "whose?"
		a.exec(t, ctx, twoUsers)
		e := a.eraser(t, m, erase.Options{})
		_, err := e.Plan(ctx, person(1))
		require.ErrorIs(t, err, dsar.ErrUndecided)
		_, err = e.Erase(ctx, dsar.Job{ID: "j", Person: person(1)})
		require.ErrorIs(t, err, dsar.ErrUndecided)
	})
}

func TestAPlanIsAnotherOneWhenOtherThingsWouldHappenAndNotWhenRowsCome(t *testing.T) {
	onBoth(t, blogDDL, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, twoUsers, `INSERT INTO post (id, user_id) VALUES (1, 1)`)
		e := a.eraser(t, blog(), erase.Options{})
		hash := func() string {
			plan, err := e.Plan(ctx, person(1))
			require.NoError(t, err)
			return plan.Hash
		}
		first := hash()
		a.exec(t, ctx, `INSERT INTO post (id, user_id) VALUES (2, 1)`, `INSERT INTO comment (id, author_id) VALUES (7, 1)`)
		require.Equal(t, first, hash(), "one more of what there was, and a link of somebody else's")
		a.exec(t, ctx, `INSERT INTO comment (id, post_id) VALUES (8, 1)`)
		require.NotEqual(t, first, hash(), "rows of another table")
		_, err := e.Erase(ctx, dsar.Job{ID: "j", Person: person(1), Approved: first})
		require.ErrorIs(t, err, dsar.ErrPlan)
		require.Len(t, a.read(t, ctx, `SELECT id FROM post`), 2)
		other, err := e.Plan(ctx, person(2))
		require.NoError(t, err)
		_, err = e.Erase(ctx, dsar.Job{ID: "j", Person: person(1), Approved: other.Hash})
		require.ErrorIs(t, err, dsar.ErrPlan, "another person's")
		m := blog()
		m.Tables[1].Erase, m.Tables[1].Columns[0].Erase, m.Tables[1].Links[0].Then = dsar.Mask, dsar.Null, dsar.Constant("2")
		_, err = a.eraser(t, m, erase.Options{}).Erase(ctx, dsar.Job{ID: "j", Person: person(1), Approved: hash()})
		require.ErrorIs(t, err, dsar.ErrPlan, "another map")
	})
}

func TestTwoWorkersDoNotRunOneJob(t *testing.T) {
	onBoth(t, blogDDL, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, twoUsers, `INSERT INTO post (id, user_id) VALUES (1, 1)`)
		inside := make(chan struct{})
		leave := make(chan struct{})
		e := a.eraser(t, blog(), erase.Options{})
		plan, err := e.Plan(ctx, person(1))
		require.NoError(t, err)
		job := dsar.Job{ID: "j", Person: person(1), Approved: plan.Hash}
		slow := job
		slow.Progress = func(dsar.Progress) {
			if inside != nil {
				close(inside)
				inside = nil
				<-leave
			}
		}
		errs := make(chan error)
		wait := inside
		go func() { _, err := e.Erase(ctx, slow); errs <- err }()
		<-wait
		_, err = e.Erase(ctx, job)
		require.ErrorIs(t, err, erase.ErrBusy)
		close(leave)
		require.NoError(t, <-errs)
		other := job
		other.Person = person(2)
		_, err = e.Erase(ctx, other)
		require.ErrorIs(t, err, dsar.ErrPlan, "the job is another person's")
	})
}

func TestAJobThatIsAbandonedLeavesNoKeys(t *testing.T) {
	onBoth(t, everythingDDL, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		fillEverything(t, a, ctx, 10_000, 4)
		var calls atomic.Int32 // tables have their turns side by side
		e := a.eraser(t, everything(), erase.Options{Batch: 2, Held: func(context.Context, dsar.Person, string) error {
			if calls.Add(1) == 20 {
				return dsar.ErrHeld
			}
			return nil
		}})
		plan, err := e.Plan(ctx, person(10_000))
		require.NoError(t, err)
		job := dsar.Job{ID: "j", Person: person(10_000), Approved: plan.Hash}
		_, err = e.Erase(ctx, job)
		require.ErrorIs(t, err, dsar.ErrHeld)
		require.NotEmpty(t, a.read(t, ctx, `SELECT k1 FROM dsar_erase_key`))
		require.NoError(t, e.Abandon(ctx, "j"))
		require.NoError(t, e.Abandon(ctx, "never"))
		require.Empty(t, a.read(t, ctx, `SELECT k1 FROM dsar_erase_key`))
		_, err = e.Erase(ctx, job)
		require.ErrorIs(t, err, erase.ErrAbandoned)
		a.erased(t, ctx, e, person(10_000)) // another job does the rest
	})
}

// Pitfall: two links of owners, who are mostly the same person, of which nobody says what they hold when one of the two is erased.
func TestThePlanWarnsOfSharedRowsThatWouldGoOnLeadingToThePerson(t *testing.T) {
	invite := func(then dsar.Strategy) dsar.Table {
		return dsar.Table{Name: "invite", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{
			{Columns: []string{"mail"}, Identifier: "email", Then: then}, {Columns: []string{"by_id"}, To: "users", Then: then}},
			Plain: []string{"id bigint not null", "mail text", "by_id bigint"}}
	}
	onBoth(t, usersDDL+`CREATE TABLE invite (id {id}, mail text, by_id bigint REFERENCES users (id));`, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, twoUsers, `INSERT INTO invite (id, mail, by_id) VALUES (1, 'b@x.test', 1)`)
		plan, err := a.eraser(t, mapOf(users(), invite(dsar.Strategy{})), erase.Options{}).Plan(ctx, person(1))
		require.NoError(t, err)
		told := strings.Join(plan.Warn, "\n")
		require.Contains(t, told, "rows of invite stay for who shares them, with mail as it is")
		require.Contains(t, told, "with by_id as it is")
		plan, err = a.eraser(t, mapOf(users(), invite(dsar.Null)), erase.Options{}).Plan(ctx, person(1))
		require.NoError(t, err)
		require.NotContains(t, strings.Join(plan.Warn, "\n"), "invite stay")
	})
}
