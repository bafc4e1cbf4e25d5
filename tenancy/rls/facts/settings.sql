-- Settings that a role the app can act as ($1, oids), the database, or everyone starts a session with.
SELECT CASE WHEN s.setrole = 0 THEN '' ELSE pg_get_userbyid(s.setrole)::text END AS role, s.setdatabase <> 0 AS database,
       split_part(c, '=', 1) AS name, substr(c, strpos(c, '=') + 1) AS value
FROM pg_db_role_setting s, unnest(s.setconfig) c
WHERE (s.setrole = 0 OR s.setrole = ANY ($1::text::oid[]))
  AND (s.setdatabase = 0 OR s.setdatabase = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
ORDER BY 1, 2, 3
