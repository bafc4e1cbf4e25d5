-- The app role ($1, an oid) and every role it can act as, through any chain of memberships: by
-- inheriting, by SET ROLE, or because it may grant itself the role. A superuser can act as all; then
-- only the role itself is listed, because nothing else matters.
SELECT r.oid::int8 AS oid, r.rolname AS name, r.rolsuper AS super, r.rolbypassrls AS bypass,
       r.rolcreaterole AS createrole, r.rolcreatedb AS createdb, r.rolreplication AS replication,
       r.oid < 16384 AS predefined,
       pg_has_role(a.oid, r.oid, 'USAGE') AS inherits
FROM pg_roles r, pg_roles a
WHERE a.oid = $1::text::oid
  AND (r.oid = a.oid OR NOT a.rolsuper AND CASE
        WHEN current_setting('server_version_num')::int >= 160000
        THEN pg_has_role(a.oid, r.oid, 'SET') OR pg_has_role(a.oid, r.oid, 'USAGE')
             OR pg_has_role(a.oid, r.oid, 'MEMBER WITH ADMIN OPTION')
        ELSE pg_has_role(a.oid, r.oid, 'MEMBER') END)
ORDER BY r.oid <> a.oid, r.rolname
