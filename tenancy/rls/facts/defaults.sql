-- Default privileges that will hand objects made later to a role the app can act as ($1, oids).
SELECT pg_get_userbyid(d.defaclrole) AS maker, coalesce(n.nspname, '') AS schema, d.defaclobjtype::text AS kind,
       array_agg(DISTINCT x.privilege_type) AS privileges,
       CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END AS grantee
FROM pg_default_acl d
LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) x
WHERE d.defaclobjtype IN ('r', 'S') AND x.grantee = ANY ($1::text::oid[]) AND x.grantee <> d.defaclrole
GROUP BY 1, 2, 3, x.grantee
ORDER BY 1, 2, 3, 5
