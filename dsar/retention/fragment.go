package retention

import "github.com/bailiwick-dev/bailiwick/dsar/rows"

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
	return rows.Concat(parts...)
}

func all(conds ...rows.Cond) rows.Cond    { return joined(" AND ", "1 = 1", conds) }
func either(conds ...rows.Cond) rows.Cond { return joined(" OR ", "1 = 0", conds) }
