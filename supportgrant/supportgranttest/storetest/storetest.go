// Package storetest is the executable contract of [supportgrant.Store]. Whoever writes a store runs it:
//
//	storetest.Run(t, func(t testing.TB) storetest.Harness { ... })
//
// It tries the store by itself, and the promises of package supportgrant over it: what was withdrawn is not read, whatever
// races with what. It is a package of its own so that package supportgranttest brings no test library along.
package storetest

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Harness is an empty store to be tested.
type Harness struct {
	// Stores are handles on the same rows, as several processes have them: two or more if the store can be
	// shared by processes.
	Stores []supportgrant.Store
	// Tenant makes a tenant that has nothing but an empty [Posts].
	Tenant func(testing.TB) tenancy.ID
	// Fill adds rows to [Posts] of a tenant.
	Fill func(t testing.TB, tenant tenancy.ID, rows ...supportgrant.Row)
	// Advance moves the store's clock, also back; nil: it cannot be, and the tests that need it wait a second or are skipped.
	Advance func(d time.Duration)
	// Force sets a grant's state by raw SQL as the owner of the tables, past the store, and returns what the database says to it; nil:
	// there is no raw SQL.
	Force func(ctx context.Context, id supportgrant.GrantID, to supportgrant.State) error
	// BreakLog makes the tenant's log take no entry any more, and returns what mends it; nil: it cannot be.
	BreakLog func(t testing.TB, tenant tenancy.ID) (mend func())
}

// Posts is the application's table that the tests read: a harness makes it in each tenant. id is a whole number and the key, title,
// body and secret_token are text, hidden and careful true or false, score is a floating-point number, profile is JSON, at a time, and blob bytes;
// all but id can be NULL.
var Posts = supportgrant.Table{Name: "sgt_post", Columns: []supportgrant.Column{{Name: "id"}, {Name: "title"}, {Name: "body"}, {Name: "secret_token"},
	{Name: "hidden"}, {Name: "careful"}, {Name: "score"}, {Name: "profile", JSON: true}, {Name: "at"}, {Name: "blob"}}}

// Registry is what may be read of [Posts].
func Registry() []supportgrant.Resource {
	posts := supportgrant.Resource{Name: "posts", Category: supportgrant.Posts, Table: Posts.Name, Key: []string{"id"},
		Columns: []string{"id", "title", "score", "at", "blob", "profile.city", "profile.name.first"}, Where: []supportgrant.Condition{supportgrant.Is("hidden", false)}, Care: "careful"}
	account := posts
	account.Name, account.Category, account.Columns = "account", supportgrant.Account, []string{"title", "id"}
	timeline := posts
	timeline.Name, timeline.Key, timeline.Care, timeline.Where = "timeline", []string{"at", "id"}, "", []supportgrant.Condition{supportgrant.IsNotNull("at"), supportgrant.IsNull("body")}
	locked := posts
	locked.Name, locked.Care = "locked", "*"
	return []supportgrant.Resource{posts, account, timeline, locked}
}

// Run is the contract as a test. Its parts share what one call of open returns, each with tenants of its own; those that move the clock get
// one each. Run it on your own store under the race detector.
func Run(t *testing.T, open func(testing.TB) Harness) {
	h := open(t)
	for _, part := range [][]test{transactionTests, grantTests, approvalTests, logTests, readTests, queryTests, serviceTests, approveTests, guardedTests, endTests, raceTests} {
		for _, c := range part {
			t.Run(c.name, func(t *testing.T) { t.Parallel(); c.test(t, newHouse(t, h)) })
		}
	}
	for _, c := range clockTests {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			own := h
			if h.Advance != nil { // the clock is not the others'
				own = open(t)
			}
			c.test(t, newHouse(t, own))
		})
	}
}

type test struct {
	name string
	test func(*testing.T, *house)
}

// house is a tenant of a store.
type house struct {
	Harness
	tenant tenancy.ID
	ctx    context.Context
	supportgrant.Store
}

func newHouse(t testing.TB, h Harness) *house {
	id := h.Tenant(t)
	return &house{Harness: h, tenant: id, ctx: tenancy.With(context.Background(), id), Store: h.Stores[0]}
}

