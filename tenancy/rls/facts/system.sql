-- Parts of the system that show or reach what is not the app's: catalogues that hold samples of rows or
-- passwords, statements of other sessions, and functions that read the server's files or connect out.
-- $1: the app role, by oid; has_*_privilege sees PUBLIC and what the role inherits.
SELECT CASE WHEN c.relname IN ('pg_stat_statements', 'pg_stat_statements_info') THEN 'statements' ELSE 'catalogue' END AS kind,
       n.nspname || '.' || c.relname AS object
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE (n.nspname = 'pg_catalog' AND c.relname IN ('pg_statistic', 'pg_statistic_ext_data', 'pg_authid', 'pg_shadow',
        'pg_user_mapping', 'pg_subscription', 'pg_largeobject', 'pg_hba_file_rules', 'pg_file_settings', 'pg_config')
       OR c.relname = 'pg_stat_statements' AND c.relkind = 'v')
  AND (has_table_privilege($1::text::oid, c.oid, 'SELECT') OR has_any_column_privilege($1::text::oid, c.oid, 'SELECT')
         AND c.relname NOT IN ('pg_subscription'))
UNION ALL
SELECT CASE WHEN p.proname ~ '^dblink' THEN 'dblink' ELSE 'files' END, p.oid::regprocedure::text
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE (n.nspname = 'pg_catalog' AND (p.proname IN ('pg_read_file', 'pg_read_binary_file', 'pg_ls_dir', 'pg_stat_file',
        'lo_import', 'lo_export', 'pg_file_write', 'pg_reload_conf', 'pg_rotate_logfile', 'pg_create_logical_replication_slot',
        'pg_logical_slot_get_changes', 'pg_logical_slot_peek_changes', 'pg_logical_emit_message') AND p.proname <> 'pg_logical_emit_message')
       OR p.proname IN ('dblink', 'dblink_connect', 'dblink_exec', 'dblink_connect_u', 'pg_file_write', 'pg_file_unlink')
          AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'))
  AND has_function_privilege($1::text::oid, p.oid, 'EXECUTE')
  AND NOT (p.proname ~ '^pg_(create_)?logical' AND NOT (SELECT r.rolreplication FROM pg_roles r WHERE r.oid = $1::text::oid))
ORDER BY 1, 2
