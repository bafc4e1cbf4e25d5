-- Triggers that a person made, and rewrite rules of tables. The one that package rls puts on every table of tenants writes nothing.
SELECT coalesce(json_agg(json_build_object('schema', x.nspname, 'table', x.relname, 'name', x.name) ORDER BY x.nspname, x.relname, x.name), '[]')::text
FROM (
  SELECT n.nspname, c.relname, t.tgname AS name
  FROM pg_catalog.pg_trigger t
  JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE NOT t.tgisinternal AND t.tgparentid = 0
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace s ON s.oid = p.pronamespace
                    WHERE p.oid = t.tgfoid AND s.nspname = 'tenancy' AND p.proname = 'fence')
  UNION ALL
  SELECT n.nspname, c.relname, r.rulename
  FROM pg_catalog.pg_rewrite r
  JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'f')
) x
WHERE x.nspname <> 'information_schema' AND x.nspname !~ '^pg_'
