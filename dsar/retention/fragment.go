package retention

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

// joined puts conditions in brackets, with an operator between them; none is what it says.
func joined(op, none string, conds []rows.Cond) rows.Cond {
	if len(conds) == 0 {
		return rows.Cond{SQL: none}
	}
	var parts []any
	for i, c := range conds {
		if i > 0 {
			parts = append(parts, op)
		}
		parts = append(parts, "(", c, ")")
	}
	return cat(parts...)
}

func all(conds ...rows.Cond) rows.Cond    { return joined(" AND ", "1 = 1", conds) }
func either(conds ...rows.Cond) rows.Cond { return joined(" OR ", "1 = 0", conds) }

// list is columns of an alias, quoted.
func list(alias string, columns []string) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = alias + "." + schema.Quote(c)
	}
	return strings.Join(out, ", ")
}
