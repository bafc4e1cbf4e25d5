-- Relations that the system role ($1, an oid) cannot both read and write, or whose own sequences it cannot set.
SELECT * FROM (
  SELECT c.oid::int8 AS oid,
         NOT (has_table_privilege($1::text::oid, c.oid, 'SELECT') AND has_table_privilege($1::text::oid, c.oid, 'INSERT')
              AND has_table_privilege($1::text::oid, c.oid, 'UPDATE') AND has_table_privilege($1::text::oid, c.oid, 'DELETE')) AS rows,
         EXISTS (SELECT FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
                  WHERE d.classid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.deptype IN ('a', 'i')
                    AND NOT (has_sequence_privilege($1::text::oid, s.oid, 'SELECT') AND has_sequence_privilege($1::text::oid, s.oid, 'UPDATE'))) AS sequences
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_') lacking
WHERE lacking.rows OR lacking.sequences
