-- Columns of the application's tables, views and foreign tables.
SELECT a.attrelid::int8 AS relation, a.attnum::int AS number, a.attname AS name,
       format_type(a.atttypid, a.atttypmod) AS type,
       format_type(b.oid, CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END) AS base,
       b.typtype::text AS kind, b.typcategory::text AS category,
       a.attnotnull OR t.typnotnull AS "notNull",
       coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS "default",
       a.attgenerated <> '' AS generated,
       coalesce(NOT l.collisdeterministic, false) AS "looseCollation",
       (SELECT array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = b.oid) AS labels
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_collation l ON l.oid = a.attcollation
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY a.attrelid, a.attnum
