package erase

import "github.com/bailiwick-dev/bailiwick/dsar/rows"

// list joins pieces of SQL with a separator between them.
func list(sep string, pieces []rows.Cond) rows.Cond {
	var parts []any
	for i, p := range pieces {
		if i > 0 {
			parts = append(parts, sep)
		}
		parts = append(parts, p)
	}
	return rows.Concat(parts...)
}

// either holds if one of the conditions does.
func either(conds []rows.Cond) rows.Cond {
	wrapped := make([]rows.Cond, len(conds))
	for i, c := range conds {
		wrapped[i] = rows.Concat("(", c, ")")
	}
	return list(" OR ", wrapped)
}
