-- Foreign keys and exclusion constraints. Unique and primary keys are among the indexes.
SELECT k.conrelid::int8 AS relation, k.conname AS name, k.contype::text AS kind,
       k.confrelid::int8 AS target, k.confdeltype::text AS "onDelete", k.confupdtype::text AS "onUpdate",
       (SELECT array_agg(a.attname ORDER BY u.n) FROM unnest(k.conkey) WITH ORDINALITY u(num, n)
        LEFT JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num) AS columns,
       (SELECT array_agg(a.attname ORDER BY u.n) FROM unnest(k.confkey) WITH ORDINALITY u(num, n)
        LEFT JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num) AS references,
       (SELECT array_agg(o.oprname::text ORDER BY u.n) FROM unnest(k.conexclop) WITH ORDINALITY u(op, n)
        LEFT JOIN pg_operator o ON o.oid = u.op) AS operators,
       pg_get_constraintdef(k.oid) AS definition
FROM pg_constraint k
JOIN pg_namespace n ON n.oid = k.connamespace
WHERE k.contype IN ('f', 'x') AND k.conparentid = 0
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY k.conrelid, k.conname
