package erase_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/erase"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// soakOr is how often a test repeats: few times in every run, many with BAILIWICK_SOAK=1.
func soakOr(few, many int) int {
	if os.Getenv("BAILIWICK_SOAK") == "1" {
		return many
	}
	return few
}

// everything is a small application in which every action there is has rows: delete, mask, keep, share and cut; a tree, a membership, a cycle, and a chain whose
// middle is cut.
func everything() *dsar.Map {
	m := mapOf(
		func() dsar.Table {
			u := users()
			u.Links = []dsar.Link{{Columns: []string{"space_id"}, To: "space", Role: dsar.Reference, Then: dsar.Null}}
			u.Plain = append(u.Plain, "space_id bigint")
			return u
		}(),
		owned("space", text("name text", dsar.Null)),
		dsar.Table{Name: "node", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"user_id"}, To: "users"}, {Columns: []string{"parent_id"}, To: "node"}},
			Columns: []dsar.Column{text("name text", dsar.Null)}, Plain: []string{"id bigint not null", "user_id bigint", "parent_id bigint"}},
		dsar.Table{Name: "leaf", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"node_id"}, To: "node"}},
			Columns: []dsar.Column{text("name text", dsar.Null)}, Plain: []string{"id bigint not null", "node_id bigint"}},
		dsar.Table{Name: "member", Key: []string{"doc_id", "user_id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"user_id"}, To: "users"}, {Columns: []string{"doc_id"}, To: "doc", Role: dsar.Reference, Then: dsar.Constant("0")}},
			Columns: []dsar.Column{text("note text", dsar.Null)}, Plain: []string{"doc_id bigint not null", "user_id bigint not null"}},
		dsar.Table{Name: "doc", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"id"}, To: "member", ToColumns: []string{"doc_id"}, Inverse: true, Role: dsar.CoOwner},
			{Columns: []string{"editor_id"}, To: "users", Role: dsar.Accessor, Then: dsar.Null}},
			Columns: []dsar.Column{text("body text", dsar.Null)}, Plain: []string{"id bigint not null", "editor_id bigint"}},
		owned("thread", text("title text", dsar.Constant("gone"))),
		dsar.Table{Name: "reply", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"thread_id"}, To: "thread"}}, Erase: dsar.Mask,
			Columns: []dsar.Column{text("body text", dsar.Null), {Name: "thread_id bigint", Class: redact.ClassContent, Erase: dsar.Null}}, Plain: []string{"id bigint not null"}},
		dsar.Table{Name: "file", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"reply_id"}, To: "reply"}},
			Columns: []dsar.Column{text("name text", dsar.Null)}, Plain: []string{"id bigint not null", "reply_id bigint"}},
		owned("invoice", text("body text", dsar.Null)),
	)
	thread, invoice := &m.Tables[6], &m.Tables[9]
	thread.Erase, thread.Links[0].Then = dsar.Mask, dsar.Null
	invoice.Erase = dsar.Keep(dsar.Reason{Basis: dsar.LegalObligation, Law: "§ 147 AO", For: dsar.Period{Years: 10}, Since: "at"})
	invoice.Plain, invoice.Links[0].Then = append(invoice.Plain, "at timestamptz | datetime"), dsar.Null
	return m
}

const everythingDDL = `
	CREATE TABLE users (id {id}, email text, space_id bigint);
	CREATE TABLE space (id {id}, user_id bigint REFERENCES users (id), name text);
	CREATE TABLE node (id {id}, user_id bigint REFERENCES users (id), parent_id bigint REFERENCES node (id), name text);
	CREATE TABLE leaf (id {id}, node_id bigint REFERENCES node (id), name text);
	CREATE TABLE doc (id {id}, editor_id bigint REFERENCES users (id), body text);
	CREATE TABLE member (doc_id bigint REFERENCES doc (id), user_id bigint REFERENCES users (id), note text, PRIMARY KEY (doc_id, user_id));
	CREATE TABLE thread (id {id}, user_id bigint REFERENCES users (id), title text);
	CREATE TABLE reply (id {id}, thread_id bigint REFERENCES thread (id), body text);
	CREATE TABLE file (id {id}, reply_id bigint REFERENCES reply (id), name text);
	CREATE TABLE invoice (id {id}, user_id bigint REFERENCES users (id), body text, at {time});
	CREATE INDEX space_user ON space (user_id); CREATE INDEX node_user ON node (user_id); CREATE INDEX node_parent ON node (parent_id); CREATE INDEX leaf_node ON leaf (node_id);
	CREATE INDEX doc_editor ON doc (editor_id); CREATE INDEX member_user ON member (user_id); CREATE INDEX thread_user ON thread (user_id);
	CREATE INDEX reply_thread ON reply (thread_id); CREATE INDEX file_reply ON file (reply_id); CREATE INDEX invoice_user ON invoice (user_id);`

