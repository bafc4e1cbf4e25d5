package supportgrantsql

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
)

// dataText is the data statement of a reading, with what follows the six values of supportgrant_hold. It returns one row at least if the grant is
// live: one of NULLs if there is no data. The grant is held before any row of it comes out, and rows with care are those of a grant
// with care. The limit stands in the text: of a parameter Postgres knows the value when it plans, finds that plan cheaper than the one it could keep, and so
// plans at each read, which took a third of it. The statement's own snapshot may be a moment older than the lock, if that had to be waited for; the grant's state is not.
func dataText(r *supportgrant.Reading) (text string, args []any) {
	var where []string
	condition := func(c supportgrant.Condition) {
		e := columnText(c.Column)
		switch c.Op {
		case supportgrant.Null:
			where = append(where, e+` IS NULL`)
		case supportgrant.NotNull:
			where = append(where, e+` IS NOT NULL`)
		default:
			where, args = append(where, e+` = ?`), append(args, c.Value)
		}
	}
	for _, c := range r.Resource.Where {
		condition(c)
	}
	for _, c := range r.Query.Match {
		condition(c)
	}
	switch care := r.Resource.Care; care {
	case "":
	case "*":
		where = append(where, `h.care`)
	default:
		where = append(where, `(h.care OR d.`+quoted(care)+` IS FALSE)`)
	}
	var key []string
	for _, k := range r.Resource.Key {
		key = append(key, `d.`+quoted(k))
	}
	order := strings.Join(key, `, `)
	if r.Query.After != nil {
		where = append(where, `(`+order+`) > (?`+strings.Repeat(`, ?`, len(key)-1)+`)`)
		args = append(args, r.Query.After...)
	}
	columns := make([]string, len(r.Query.Columns))
	names := make([]string, len(r.Query.Columns))
	for i, c := range r.Query.Columns {
		names[i] = fmt.Sprintf(`c%d`, i)
		columns[i] = columnText(c) + ` AS ` + names[i]
	}
	filter := ``
	if len(where) > 0 {
		filter = ` WHERE ` + strings.Join(where, ` AND `)
	}
	return `WITH h AS MATERIALIZED (SELECT care FROM supportgrant_hold(?, ?, ?, ?, ?, ?))
		SELECT r.there, r.` + strings.Join(names, `, r.`) + ` FROM h LEFT JOIN LATERAL (
			SELECT true AS there, ` + strings.Join(columns, `, `) + ` FROM ` + tableText(r.Resource.Table) + ` AS d` + filter + ` ORDER BY ` + order + ` LIMIT ` + strconv.Itoa(r.Query.Limit) + `) AS r ON true`, args
}

// columnText is a column of the registry: names in quotes, and for a path the scalar there, as text, or NULL.
func columnText(column string) string {
	names := strings.Split(column, ".")
	e := `d.` + quoted(names[0])
	if len(names) == 1 {
		return e
	}
	path := `'{` + strings.Join(names[1:], ",") + `}'`
	return `CASE WHEN json_typeof(` + e + `::json #> ` + path + `) IN ('string', 'number', 'boolean') THEN ` + e + `::json #>> ` + path + ` END`
}

func tableText(name string) string {
	parts := strings.Split(name, ".")
	for i := range parts {
		parts[i] = quoted(parts[i])
	}
	return strings.Join(parts, ".")
}

// quoted is an identifier, of which the registry has checked that it is letters, digits and "_".
func quoted(name string) string { return `"` + name + `"` }

// baseOf is the column that a path begins in.
func baseOf(column string) string { base, _, _ := strings.Cut(column, "."); return base }
