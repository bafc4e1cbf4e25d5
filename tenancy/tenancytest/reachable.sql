-- What the connected role may use beside tables, and the tenant tables ($1 is the tenant column) that lie
-- below it: views, materialized views, functions.
WITH RECURSIVE tenant_table AS (
  SELECT c.oid FROM pg_catalog.pg_class c
  WHERE c.relkind IN ('r', 'p', 'f') AND EXISTS (SELECT FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = c.oid AND a.attname = $1 AND NOT a.attisdropped)
), uses AS (
  SELECT r.ev_class AS above, d.refclassid AS class, d.refobjid AS below
  FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
  WHERE d.refobjid <> r.ev_class
), deep AS (
  SELECT above, class, below FROM uses
  UNION
  SELECT d.above, u.class, u.below FROM deep d JOIN uses u ON d.class = 'pg_catalog.pg_class'::regclass AND u.above = d.below
)
SELECT pg_catalog.json_build_object(
  'name', pg_catalog.format('%I.%I', n.nspname, c.relname),
  'kind', c.relkind,
  'columns', (SELECT pg_catalog.json_agg(a.attname) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  'over', EXISTS (SELECT FROM deep d WHERE d.above = c.oid AND d.class = 'pg_catalog.pg_class'::regclass AND d.below IN (SELECT oid FROM tenant_table)),
  'calls', EXISTS (SELECT FROM deep d JOIN pg_catalog.pg_proc f ON f.oid = d.below WHERE d.above = c.oid AND d.class = 'pg_catalog.pg_proc'::regclass AND f.oid >= 16384),
  'writable', pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE'),
  'definition', ''
)::text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
UNION ALL
SELECT pg_catalog.json_build_object(
  'name', pg_catalog.format('%I.%I', n.nspname, f.proname),
  'kind', 'f',
  'set', f.proretset,
  'void', f.prorettype = 'pg_catalog.void'::regtype,
  'over', true,
  'procedure', f.prokind = 'p',
  'arguments', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
     'name', coalesce(f.proargnames[o.n], ''), 'type', pg_catalog.format_type(o.t, NULL), 'category', t.typcategory) ORDER BY o.n)
     FROM pg_catalog.unnest(f.proargtypes::oid[]) WITH ORDINALITY AS o (t, n) JOIN pg_catalog.pg_type t ON t.oid = o.t),
  'definition', f.prosrc
)::text
FROM pg_catalog.pg_proc f JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace
WHERE f.prokind IN ('f', 'p') AND n.nspname NOT IN ('information_schema', 'tenancy') AND n.nspname !~ '^pg_'
  AND f.prorettype NOT IN ('pg_catalog.trigger'::regtype, 'pg_catalog.event_trigger'::regtype)
  AND pg_catalog.has_function_privilege(f.oid, 'EXECUTE') AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = f.oid AND d.deptype = 'e')
ORDER BY 1
