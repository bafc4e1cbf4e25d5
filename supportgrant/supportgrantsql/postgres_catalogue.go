package supportgrantsql

import (
	"context"
	"slices"

	"github.com/bailiwick-dev/bailiwick/internal/finding"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/jmoiron/sqlx"
)

// What Postgres can do to a registry beside what package supportgrant looks for itself.
var (
	RuleView = finding.Rule{ID: "SGP001", Severity: finding.Error, Title: "a resource is a view that reads as its owner, past the policies of its tables",
		Remedy: "ALTER VIEW ... SET (security_invoker = true), on Postgres 15 and later."}
	RuleOpen = finding.Rule{ID: "SGP002", Severity: finding.Error, Title: "a resource is a table without row-level security: it shows the rows of all tenants",
		Remedy: "Put it under the policies that package tenancy/rls prints, or name another table."}
	RuleHidden = finding.Rule{ID: "SGP003", Severity: finding.Error, Title: "the application may not read a column of a resource",
		Remedy: "GRANT SELECT on it to the application's role, or take it out of the registry."}
)

const catalogueText = `SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END, n.nspname || '.' || c.relname, c.relkind, c.relrowsecurity,
		COALESCE('security_invoker=true' = ANY (c.reloptions) OR 'security_invoker=on' = ANY (c.reloptions) OR 'security_invoker=1' = ANY (c.reloptions), false),
		a.attname, t.typname IN ('json', 'jsonb'), has_column_privilege(c.oid, a.attnum, 'SELECT')
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		JOIN pg_type b ON b.oid = a.atttypid JOIN pg_type t ON t.oid = CASE WHEN b.typbasetype <> 0 THEN b.typbasetype ELSE b.oid END
	WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'tenancy') AND has_schema_privilege(n.oid, 'USAGE')
	ORDER BY 1, a.attnum`

// Catalogue implements [supportgrant.Store].
func (g *postgresGuard) Catalogue(ctx context.Context, registry []supportgrant.Resource) (c supportgrant.Catalogue, err error) {
	type kind struct {
		name, full   string
		kind         string
		rls, invoker bool
		hidden       []string
	}
	var kinds []kind
	err = g.t.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		c, kinds = supportgrant.Catalogue{Rules: []finding.Rule{RuleView, RuleOpen, RuleHidden}}, nil
		rows, err := tx.QueryContext(ctx, catalogueText)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var k kind
			var column supportgrant.Column
			var seen bool
			if err := rows.Scan(&k.name, &k.full, &k.kind, &k.rls, &k.invoker, &column.Name, &column.JSON, &seen); err != nil {
				return err
			}
			if n := len(kinds); n == 0 || kinds[n-1].name != k.name {
				kinds = append(kinds, k)
				c.Tables = append(c.Tables, supportgrant.Table{Name: k.name})
			}
			last := &c.Tables[len(c.Tables)-1]
			last.Columns = append(last.Columns, column)
			if !seen {
				kinds[len(kinds)-1].hidden = append(kinds[len(kinds)-1].hidden, column.Name)
			}
		}
		return rows.Err()
	})
	if err != nil {
		return supportgrant.Catalogue{}, err
	}
	for i := range registry {
		r := &registry[i]
		at := slices.IndexFunc(kinds, func(k kind) bool { return k.name == r.Table || k.full == r.Table })
		if at < 0 {
			continue // which package supportgrant finds
		}
		k := &kinds[at]
		if k.name != r.Table { // named with its schema, although it need not be
			c.Tables = append(c.Tables, supportgrant.Table{Name: r.Table, Columns: c.Tables[at].Columns})
		}
		add := func(rule finding.Rule, object, message string) {
			c.Findings = append(c.Findings, finding.Finding{Rule: rule.ID, Severity: rule.Severity, Object: r.Name + ": " + object, Message: message})
		}
		switch {
		case k.kind == "v" && !k.invoker:
			add(RuleView, k.full, "the view reads as its owner")
		case k.kind == "m" || k.kind == "f" || k.kind != "v" && !k.rls:
			add(RuleOpen, k.full, "the table has no row-level security")
		}
		for _, column := range r.Columns {
			if base := baseOf(column); slices.Contains(k.hidden, base) {
				add(RuleHidden, k.full+"."+base, "the application may not read the column")
			}
		}
	}
	return c, nil
}
