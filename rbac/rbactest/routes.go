package rbactest

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/rbac"
)

// Routes fails t if the routes of a [rbac.Mux], or of whatever else can tell its routes, are not those of a file: a line a route,
// with its rule.
func Routes(t testing.TB, mux interface{ Routes() []rbac.Route }, file string) {
	t.Helper()
	var lines []string
	for _, r := range mux.Routes() {
		lines = append(lines, r.Pattern+": "+r.Rule)
	}
	golden(t, file, "Which route asks for what.", lines)
}
