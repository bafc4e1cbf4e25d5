-- Ways out of the database: user mappings that a role the app can act as ($1, oids; 0 is PUBLIC)
-- can use.
SELECT s.srvname AS server, w.fdwname AS wrapper,
       CASE WHEN m.umuser = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(m.umuser)::text END AS mapped
FROM pg_user_mappings m
JOIN pg_foreign_server s ON s.oid = m.srvid
JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
WHERE m.umuser = ANY ($1::text::oid[])
ORDER BY 1, 3
