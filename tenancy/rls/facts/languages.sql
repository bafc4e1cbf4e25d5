-- Languages with no guard around them in which a role the app can act as ($1, oids) may write
-- functions. Only C and internal come untrusted with the server; the others are known by their name.
SELECT l.lanname AS name,
       CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END AS grantee
FROM pg_language l, aclexplode(coalesce(l.lanacl, acldefault('l', l.lanowner))) x
WHERE x.grantee = ANY ($1::text::oid[]) AND x.privilege_type = 'USAGE' AND l.lanpltrusted
  AND (l.lanname IN ('c', 'internal') OR l.lanname ~ '^pl.*u$')
ORDER BY 1, 2
