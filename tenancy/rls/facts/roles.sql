-- The app role ($1, an oid) and every role it can act as, through any chain of memberships: by
-- inheriting, by SET ROLE, or because it may grant itself the role. A superuser can act as all; then
-- only the role itself is listed, because nothing else matters. via are its own memberships that lead there.
SELECT r.oid::int8 AS oid, r.rolname AS name, r.rolsuper AS super, r.rolbypassrls AS bypass,
       r.rolcreaterole AS createrole, r.rolcreatedb AS createdb, r.rolreplication AS replication,
       r.oid < 16384 AS predefined,
       pg_has_role(a.oid, r.oid, 'USAGE') AS inherits,
       coalesce((SELECT array_agg(DISTINCT d.rolname ORDER BY d.rolname) FROM pg_auth_members m JOIN pg_roles d ON d.oid = m.roleid
                 WHERE m.member = a.oid AND (d.oid = r.oid OR NOT d.rolsuper AND pg_has_role(d.oid, r.oid, 'MEMBER'))), '{}') AS via
FROM pg_roles r, pg_roles a
WHERE a.oid = $1::text::oid
  AND (r.oid = a.oid OR NOT a.rolsuper AND CASE
        WHEN current_setting('server_version_num')::int >= 160000
        THEN pg_has_role(a.oid, r.oid, 'SET') OR pg_has_role(a.oid, r.oid, 'USAGE')
             OR pg_has_role(a.oid, r.oid, 'MEMBER WITH ADMIN OPTION')
        ELSE pg_has_role(a.oid, r.oid, 'MEMBER') END)
ORDER BY r.oid <> a.oid, r.rolname
