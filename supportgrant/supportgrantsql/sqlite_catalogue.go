package supportgrantsql

import (
	"context"
	"regexp"
	"strings"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/jmoiron/sqlx"
)

// Catalogue implements [supportgrant.Store]. SQLite has no privileges that could be wrong. A column is JSON if it is declared as
// that, or a CHECK of its table has json_valid() of it.
func (g *sqliteGuard) Catalogue(ctx context.Context, _ []supportgrant.Resource) (c supportgrant.Catalogue, err error) {
	err = g.t.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		c = supportgrant.Catalogue{}
		var all []struct {
			Name string `db:"name"`
			Type string `db:"type"`
			SQL  string `db:"sql"`
		}
		if err := tx.SelectContext(ctx, &all, `SELECT name, type, COALESCE(sql, '') AS sql FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*' ORDER BY name`); err != nil {
			return err
		}
		for _, t := range all {
			table := supportgrant.Table{Name: t.Name}
			rows, err := tx.QueryxContext(ctx, `PRAGMA table_xinfo(`+quoted(t.Name)+`)`)
			if err != nil {
				if t.Type == "view" { // of what is gone: nobody can read it
					continue
				}
				return err
			}
			for rows.Next() {
				column := map[string]any{}
				if err := rows.MapScan(column); err != nil {
					rows.Close()
					return err
				}
				name, _ := column["name"].(string)
				declared, _ := column["type"].(string)
				if hidden, _ := column["hidden"].(int64); hidden == 1 { // an argument of a virtual table
					continue
				}
				table.Columns = append(table.Columns, supportgrant.Column{Name: name, JSON: isJSON(t.SQL, name, declared)})
			}
			if err := rows.Close(); err != nil {
				return err
			}
			if err := rows.Err(); err != nil {
				return err
			}
			c.Tables = append(c.Tables, table)
		}
		return nil
	})
	return c, err
}

func isJSON(sql, name, declared string) bool {
	if strings.Contains(strings.ToUpper(declared), "JSON") {
		return true
	}
	valid := regexp.MustCompile(`(?i)\bjson_valid\s*\(\s*["'\[` + "`" + `]?` + regexp.QuoteMeta(name) + `["'\]` + "`" + `]?\s*[,)]`)
	return valid.MatchString(sql)
}
