-- Privileges on the application's relations, and on their columns, that a role the app can act as
-- ($1, oids; 0 is PUBLIC) was granted. What an owner may do without a grant is not listed.
SELECT c.oid::int8 AS relation, ''::name AS column, x.privilege_type AS privilege, x.is_grantable AS grantable,
       CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END AS grantee
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) x
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND x.grantee = ANY ($1::text::oid[]) AND x.grantee <> c.relowner
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
UNION ALL
SELECT c.oid::int8, a.attname, x.privilege_type, x.is_grantable,
       CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(a.attacl) x
WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND x.grantee = ANY ($1::text::oid[]) AND x.grantee <> c.relowner
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
