package supportgrant

import (
	"context"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// prompt is a store that answers at once.
type prompt struct {
	*Memory
	rows [][]any
}

func (p prompt) InTx(context.Context) bool { return false }
func (p prompt) Grant(_ context.Context, id GrantID) (GrantRow, time.Time, error) {
	return GrantRow{ID: id, State: Approved, Staff: "sam", Expires: time.Now().Add(time.Hour)}, time.Now(), nil
}
func (p prompt) Proofs(context.Context, GrantID) ([]ProofRow, error) {
	return []ProofRow{{Approver: "olga"}}, nil
}
func (p prompt) Reserve(_ context.Context, _ GrantID, n, _ int64) (int64, error) { return n, nil }
func (p prompt) Catalogue(context.Context, []Resource) (Catalogue, error) {
	return Catalogue{Tables: []Table{{"posts", []Column{{Name: "id"}, {Name: "title"}}}}}, nil
}
func (p prompt) Read(ctx context.Context, _ Reading, f func(context.Context, Rows) error) error {
	return f(ctx, &memoryResult{rows: p.rows, at: -1})
}

type everybody struct{}

func (everybody) StaffActive(context.Context, Person) (bool, error) { return true, nil }
func (everybody) CanApprove(context.Context, Person) (bool, error)  { return true, nil }

// BenchmarkUse is what the guard itself takes of a read of 50 rows, beside the store.
func BenchmarkUse(b *testing.B) {
	ctx := tenancy.With(b.Context(), tenancy.NewID())
	st := prompt{Memory: NewMemory(nil)}
	for i := range 50 {
		st.rows = append(st.rows, []any{int64(i), "title", int64(i)})
	}
	s, err := New(st, everybody{}, Options{MFA: []MFA{nothing{}}, Rate: 1 << 30, Budget: 1 << 50,
		Registry: []Resource{{Name: "posts", Category: Posts, Table: "posts", Key: []string{"id"}, Columns: []string{"id", "title"}}}})
	if err != nil {
		b.Fatal(err)
	}
	type post struct {
		ID    int64
		Title string
	}
	a := Access{Grant: newID(), Staff: "sam", Resource: "posts"}
	b.ReportAllocs()
	for b.Loop() {
		if err := Use(ctx, s, a, func(context.Context, Page[post]) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
