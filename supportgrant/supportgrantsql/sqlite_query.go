package supportgrantsql

import (
	"strings"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
)

// sqliteStatement is the data statement of a read under a grant with or without care, and its parameters.
func sqliteStatement(r *supportgrant.Reading, care bool) (text string, args []any) {
	var b strings.Builder
	q, res := &r.Query, &r.Resource
	b.WriteString("SELECT ")
	for i, c := range q.Columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(expression(c))
	}
	b.WriteString(" FROM ")
	b.WriteString(tableText(res.Table))
	where := conditions{}
	for _, list := range [...][]supportgrant.Condition{res.Where, q.Match} {
		for _, c := range list {
			at := expression(c.Column)
			switch c.Op {
			case supportgrant.Equal:
				where.add(at+" = ?", c.Value)
			case supportgrant.Null:
				where.add(at + " IS NULL")
			case supportgrant.NotNull:
				where.add(at + " IS NOT NULL")
			default:
				where.add("1 = 0")
			}
		}
	}
	switch {
	case care || res.Care == "":
	case res.Care == "*":
		where.add("1 = 0")
	default:
		where.add(quoted(res.Care) + " = 0")
	}
	keys := make([]string, len(res.Key))
	for i, k := range res.Key {
		keys[i] = quoted(k)
	}
	order := strings.Join(keys, ", ")
	if q.After != nil {
		where.add("("+order+") > (?"+strings.Repeat(", ?", len(q.After)-1)+")", q.After...)
	}
	b.WriteString(where.text())
	b.WriteString(" ORDER BY ")
	b.WriteString(order)
	b.WriteString(" LIMIT ?")
	return b.String(), append(where.args, q.Limit)
}

// expression is a column, or the scalar at a path in one.
func expression(column string) string {
	base, path, isPath := strings.Cut(column, ".")
	if !isPath {
		return quoted(base)
	}
	return scalar(quoted(base), strings.Split(path, "."))
}

// scalar is what a path leads to in JSON, as text. Any column can hold anything on SQLite: what is no JSON has no scalars.
func scalar(column string, path []string) string {
	at := `'$`
	for _, name := range path {
		at += `."` + strings.NewReplacer(`'`, `''`, `"`, ``).Replace(name) + `"`
	}
	at += `'`
	return `CASE WHEN json_valid(` + column + `) THEN CASE json_type(` + column + `, ` + at + `) WHEN 'text' THEN ` + column + ` ->> ` + at +
		` WHEN 'object' THEN NULL WHEN 'array' THEN NULL WHEN 'null' THEN NULL ELSE ` + column + ` -> ` + at + ` END END`
}
