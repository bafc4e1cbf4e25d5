-- Indexes that are in use, with their keys; a key that is an expression is ''. One that leaves out only rows whose first
-- column is null finds what a whole one finds.
SELECT coalesce(json_agg(json_build_object('schema', n.nspname, 'table', c.relname, 'name', x.relname,
         'unique', i.indisunique, 'partial', i.indpred IS NOT NULL AND pg_catalog.pg_get_expr(i.indpred, i.indrelid) <> coalesce(
           (SELECT format('(%I IS NOT NULL)', a.attname) FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[0] AND i.indkey[0] > 0), ''),
         'columns', (SELECT json_agg(coalesce(a.attname, '') ORDER BY u.n)
                     FROM unnest(i.indkey::int2[]) WITH ORDINALITY u(num, n)
                     LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.num AND u.num > 0
                     WHERE u.n <= i.indnkeyatts)) ORDER BY c.oid, x.relname), '[]')::text
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE i.indisvalid AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
