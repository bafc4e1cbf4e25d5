-- Parts of the system that show or reach what is not the app's: catalogues that hold samples of rows or
-- passwords, statements of other sessions, and functions that read the server's files or connect out.
-- $1: the roles the app can act as (oids; 0 is PUBLIC).
SELECT CASE WHEN c.relname = 'pg_stat_statements' THEN 'statements' ELSE 'catalogue' END AS kind,
       n.nspname || '.' || c.relname AS object
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE (n.nspname = 'pg_catalog' AND c.relname IN ('pg_statistic', 'pg_statistic_ext_data', 'pg_authid', 'pg_shadow',
        'pg_user_mapping', 'pg_subscription', 'pg_largeobject', 'pg_hba_file_rules', 'pg_file_settings')
       OR c.relname = 'pg_stat_statements' AND c.relkind = 'v')
  AND (EXISTS (SELECT FROM aclexplode(c.relacl) x WHERE x.privilege_type = 'SELECT' AND x.grantee = ANY ($1::text::oid[]))
       OR EXISTS (SELECT FROM pg_attribute a, aclexplode(a.attacl) x WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL
                    AND x.privilege_type = 'SELECT' AND x.grantee = ANY ($1::text::oid[])
                    AND (c.relname <> 'pg_subscription' OR a.attname = 'subconninfo')))
UNION ALL
SELECT CASE WHEN p.proname ~ '^dblink' THEN 'dblink' ELSE 'files' END, p.oid::regprocedure::text
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE (n.nspname = 'pg_catalog' AND p.proname IN ('pg_read_file', 'pg_read_binary_file', 'pg_ls_dir', 'pg_stat_file',
        'lo_import', 'lo_export', 'pg_file_write', 'pg_reload_conf', 'pg_rotate_logfile')
       OR p.proname IN ('dblink', 'dblink_connect', 'dblink_exec', 'dblink_connect_u', 'dblink_open', 'dblink_send_query',
                        'pg_file_write', 'pg_file_unlink')
          AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'))
  AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
              WHERE x.privilege_type = 'EXECUTE' AND x.grantee = ANY ($1::text::oid[]))
ORDER BY 1, 2
