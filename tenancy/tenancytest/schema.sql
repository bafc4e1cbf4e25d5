-- What a mutator must know to break a schema and mend it: $1 is the application's role, $2 the tenant column.
WITH tenant_table AS (
  SELECT c.oid, c.relowner, c.relrowsecurity, c.relforcerowsecurity, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    AND EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = $2 AND NOT a.attisdropped)
)
SELECT pg_catalog.json_build_object(
  'app', pg_catalog.quote_ident($1),
  'me', pg_catalog.quote_ident(current_user),
  'bypass', (SELECT rolsuper OR rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = current_user),
  'id', coalesce(pg_catalog.pg_get_functiondef(pg_catalog.to_regprocedure('tenancy.id()')), ''),
  'library', (SELECT pg_catalog.json_agg(pg_catalog.format('%I.%I', schemaname, tablename) ORDER BY tablename) FROM pg_catalog.pg_tables WHERE schemaname = 'tenancy' AND tablename <> 'goose_db_version'),
  'database', pg_catalog.quote_ident(pg_catalog.current_database()),
  'policies', (SELECT pg_catalog.json_object_agg(t.name, (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', pg_catalog.quote_ident(p.polname),
      'command', CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
      'permissive', p.polpermissive,
      'roles', (SELECT pg_catalog.string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE r::regrole::text END, ', ') FROM pg_catalog.unnest(p.polroles) r),
      'using', coalesce(pg_catalog.pg_get_expr(p.polqual, p.polrelid), ''),
      'check', coalesce(pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), '')) ORDER BY p.polpermissive, p.polname)
    FROM pg_catalog.pg_policy p WHERE p.polrelid = t.oid)) FROM tenant_table t),
  'triggers', (SELECT pg_catalog.json_object_agg(t.name, (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', pg_catalog.quote_ident(g.tgname), 'definition', pg_catalog.pg_get_triggerdef(g.oid)))
    FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_proc f ON f.oid = g.tgfoid
    WHERE g.tgrelid = t.oid AND NOT g.tgisinternal AND g.tgparentid = 0 AND f.pronamespace = pg_catalog.to_regnamespace('tenancy'))) FROM tenant_table t),
  'views', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', pg_catalog.format('%I.%I', n.nspname, c.relname), 'definition', c.relowner::regrole::text))
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'v' AND 'security_invoker=true' = ANY (c.reloptions) AND pg_catalog.has_table_privilege($1, c.oid, 'SELECT') AND n.nspname !~ '^pg_'),
  'owners', (SELECT pg_catalog.json_object_agg(t.name, t.relowner::regrole::text) FROM tenant_table t),
  'secure', (SELECT pg_catalog.json_object_agg(t.name, t.relrowsecurity) FROM tenant_table t),
  'forced', (SELECT pg_catalog.json_object_agg(t.name, t.relforcerowsecurity) FROM tenant_table t),
  'truncate', (SELECT pg_catalog.json_object_agg(t.name, pg_catalog.has_table_privilege($1, t.oid, 'TRUNCATE')) FROM tenant_table t),
  'foreign', (SELECT pg_catalog.json_object_agg(t.name || ' ' || k.conname, pg_catalog.pg_get_constraintdef(k.oid))
    FROM tenant_table t JOIN pg_catalog.pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'),
  'temporary', pg_catalog.has_database_privilege($1, pg_catalog.current_database(), 'TEMPORARY')
)::text
