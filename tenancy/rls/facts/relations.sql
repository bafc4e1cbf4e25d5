-- Tables, views, materialized views, foreign tables and sequences of the application.
SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
       c.relowner::int8 AS owner, pg_get_userbyid(c.relowner) AS owner_name,
       r.rolsuper OR r.rolbypassrls AS owner_bypasses,
       c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced, c.relispartition AS partition,
       coalesce((SELECT o.option_value::bool FROM pg_options_to_table(c.reloptions) o
                 WHERE o.option_name = 'security_invoker'), false) AS invoker,
       coalesce(d.deptype = 'e', false) AS extension,
       coalesce(i.refobjid, 0)::int8 AS identity_of
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_roles r ON r.oid = c.relowner
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e'
LEFT JOIN pg_depend i ON c.relkind = 'S' AND i.classid = 'pg_class'::regclass AND i.objid = c.oid
                     AND i.refclassid = 'pg_class'::regclass AND i.deptype = 'i'
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY n.nspname, c.relname
