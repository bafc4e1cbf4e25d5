-- Every column of every table that is no partition, with how it is to be looked at: the base type of its domain, the type of its elements.
WITH RECURSIVE base AS (
  SELECT t.oid AS of, t.oid, t.typtype, t.typbasetype, t.typname, t.typcategory, t.typelem FROM pg_catalog.pg_type t
  UNION ALL
  SELECT b.of, t.oid, t.typtype, t.typbasetype, t.typname, t.typcategory, t.typelem FROM base b JOIN pg_catalog.pg_type t ON b.typtype = 'd' AND t.oid = b.typbasetype
)
SELECT CASE WHEN n.nspname = 'public' AND position('.' IN c.relname) = 0 THEN c.relname ELSE n.nspname || '.' || c.relname END AS name,
  format('%s%I.%I', CASE WHEN c.relkind = 'r' THEN 'ONLY ' ELSE '' END, n.nspname, c.relname) AS sql, c.relkind::text AS kind, c.relpages AS pages,
  a.attname::text AS col, b.typname::text AS type, b.typcategory::text AS category, coalesce(e.typname::text, '') AS element, coalesce(e.typcategory::text, '') AS element_category,
  has_column_privilege(c.oid, a.attnum, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE') AS readable
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN base b ON b.of = a.atttypid AND b.typtype <> 'd'
LEFT JOIN base e ON b.typcategory = 'A' AND e.of = b.typelem AND e.typtype <> 'd'
WHERE c.relkind IN ('r', 'p', 'm', 'f') AND NOT c.relispartition AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY 1, a.attnum
