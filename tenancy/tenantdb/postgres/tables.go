package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jackc/pgx/v5"
)

// table is a table that holds rows of tenants: one that carries the fence.
type table struct {
	name        string   // quoted and qualified
	tenant, typ string   // the tenant column, quoted, and its type, without a length that would cut an id
	columns     []column // all but generated ones, in order
	key         []column // the primary key's
	parents     []string // names of the tables its foreign keys refer to, itself included
	partitioned bool
	serial      []serial
}

type column struct {
	name, typ string // both as SQL writes them
	fixed     bool   // GENERATED ALWAYS AS IDENTITY: it never changes
}

// serial is a column whose default is the next value of a sequence of its own.
type serial struct{ name, bare string } // quoted and not

// group is the tables that have to be changed in one statement because their foreign keys run in a
// circle; mostly it is one table.
type group []*table

func (g group) circular() bool {
	return len(g) > 1 || slices.Contains(g[0].parents, g[0].name)
}

// where is the condition that selects a tenant's rows: a literal, for COPY takes no parameters. An id
// holds no character that would need escaping.
func (t *table) where(id tenancy.ID) string {
	return fmt.Sprintf("%s = '%s'::%s", t.tenant, id, t.typ)
}

func list(cs []column, f func(column) string) string {
	out := make([]string, len(cs))
	for i, c := range cs {
		out[i] = f(c)
	}
	return strings.Join(out, ", ")
}

func name(c column) string { return c.name }

const tablesSQL = `
SELECT format('%I.%I', n.nspname, c.relname),
       quote_ident(a.attname),
       (WITH RECURSIVE b(typ) AS (SELECT a.atttypid UNION ALL SELECT y.typbasetype FROM b JOIN pg_type y ON y.oid = b.typ AND y.typtype = 'd')
        SELECT format_type(b.typ, -1) FROM b JOIN pg_type y ON y.oid = b.typ AND y.typtype <> 'd'),
       x.names, x.types, x.fixed,
       coalesce((SELECT array_agg(quote_ident(k.attname) ORDER BY k.attnum)
                   FROM pg_index i JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = ANY (i.indkey::int2[])
                  WHERE i.indrelid = c.oid AND i.indisprimary), '{}'),
       coalesce((SELECT array_agg(DISTINCT format('%I.%I', pn.nspname, p.relname))
                   FROM pg_constraint f JOIN pg_class p ON p.oid = f.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
                  WHERE f.conrelid = c.oid AND f.contype = 'f'), '{}'),
       c.relkind = 'p',
       coalesce((SELECT array_agg(s.attname::text ORDER BY s.attnum) FROM pg_attribute s
                  WHERE s.attrelid = c.oid AND s.attnum > 0 AND NOT s.attisdropped
                    AND pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), s.attname) IS NOT NULL), '{}'),
       EXISTS (SELECT FROM pg_trigger g
                WHERE g.tgrelid = c.oid AND g.tgfoid = 'tenancy.fence()'::regprocedure AND g.tgenabled <> 'D')
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = $1 AND a.attnum > 0 AND NOT a.attisdropped
 CROSS JOIN LATERAL (
       SELECT array_agg(quote_ident(attname) ORDER BY attnum) AS names, array_agg(format_type(atttypid, atttypmod) ORDER BY attnum) AS types,
              array_agg(attidentity = 'a' ORDER BY attnum) AS fixed
         FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') x
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'tenancy') AND n.nspname !~ '^pg_(temp|toast)'
 ORDER BY 1`

// astraySQL finds tables that are fenced, and so hold rows of tenants, but lack the column.
const astraySQL = `
SELECT format('%I.%I', n.nspname, c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgfoid = 'tenancy.fence()'::regprocedure)
   AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = $1 AND a.attnum > 0 AND NOT a.attisdropped)
 ORDER BY 1`

// tenantTables returns the tables that have the tenant column, parents before children. A table that
// has the column and no fence, or a fence and no such column, is an error: a purge or a move that passed over it
// would leave rows behind, and one that took it along could lose writes.
func tenantTables(ctx context.Context, q querier, tenantColumn string) ([]group, error) {
	rows, err := q.Query(ctx, tablesSQL, tenantColumn)
	if err != nil {
		return nil, err
	}
	var tables []*table
	var unfenced []string
	var t table
	var names, types, key, serials []string
	var fixed []bool
	var fenced bool
	_, err = pgx.ForEachRow(rows, []any{&t.name, &t.tenant, &t.typ, &names, &types, &fixed, &key, &t.parents, &t.partitioned, &serials, &fenced}, func() error {
		found := t
		for i := range names {
			c := column{names[i], types[i], fixed[i]}
			found.columns = append(found.columns, c)
			if slices.Contains(key, c.name) {
				found.key = append(found.key, c)
			}
		}
		for _, s := range serials {
			found.serial = append(found.serial, serial{pgx.Identifier{s}.Sanitize(), s})
		}
		found.parents = slices.Clone(t.parents)
		tables = append(tables, &found)
		if !fenced {
			unfenced = append(unfenced, t.name)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case len(unfenced) > 0:
		return nil, fmt.Errorf("tenantdb/postgres: tables with a column %s and no fence (see package rls): %s",
			tenantColumn, strings.Join(unfenced, ", "))
	case len(tables) == 0:
		return nil, errors.New("tenantdb/postgres: no table has a column " + tenantColumn)
	}
	if rows, err = q.Query(ctx, astraySQL, tenantColumn); err != nil {
		return nil, err
	}
	astray, err := pgx.CollectRows(rows, pgx.RowTo[string])
	switch {
	case err != nil:
		return nil, err
	case len(astray) > 0:
		return nil, fmt.Errorf("tenantdb/postgres: tables with a fence and no column %s (the tenant column has one name in all tables): %s",
			tenantColumn, strings.Join(astray, ", "))
	}
	return parentsFirst(tables), nil
}

// parentsFirst orders tables so that a foreign key refers to an earlier group or into its own
// (Tarjan's strongly connected components: they come out children last).
func parentsFirst(tables []*table) (order []group) {
	byName := make(map[string]*table, len(tables))
	for _, t := range tables {
		byName[t.name] = t
	}
	type mark struct {
		index, low int
		open       bool
	}
	marks := make(map[*table]*mark, len(tables))
	var stack []*table
	var visit func(t *table) *mark
	visit = func(t *table) *mark {
		m := &mark{len(marks), len(marks), true}
		marks[t] = m
		stack = append(stack, t)
		for _, name := range t.parents {
			p, ok := byName[name]
			if !ok {
				continue // a shared table: it stays where it is
			}
			switch pm := marks[p]; {
			case pm == nil:
				m.low = min(m.low, visit(p).low)
			case pm.open:
				m.low = min(m.low, pm.index)
			}
		}
		if m.low == m.index {
			at := slices.Index(stack, t)
			g := group(slices.Clone(stack[at:]))
			stack = stack[:at]
			for _, t := range g {
				marks[t].open = false
			}
			order = append(order, g)
		}
		return m
	}
	for _, t := range tables {
		if marks[t] == nil {
			visit(t)
		}
	}
	return order
}
