package rls

import "context"

// T is the part of *testing.T that [Check] needs.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Check inspects the database db is connected to, in a test, once the migrations have run: it fails the
// test with the report if there is any finding that is not waived and at least a [Warning].
func Check(t T, db DB, cfg Config) {
	t.Helper()
	r, err := Inspect(context.Background(), db, cfg)
	if err != nil {
		t.Fatalf("%v", err)
		return
	}
	if r.Err(Warning) != nil {
		t.Errorf("tenants are not kept apart:\n%s", r)
	}
}
