-- Columns. The element is the type below an array or a domain.
SELECT coalesce(json_agg(json_build_object('schema', n.nspname, 'table', c.relname, 'name', a.attname,
         'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
         'family', CASE WHEN b.typtype = 'e' THEN 'enum' WHEN b.typcategory = 'A' THEN 'array' ELSE '' END,
         'element', pg_catalog.format_type(b.oid, CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END),
         'notNull', a.attnotnull OR t.typnotnull, 'default', a.atthasdef OR a.attidentity <> '',
         'generated', a.attgenerated <> '') ORDER BY a.attrelid, a.attnum), '[]')::text
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'm', 'f')
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
