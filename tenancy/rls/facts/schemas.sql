-- Schemas in which a role the app can act as ($1, oids; 0 is PUBLIC) may create objects, who owns
-- each, and whether the app role ($2, an oid) can use it.
SELECT n.nspname AS name, n.nspowner::int8 AS owner,
       coalesce((SELECT array_agg(DISTINCT CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END)
                 FROM aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) x
                 WHERE x.privilege_type = 'CREATE' AND x.grantee = ANY ($1::text::oid[])), '{}') AS creators,
       has_schema_privilege($2::text::oid, n.oid, 'USAGE') AS usable
FROM pg_namespace n
WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_(toast|temp|catalog)'
ORDER BY 1
