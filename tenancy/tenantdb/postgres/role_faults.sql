-- Why row-level security would not hold for the role named $1, one reason a row.
-- MEMBER covers roles it inherits from and roles it could SET ROLE to, however long the chain.
WITH me AS (
    SELECT oid, rolname, rolcreaterole, rolreplication FROM pg_catalog.pg_roles WHERE rolname = $1
), reach AS (
    SELECT r.oid, r.rolname, r.rolsuper, r.rolbypassrls,
           CASE WHEN r.oid = me.oid THEN 'the role' ELSE 'the role is a member of ' || r.rolname || ', which' END AS who
      FROM me, pg_catalog.pg_roles r
     WHERE r.oid = me.oid OR pg_catalog.pg_has_role(me.oid, r.oid, 'MEMBER')
)
SELECT 'role ' || $1 || ' does not exist' AS reason WHERE NOT EXISTS (SELECT FROM me)
UNION ALL
SELECT who || ' is a superuser' FROM reach WHERE rolsuper AND (who = 'the role' OR NOT EXISTS (SELECT FROM reach s WHERE s.rolsuper AND s.who = 'the role'))
UNION ALL
SELECT who || ' has BYPASSRLS' FROM reach WHERE rolbypassrls AND NOT EXISTS (SELECT FROM reach s WHERE s.rolsuper)
UNION ALL
SELECT 'the role has CREATEROLE and can make itself a member of others' FROM me WHERE rolcreaterole
UNION ALL
SELECT 'the role has REPLICATION and can read everything' FROM me WHERE rolreplication
UNION ALL
SELECT who || ' can reach the server''s files or programs' FROM reach
 WHERE rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
   AND NOT EXISTS (SELECT FROM reach s WHERE s.rolsuper)
UNION ALL
SELECT who || ' owns table ' || min(c.oid::pg_catalog.regclass::text) || ', which has row-level security'
  FROM reach JOIN pg_catalog.pg_class c ON c.relowner = reach.oid
 WHERE c.relrowsecurity AND NOT EXISTS (SELECT FROM reach s WHERE s.rolsuper) GROUP BY who
UNION ALL
SELECT who || ' owns the database'
  FROM reach JOIN pg_catalog.pg_database d ON d.datdba = reach.oid
 WHERE d.datname = pg_catalog.current_database() AND NOT EXISTS (SELECT FROM reach s WHERE s.rolsuper)
UNION ALL
SELECT 'the role may make temporary tables, which hide real ones from whoever has the connection next'
  FROM me WHERE pg_catalog.has_database_privilege(me.oid, pg_catalog.current_database(), 'TEMPORARY')
   AND NOT EXISTS (SELECT FROM reach s WHERE s.rolsuper)
UNION ALL
SELECT 'the role may create objects in schema ' || min(n.nspname)
  FROM me, pg_catalog.pg_namespace n
 WHERE pg_catalog.has_schema_privilege(me.oid, n.oid, 'CREATE') AND n.nspname !~ '^pg_(toast|temp)'
   AND NOT EXISTS (SELECT FROM reach s WHERE s.rolsuper)
HAVING count(*) > 0
