-- Relations that the system role ($1, an oid) cannot both read and write.
SELECT c.oid::int8 AS oid
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND NOT (has_table_privilege($1::text::oid, c.oid, 'SELECT') AND has_table_privilege($1::text::oid, c.oid, 'INSERT')
           AND has_table_privilege($1::text::oid, c.oid, 'UPDATE') AND has_table_privilege($1::text::oid, c.oid, 'DELETE'))
