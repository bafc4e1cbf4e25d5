package retention

import (
	"fmt"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// mask is what a column of a row becomes whose time is over.
type mask struct {
	column string
	to     rows.Cond // its new value
	is     rows.Cond // that it has that value already
}

// masksOf returns what becomes of the columns that have a strategy.
func masksOf(t *table) ([]mask, error) {
	out := []mask{}
	for _, f := range t.Fields {
		if f.Column == nil || f.Column.Erase.IsZero() {
			continue
		}
		col := "t." + schema.Quote(f.Name)
		text, n := f.Column.Erase.Value()
		_, keeps := f.Column.Erase.Reason()
		switch how := f.Column.Erase; {
		case keeps:
		case how.Is(dsar.Null):
			out = append(out, mask{f.Name, rows.Cond{SQL: "NULL"}, rows.Cond{SQL: col + " IS NULL"}})
		case how.Is(dsar.Constant("")):
			out = append(out, mask{f.Name, rows.Arg(text), rows.Concat("coalesce(CAST("+col+" AS text) = ", rows.Arg(text), ", 1 = 0)")})
		case how.Is(dsar.Truncate(0)):
			out = append(out, mask{f.Name, rows.Cond{SQL: fmt.Sprintf("substr(CAST(%s AS text), 1, %d)", schema.Quote(f.Name), n)}, rows.Cond{SQL: fmt.Sprintf("coalesce(length(CAST(%s AS text)) <= %d, 1 = 1)", col, n)}})
		default:
			return nil, fmt.Errorf("%w: %s.%s: after its time a value becomes null, constant or short, not %s", ErrMap, t.Name, f.Name, how)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: %s: rows are masked, and no column has a strategy", ErrMap, t.Name)
	}
	return out, nil
}

// maskedAlready is that nothing is left to be masked.
func maskedAlready(t *table) rows.Cond {
	var out []rows.Cond
	for _, m := range t.masks {
		out = append(out, m.is)
	}
	return all(out...)
}