// neighbour is another tenant of the same store.
func (h *house) neighbour(t testing.TB) *house { return newHouse(t, h.Harness) }

// process returns one of the handles.
func (h *house) process(i int) supportgrant.Store { return h.Stores[i%len(h.Stores)] }

// other is the last of them.
func (h *house) other() supportgrant.Store { return h.process(len(h.Stores) - 1) }

// pass lets time pass for the store.
func (h *house) pass(t testing.TB, d time.Duration) {
	switch {
	case h.Advance != nil:
		h.Advance(d)
	case d >= 0 && d <= 2*time.Second:
		time.Sleep(d)
	default:
		t.Skip("the store's clock cannot be moved")
	}
}

// together runs f for 0 to n-1 at once.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() { <-start; f(i) })
	}
	close(start)
	wg.Wait()
}

// soak is how often a test repeats: little in every run, much with BAILIWICK_SOAK=1.
func soak(little, much int) int {
	if os.Getenv("BAILIWICK_SOAK") == "1" {
		return much
	}
	return little
}

func newGrant() supportgrant.GrantRow {
	return supportgrant.GrantRow{ID: uuid.New(), State: supportgrant.Requested, Staff: "sam", Ticket: "T-17 – Zürich", Reason: "Posts do not show up: \"why\"?\nSecond line",
		Scope: []string{"account", "posts"}, Asked: time.Hour, Wait: 2 * time.Hour}
}

// add adds a request.
func (h *house) add(t require.TestingT, change func(*supportgrant.GrantRow)) supportgrant.GrantRow {
	g := newGrant()
	if change != nil {
		change(&g)
	}
	out, err := h.AddGrant(h.ctx, g)
	require.NoError(t, err)
	return out
}

// prove adds a proof of approval, with a challenge that was burned.
func (h *house) prove(t require.TestingT, g supportgrant.GrantRow, by supportgrant.Person, life time.Duration) supportgrant.ProofRow {
	c := newChallenge(g, by)
	c.Life = life
	require.NoError(t, h.AddChallenge(h.ctx, c, 100))
	_, err := h.Burn(h.ctx, c.Digest)
	require.NoError(t, err)
	p := proofOf(c)
	require.NoError(t, h.AddProof(h.ctx, p))
	return p
}

func newChallenge(g supportgrant.GrantRow, by supportgrant.Person) supportgrant.ChallengeRow {
	c := supportgrant.ChallengeRow{Grant: g.ID, Approver: by, Life: g.Asked, Method: "test", State: []byte{0, 1, 255, '"'}, For: 5 * time.Minute}
	id, nonce := uuid.New(), uuid.New()
	copy(c.Digest[:], id[:])
	copy(c.Digest[16:], nonce[:])
	copy(c.Nonce[:], nonce[:])
	return c
}

func proofOf(c supportgrant.ChallengeRow) supportgrant.ProofRow {
	return supportgrant.ProofRow{Grant: c.Grant, Digest: c.Digest, Approver: c.Approver, Life: c.Life, Nonce: c.Nonce, Method: c.Method,
		PhishingResistant: true, Proof: []byte{7, 0, 9}}
}

// approved adds a grant that is live.
func (h *house) approved(t require.TestingT, change func(*supportgrant.GrantRow)) supportgrant.GrantRow {
	g := h.add(t, change)
	h.prove(t, g, "olga", g.Asked)
	if g.Care {
		h.prove(t, g, "otto", g.Asked)
	}
	return h.move(t, g, supportgrant.Approved)
}

func (h *house) move(t require.TestingT, g supportgrant.GrantRow, to supportgrant.State) supportgrant.GrantRow {
	out, err := h.Move(h.ctx, moving(g, to))
	require.NoError(t, err)
	return out
}

func moving(g supportgrant.GrantRow, to supportgrant.State) supportgrant.Move {
	m := supportgrant.Move{ID: g.ID, Version: g.Version, From: g.State, To: to}
	if to == supportgrant.Approved {
		m.Life = g.Asked
	} else {
		m.By, m.Why = "olga", "enough – danke"
	}
	return m
}

// within runs f in a transaction.
func (h *house) within(f func(ctx context.Context) error) error { return h.Tx(h.ctx, f) }
