-- Superuser settings that a role the app can act as ($1, oids) may change.
SELECT p.parname AS name, x.privilege_type AS privilege,
       CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END AS grantee
FROM pg_parameter_acl p, aclexplode(p.paracl) x
WHERE x.grantee = ANY ($1::text::oid[])
ORDER BY 1, 2
