package tenancytest

import "strings"

const guardRemedy = "Enable and force row-level security and add the restrictive guard that tenancy/rls prints; grant the role nothing beside."

// counting is a trick whose statement counts rows of tenant B.
func counting(id, title, sql string) trick {
	return trick{rule: rule(id, title, guardRemedy), count: sql, run: func(h *hand) (string, error) {
		q, err := h.fill(sql)
		if err != nil {
			return "", err
		}
		n, err := h.number(q)
		return rowsSeen(n), err
	}}
}

// returning is a trick whose statement returns rows of tenant B, or affects them.
func returning(id, title, before, sql string) trick {
	return trick{rule: rule(id, title, guardRemedy), run: func(h *hand) (string, error) {
		q, err := h.fill(sql)
		if err != nil {
			return "", err
		}
		if before != "" {
			b, err := h.fill(before)
			if err == nil {
				_, err = h.exec(b)
			}
			if err != nil {
				return "", err
			}
		}
		n, err := h.fetched(q)
		return rowsSeen(n), err
	}}
}

// readTricks read rows of tenant B as tenant A.
var readTricks = []trick{
	counting("read.scan", "a scan returns rows of another tenant",
		`SELECT count(*) FROM {t} x WHERE x.{c}::text = {b}`),
	counting("read.other", "a scan returns rows that are not the tenant's own",
		`SELECT count(*) FROM {t} x WHERE x.{c}::text IS DISTINCT FROM {a}`),
	counting("read.key", "a row of another tenant is found by its key",
		`SELECT count(*) FROM {t} x WHERE {key}`),
	counting("read.join", "a join reaches rows of another tenant",
		`SELECT count(*) FROM (VALUES ({b})) v (id) LEFT JOIN {t} x ON x.{c}::text = v.id WHERE x.{c} IS NOT NULL`),
	counting("read.subquery", "a subquery reaches rows of another tenant",
		`SELECT count(*) FROM (VALUES (1)) v (n) WHERE (SELECT x.{c}::text FROM {t} x WHERE x.{c}::text = {b} LIMIT 1) IS NOT NULL`),
	counting("read.lateral", "a lateral subquery reaches rows of another tenant",
		`SELECT count(*) FROM (VALUES ({b})) v (id), LATERAL (SELECT 1 FROM {t} x WHERE x.{c}::text = v.id OFFSET 0) y`),
	counting("read.exists", "EXISTS tells of rows of another tenant",
		`SELECT EXISTS (SELECT FROM {t} x WHERE x.{c}::text = {b})::int`),
	counting("read.aggregate", "an aggregate counts rows of another tenant",
		`SELECT count(*) FILTER (WHERE x.{c}::text = {b}) FROM {t} x`),
	counting("read.union", "a UNION reaches rows of another tenant",
		`SELECT count(*) FROM (SELECT {a} AS id UNION ALL SELECT x.{c}::text FROM {t} x) u WHERE u.id = {b}`),
	counting("read.recursive", "a recursive query reaches rows of another tenant",
		`WITH RECURSIVE r (id, n) AS (SELECT {b}, 0 UNION ALL SELECT x.{c}::text, r.n + 1 FROM r JOIN {t} x ON x.{c}::text = r.id WHERE r.n < 1) SELECT count(*) FROM r WHERE n > 0`),
	counting("read.sample", "TABLESAMPLE returns rows of another tenant",
		`SELECT count(*) FROM {t} x TABLESAMPLE SYSTEM (100) WHERE x.{c}::text = {b}`),
	counting("read.only", "ONLY, or a read by physical place, returns rows of another tenant",
		`SELECT count(*) FROM ONLY {t} x WHERE x.{c}::text = {b} AND x.ctid IS NOT NULL`),
	counting("read.generated", "SQL that a built-in function runs reaches rows of another tenant",
		`SELECT pg_catalog.substring(pg_catalog.query_to_xml('SELECT count(*) AS n FROM {t} x WHERE x.{c}::text = ' || pg_catalog.quote_literal({b}), false, true, '')::text, '<n>([0-9]+)</n>')`),
	returning("read.cursor", "a cursor returns rows of another tenant",
		`DECLARE tenancytest_c SCROLL CURSOR FOR SELECT 1 FROM {t} x WHERE x.{c}::text = {b}`, `FETCH ALL FROM tenancytest_c`),
	returning("read.lock", "SELECT FOR UPDATE locks rows of another tenant", "",
		`SELECT 1 FROM {t} x WHERE x.{c}::text = {b} FOR UPDATE`),
	returning("read.share", "SELECT FOR KEY SHARE locks rows of another tenant", "",
		`SELECT 1 FROM {t} x WHERE x.{c}::text = {b} FOR KEY SHARE`),
	{rule: rule("read.copy", "COPY TO writes out rows of another tenant", guardRemedy), run: func(h *hand) (string, error) {
		q, err := h.fill(`COPY (SELECT 1 FROM {t} x WHERE x.{c}::text = {b}) TO STDOUT`)
		if err != nil {
			return "", err
		}
		n, err := h.exec(q)
		return rowsSeen(n), err
	}},
	{rule: rule("read.error", "an error raised in the WHERE clause tells of rows of another tenant", guardRemedy), run: func(h *hand) (string, error) {
		q, err := h.fill(`SELECT count(*) FROM {t} x WHERE 1 / (CASE WHEN x.{c}::text = {b} THEN 0 ELSE 1 END) = 1`)
		if err != nil {
			return "", err
		}
		if _, err = h.number(q); state(err) == "22012" {
			return "a division by zero was evaluated on a row of the other tenant", nil
		}
		return "", err
	}},
	{rule: rule("read.statistics", "the planner's statistics show values of another tenant", guardRemedy), run: func(h *hand) (string, error) {
		schema, name, _ := strings.Cut(strings.ReplaceAll(h.t.Name, `"`, ""), ".")
		n, err := h.number(`SELECT count(*) FROM pg_catalog.pg_stats s WHERE s.schemaname = $1 AND s.tablename = $2
			AND pg_catalog.strpos(pg_catalog.concat_ws(' ', s.most_common_vals::text, s.histogram_bounds::text), $3) > 0`, schema, name, h.B.String())
		if n > 0 {
			return "the other tenant's id is among the values", err
		}
		return "", err
	}},
}
