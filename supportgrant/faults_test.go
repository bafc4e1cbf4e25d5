package supportgrant_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgranttest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// faulty is a store of which one call fails: it was not made, or its answer is lost.
type faulty struct {
	*supportgrant.Memory
	calls, fails int
	lost         bool
}

func (f *faulty) call(do func() error) error {
	f.calls++
	if f.calls != f.fails {
		return do()
	}
	if f.lost {
		if err := do(); err != nil {
			return err
		}
		return supportgrant.ErrUnknown
	}
	return supportgrant.ErrUnavailable
}

func fault[T any](f *faulty, do func() (T, error)) (out T, err error) {
	err = f.call(func() (err error) { out, err = do(); return err })
	return out, err
}

func (f *faulty) Tx(ctx context.Context, do func(context.Context) error) error {
	return f.call(func() error { return f.Memory.Tx(ctx, do) })
}

func (f *faulty) AddGrant(ctx context.Context, g supportgrant.GrantRow) (supportgrant.GrantRow, error) {
	return fault(f, func() (supportgrant.GrantRow, error) { return f.Memory.AddGrant(ctx, g) })
}

func (f *faulty) Grant(ctx context.Context, id supportgrant.GrantID) (g supportgrant.GrantRow, now time.Time, err error) {
	err = f.call(func() (err error) { g, now, err = f.Memory.Grant(ctx, id); return err })
	return g, now, err
}

func (f *faulty) Move(ctx context.Context, m supportgrant.Move) (supportgrant.GrantRow, error) {
	return fault(f, func() (supportgrant.GrantRow, error) { return f.Memory.Move(ctx, m) })
}

func (f *faulty) AddChallenge(ctx context.Context, c supportgrant.ChallengeRow, most int) error {
	return f.call(func() error { return f.Memory.AddChallenge(ctx, c, most) })
}

func (f *faulty) Burn(ctx context.Context, d [32]byte) (supportgrant.ChallengeRow, error) {
	return fault(f, func() (supportgrant.ChallengeRow, error) { return f.Memory.Burn(ctx, d) })
}

func (f *faulty) AddProof(ctx context.Context, p supportgrant.ProofRow) error {
	return f.call(func() error { return f.Memory.AddProof(ctx, p) })
}

func (f *faulty) Proofs(ctx context.Context, id supportgrant.GrantID) ([]supportgrant.ProofRow, error) {
	return fault(f, func() ([]supportgrant.ProofRow, error) { return f.Memory.Proofs(ctx, id) })
}

func (f *faulty) Read(ctx context.Context, r supportgrant.Reading, handOver func(context.Context, supportgrant.Rows) error) error {
	return f.call(func() error { return f.Memory.Read(ctx, r, handOver) })
}

func (f *faulty) Drain(ctx context.Context, ids ...supportgrant.GrantID) error {
	return f.call(func() error { return f.Memory.Drain(ctx, ids...) })
}

func (f *faulty) Reserve(ctx context.Context, id supportgrant.GrantID, n, most int64) (int64, error) {
	return fault(f, func() (int64, error) { return f.Memory.Reserve(ctx, id, n, most) })
}

func (f *faulty) Append(ctx context.Context, e supportgrant.Entry) error {
	return f.call(func() error { return f.Memory.Append(ctx, e) })
}

func (f *faulty) Post(ctx context.Context, n supportgrant.NoteRow) error {
	return f.call(func() error { return f.Memory.Post(ctx, n) })
}

func (f *faulty) Catalogue(ctx context.Context, r []supportgrant.Resource) (supportgrant.Catalogue, error) {
	return fault(f, func() (supportgrant.Catalogue, error) { return f.Memory.Catalogue(ctx, r) })
}

// Whatever call of the store fails, nothing is read without an approval and an entry, nothing after a withdrawal that
// returned, and who repeats what failed gets through.
func TestAStoreThatFailsAtAnyStepGivesNothingAway(t *testing.T) {
	t.Parallel()
	for _, lost := range []bool{false, true} {
		for at := 1; ; at++ {
			f := &faulty{Memory: supportgrant.NewMemory(nil), fails: at, lost: lost}
			tryAll(t, f)
			if f.calls < at {
				require.Greater(t, at, 25)
				break
			}
		}
	}
}

