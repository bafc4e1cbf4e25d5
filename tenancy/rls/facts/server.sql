-- The server, the database and what the app role ($1, by name) may do in it at all; and the system role ($2).
SELECT current_setting('server_version_num')::int AS version,
       d.datname AS database,
       d.datdba::int8 AS owner,
       pg_get_userbyid(d.datdba) AS owner_name,
       current_user::text AS inspector,
       app.oid::int8 AS app,
       (SELECT r.oid FROM pg_roles r WHERE r.rolname = $2)::int8 AS system,
       coalesce(app.rolsuper, false) AS super,
       coalesce(CASE WHEN current_setting('server_version_num')::int >= 160000 THEN pg_has_role(current_user, app.oid, 'SET')
                     ELSE pg_has_role(current_user, app.oid, 'MEMBER') END, false) AS can_become_app,
       coalesce(has_database_privilege(app.oid, d.oid, 'TEMPORARY'), false) AS temporary,
       coalesce(has_database_privilege(app.oid, d.oid, 'CREATE'), false) AS "create",
       current_setting('lo_compat_privileges')::bool AS lo_compat,
       coalesce((SELECT s.setting FROM pg_settings s WHERE s.name = 'session_preload_libraries'), '') AS preload
FROM pg_database d
LEFT JOIN pg_roles app ON app.rolname = $1
WHERE d.datname = current_database()
