package proof

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// Of each statistic: where it is, and where its values come from: a column, or whole rows, if it is of an expression or of several columns.
const postgresStatistics = `WITH s AS (
		SELECT schemaname, tablename, attname::text AS name, concat_ws(chr(1), most_common_vals::text, histogram_bounds::text, most_common_elems::text) AS vals FROM pg_catalog.pg_stats
		UNION ALL
		SELECT schemaname, tablename, statistics_name::text, most_common_vals::text FROM pg_catalog.pg_stats_ext
		UNION ALL
		SELECT schemaname, tablename, statistics_name::text, concat_ws(chr(1), most_common_vals::text, histogram_bounds::text) FROM pg_catalog.pg_stats_ext_exprs
	)
	SELECT CASE WHEN n.nspname = 'public' AND position('.' IN r.relname) = 0 THEN r.relname ELSE n.nspname || '.' || r.relname END, s.name, format('%I.%I', n.nspname, r.relname),
		coalesce((SELECT format('%I', a.attname) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND i.indexrelid IS NULL AND a.attname = s.name AND a.attnum > 0), 't'), s.vals
	FROM s JOIN pg_catalog.pg_namespace sn ON sn.nspname = s.schemaname
	JOIN pg_catalog.pg_class c ON c.relnamespace = sn.oid AND c.relname = s.tablename
	LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
	JOIN pg_catalog.pg_class r ON r.oid = coalesce(i.indrelid, c.oid) JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
	WHERE s.vals <> '' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'`

// statistics looks at the values that the planner remembers of tables, which stay there until ANALYZE. They are of all tenants: a value
// that a row still has is not the erased person's.
func (l *look) statistics(ctx context.Context) error {
	done := errors.New("done")
	look := func(ctx context.Context, q sqlx.QueryerContext) error {
		type hit struct {
			place
			sql, from string
			values    []string
		}
		var hits []hit
		rows, err := q.QueryxContext(ctx, postgresStatistics)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name, col, table, from string
			var text sql.RawBytes
			if err := rows.Scan(&name, &col, &table, &from, &text); err != nil {
				return err
			}
			h := hit{place: place{name, col, "statistics"}, sql: table, from: from}
			l.m.each(text, func(f, _ int, alone bool) {
				if v := l.n.values[l.m.forms[f].value]; alone && !slices.Contains(h.values, v) {
					h.values = append(h.values, v)
				}
			})
			if len(h.values) > 0 {
				hits = append(hits, h)
			}
		}
		if err := rows.Close(); err != nil {
			return err
		}
		for _, h := range hits {
			dead := int64(0)
			for _, v := range h.values {
				live, err := inARow(ctx, q, h.sql, h.from, v)
				if err != nil {
					return err
				}
				if !live {
					dead++
				}
			}
			switch {
			case dead == 0:
			case l.o.Owner == nil: // an erasure must not wait for what it cannot bring about
				l.residual("the planner's statistics of %s.%s, until ANALYZE: nobody was given who may run it", h.table, h.column)
			default:
				l.tally[h.place] += dead
			}
		}
		return done
	}
	if l.o.Owner != nil && l.superuser(ctx) {
		if err := look(ctx, sqlx.NewDb(l.o.Owner, "pgx")); !errors.Is(err, done) {
			return err
		}
		l.looked("the planner's statistics")
		return nil
	}
	hidden := false
	err := l.db.System(ctx, "dsar: look for an erased person in the planner's statistics", func(ctx context.Context, tx *sqlx.Tx) error {
		if err := tx.GetContext(ctx, &hidden, "SELECT EXISTS (SELECT FROM pg_catalog.pg_index WHERE indexprs IS NOT NULL AND indexrelid >= 16384)"); err != nil {
			return err
		}
		return look(ctx, tx)
	})
	switch {
	case errors.Is(err, done):
		l.looked("the planner's statistics of columns")
		if hidden {
			l.residual("the planner's statistics of indexes on expressions, until ANALYZE: a superuser alone sees them")
		}
		return nil
	case errors.Is(err, tenantdb.ErrNoSystem):
		l.residual("the planner's statistics, until ANALYZE: no role that sees them was given")
		return nil
	}
	return err
}

// superuser reports whether the owner sees the statistics of tables with row-level security.
func (l *look) superuser(ctx context.Context) (yes bool) {
	err := l.o.Owner.QueryRowContext(ctx, "SELECT rolsuper OR rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = current_user").Scan(&yes)
	return err == nil && yes
}

// inARow reports whether a row of any tenant has the value in it, or in the column.
func inARow(ctx context.Context, q sqlx.QueryerContext, table, column, value string) (live bool, err error) {
	err = sqlx.GetContext(ctx, q, &live, "SELECT EXISTS (SELECT FROM "+table+" AS t WHERE CAST("+column+" AS text) ILIKE $1)", "%"+likeEscape.Replace(value)+"%")
	return live, err
}

var likeEscape = strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`)