func tryAll(t *testing.T, f *faulty) {
	ctx := tenancy.With(t.Context(), tenancy.NewID())
	require.NoError(t, f.Fill(ctx, supportgrant.Table{Name: "posts", Columns: []supportgrant.Column{{Name: "id"}, {Name: "title"}}}, supportgrant.Row{"id": 1, "title": "a"}))
	people := (&supportgranttest.People{}).Hire("sam").Appoint("olga")
	s, err := supportgrant.New(f, people, supportgrant.Options{MFA: []supportgrant.MFA{&supportgranttest.Factor{}},
		Registry: []supportgrant.Resource{{Name: "posts", Category: supportgrant.Posts, Table: "posts", Key: []string{"id"}, Columns: []string{"id", "title"}}}})
	require.NoError(t, err)
	r := supportgrant.NewRequest{ID: uuid.New(), Staff: "sam", Ticket: "T-17", Reason: "Posts do not show up", Scope: supportgrant.ScopeOf(supportgrant.Posts), Life: time.Hour}
	failed := 0
	again := func(do func() error) {
		t.Helper()
		for range 3 {
			if err := do(); err == nil {
				return
			} else if failed++; !errors.Is(err, supportgrant.ErrUnavailable) && !errors.Is(err, supportgrant.ErrUnknown) {
				require.NoError(t, err)
			}
		}
		t.Fatal("it does not get through")
	}
	read := func() (n int, err error) {
		entries := len(log(t, f, ctx, supportgrant.KindRead))
		err = supportgrant.Use(ctx, s, supportgrant.Access{Grant: r.ID, Staff: "sam", Resource: "posts"}, func(context.Context, supportgrant.Page[supportgrant.Row]) error {
			n++
			require.Len(t, log(t, f, ctx, supportgrant.KindRead), entries+1)
			require.Len(t, log(t, f, ctx, supportgrant.KindApproved), 1)
			require.Empty(t, log(t, f, ctx, supportgrant.KindWithdrawn))
			return nil
		})
		return n, err
	}
	again(func() error { _, err := s.Request(ctx, r); return err })
	n, err := read()
	require.Zero(t, n)
	require.Error(t, err)
	again(func() error {
		shown, err := s.BeginApproval(ctx, r.ID, "olga", "test", 0)
		if err != nil {
			return err
		}
		a := supportgranttest.Answer(shown)
		if _, err = s.Approve(ctx, r.ID, "olga", a); err == nil {
			return nil
		}
		if _, repeated := s.Approve(ctx, r.ID, "olga", a); repeated == nil {
			return nil // it had been approved
		}
		return err
	})
	again(func() error { _, err := read(); return err })
	again(func() error { _, err := s.Withdraw(ctx, r.ID, "olga", ""); return err })
	n, err = read()
	require.Zero(t, n)
	require.Error(t, err)
	for _, kind := range []supportgrant.Kind{supportgrant.KindRequested, supportgrant.KindApproved, supportgrant.KindWithdrawn} {
		require.Len(t, log(t, f, ctx, kind), 1, kind)
	}
	require.LessOrEqual(t, failed, 1)
}

func log(t *testing.T, f *faulty, ctx context.Context, kind supportgrant.Kind) []supportgrant.Entry {
	entries, err := f.Log(ctx, supportgrant.Look{Kinds: []supportgrant.Kind{kind}}, supportgrant.Place{}, 99)
	require.NoError(t, err)
	return entries
}

func TestALoopThatWasLeftIsNotGoneOnWith(t *testing.T) {
	t.Parallel()
	f := &faulty{Memory: supportgrant.NewMemory(nil)}
	tryAll(t, f)
	ctx := tenancy.With(t.Context(), tenancy.NewID())
	require.NoError(t, f.Fill(ctx, supportgrant.Table{Name: "users", Columns: []supportgrant.Column{{Name: "id"}, {Name: "name"}, {Name: "settings", JSON: true}, {Name: "vip"}}},
		supportgrant.Row{"id": 1, "name": "Ann", "vip": false}))
	s := helpdeskOver(f, (&supportgranttest.People{}).Hire("sam").Appoint("olga"), supportgrant.Options{})
	g, err := s.Request(ctx, asked(false))
	require.NoError(t, err)
	approve(ctx, s, g.ID, "olga")
	f.fails, f.lost = f.calls+5, true
	for f.calls < f.fails { // until the answer of a read is lost
		n := 0
		for page, err := range supportgrant.Pages[user](ctx, s, supportgrant.Access{Grant: g.ID, Staff: "sam", Resource: "users"}) {
			n++
			if len(page.Rows) > 0 || err != nil {
				break
			}
		}
		require.Equal(t, 1, n)
	}
}
