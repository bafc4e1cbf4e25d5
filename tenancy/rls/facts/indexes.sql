-- Indexes with their key columns; a key that is an expression is ''.
SELECT i.indrelid::int8 AS relation, c.relname AS name, i.indisprimary AS primary, i.indisunique AS unique,
       i.indpred IS NOT NULL AS partial, i.indisvalid AS valid, k.conname AS constraint,
       (SELECT array_agg(coalesce(a.attname::text, '') ORDER BY u.n)
        FROM unnest(i.indkey::int2[]) WITH ORDINALITY u(num, n)
        LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.num AND u.num > 0
        WHERE u.n <= i.indnkeyatts) AS columns,
       pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY i.indrelid, c.relname