// fillEverything gives users a and a+1 of ctx's tenant n rows in each table, with ids from base.
func fillEverything(t testing.TB, a *app, ctx context.Context, base, n int) {
	statements := []string{fmt.Sprintf(`INSERT INTO users (id, email, space_id) VALUES (%d, 'a@x.test', %d), (%d, 'b@x.test', %d)`, base, base, base+1, base)}
	for i := range n {
		for who := range 2 {
			id, user := base+2*i+who, base+who
			parent := "NULL"
			if i%4 != 0 {
				parent = fmt.Sprint(id - 2)
			}
			body := fmt.Sprintf("'%s'", []string{"ann", "bo"}[who])
			statements = append(statements,
				fmt.Sprintf(`INSERT INTO space (id, user_id, name) VALUES (%d, %d, %s)`, id, user, body),
				fmt.Sprintf(`INSERT INTO node (id, user_id, parent_id, name) VALUES (%d, %s, %s, %s)`, id, map[bool]string{true: fmt.Sprint(user), false: "NULL"}[parent == "NULL"], parent, body),
				fmt.Sprintf(`INSERT INTO leaf (id, node_id, name) VALUES (%d, %d, %s)`, id, id, body),
				fmt.Sprintf(`INSERT INTO doc (id, editor_id, body) VALUES (%d, %d, %s)`, id, base+(who+i)%2, body),
				fmt.Sprintf(`INSERT INTO member (doc_id, user_id, note) VALUES (%d, %d, %s)`, id, user, body),
				fmt.Sprintf(`INSERT INTO thread (id, user_id, title) VALUES (%d, %d, %s)`, id, user, body),
				fmt.Sprintf(`INSERT INTO reply (id, thread_id, body) VALUES (%d, %d, %s)`, id, id, body),
				fmt.Sprintf(`INSERT INTO file (id, reply_id, name) VALUES (%d, %d, %s)`, id, id, body),
				fmt.Sprintf(`INSERT INTO invoice (id, user_id, body, at) VALUES (%d, %d, %s, '%d-01-01')`, id, user, body, []int{2001, 2126}[i%2]))
			if i%3 == 0 { // a doc of both
				statements = append(statements, fmt.Sprintf(`INSERT INTO member (doc_id, user_id, note) VALUES (%d, %d, %s)`, id, base+1-who, body))
			}
		}
	}
	a.exec(t, ctx, statements...)
}

// errand is what another process is sent to do: to erase somebody, and to be killed meanwhile.
type errand struct {
	Place  door.Place
	Tenant string
	Job    string
	Key    string
	Plan   string
	Pause  time.Duration
}

// TestAnErrand is what the test below starts.
func TestAnErrand(t *testing.T) {
	var e errand
	if !door.Errand(t, &e) {
		return
	}
	a := at(t, e.Place, everythingDDL)
	ctx := tenancy.With(context.Background(), tenancy.MustParseID(e.Tenant))
	eraser := a.eraser(t, everything(), erase.Options{Batch: 3, Lease: time.Millisecond})
	fmt.Println("begun")
	_, err := eraser.Erase(ctx, dsar.Job{ID: e.Job, Person: dsar.Person{Kind: "user", Key: []string{e.Key}}, Approved: e.Plan, Progress: func(dsar.Progress) { fmt.Println("batch"); time.Sleep(e.Pause) }})
	fmt.Println("ended", err)
}

// Pitfall 24: wherever a process is killed, whoever goes on comes to the same end, with the same counts.
func TestAKilledErasureEndsAsOneThatWasNot(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB, string) *app{"sqlite": onSQLite, "postgres": onPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := open(t, everythingDDL)
			const n = 12
			e := a.eraser(t, everything(), erase.Options{Batch: 3, Lease: time.Millisecond})
			whole := a.newTenant(t)
			fillEverything(t, a, whole, 1_000_000, n)
			counts := a.erased(t, whole, e, person(1_000_000))
			require.Len(t, counts, 14, "%v", counts)
			want := relative(a.dump(t, whole), 1_000_000)
			points, kills, base := soakOr(12, 1000), 0, 10_000
			for kills < points {
				base += 1000
				ctx := a.newTenant(t)
				id, err := tenancy.From(ctx)
				require.NoError(t, err)
				fillEverything(t, a, ctx, base, n)
				plan, err := e.Plan(ctx, person(base))
				require.NoError(t, err)
				job := dsar.Job{ID: "j", Person: person(base), Approved: plan.Hash}
				for range 10 { // the same erasure is killed again and again
					alive := rand.IntN(14)
					cmd, out := door.Send(t, "TestAnErrand", errand{Place: a.Place(), Tenant: id.String(), Job: "j", Key: fmt.Sprint(base), Plan: plan.Hash})
					ended := false
					for out.Scan() {
						switch text := out.Text(); {
						case text == "batch" || text == "begun":
							if alive--; alive <= 0 {
								time.AfterFunc(rand.N(6*time.Millisecond), func() { _ = cmd.Process.Kill() })
								alive = 1 << 30
							}
						case len(text) > 5 && text[:5] == "ended":
							require.Equal(t, "ended <nil>", text)
							ended = true
						}
					}
					_ = cmd.Wait()
					if kills++; ended || kills >= points {
						break
					}
				}
				done, err := e.Erase(ctx, job)
				require.NoError(t, err)
				require.Equal(t, counts, said(done.Tables))
				require.Equal(t, want, relative(a.dump(t, ctx), base))
				require.Empty(t, a.read(t, ctx, "SELECT job FROM dsar_erase_key"))
				t.Logf("%d processes were killed", kills)
			}
		})
	}
}
