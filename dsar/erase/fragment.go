package erase

import (
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// cat joins texts and conditions to one piece of SQL, with the arguments in their order.
func cat(parts ...any) rows.Cond {
	var b strings.Builder
	var out rows.Cond
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			b.WriteString(p)
		case rows.Cond:
			b.WriteString(p.SQL)
			out.Args = append(out.Args, p.Args...)
		}
	}
	out.SQL = b.String()
	return out
}

// arg is a parameter.
func arg(v any) rows.Cond { return rows.Cond{SQL: "?", Args: []any{v}} }

// list joins pieces with a separator between them.
func list(sep string, pieces []rows.Cond) rows.Cond {
	var parts []any
	for i, p := range pieces {
		if i > 0 {
			parts = append(parts, sep)
		}
		parts = append(parts, p)
	}
	return cat(parts...)
}

// either holds if one of the conditions does.
func either(conds []rows.Cond) rows.Cond {
	if len(conds) == 1 {
		return conds[0]
	}
	wrapped := make([]rows.Cond, len(conds))
	for i, c := range conds {
		wrapped[i] = cat("(", c, ")")
	}
	return list(" OR ", wrapped)
}

// names are columns, quoted, under the alias if there is one.
func names(alias string, columns []string) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		if out[i] = schema.Quote(c); alias != "" {
			out[i] = alias + "." + out[i]
		}
	}
	return strings.Join(out, ", ")
}
