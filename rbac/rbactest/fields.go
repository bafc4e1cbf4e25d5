package rbactest

import (
	"fmt"
	"strings"
	"testing"
)

// Fields fails t if the fields that views let out are not those of a file: a line a field. A view is a *redact.View, and is named
// by its type; one more of the same type by its number.
func Fields(t testing.TB, file string, views ...interface{ Fields() []string }) {
	t.Helper()
	var lines []string
	seen := map[string]int{}
	for _, v := range views {
		name := fmt.Sprintf("%T", v)
		if _, of, ok := strings.Cut(name, "["); ok {
			name = strings.TrimSuffix(of, "]")
		}
		if seen[name]++; seen[name] > 1 {
			name = fmt.Sprintf("%s (%d)", name, seen[name])
		}
		for _, f := range v.Fields() {
			lines = append(lines, name+": "+f)
		}
	}
	golden(t, file, "Which fields leave by which view.", lines)
}
