-- The application's functions. executors are the roles among those the app can act as ($1, oids; 0 is
-- PUBLIC) that may call it.
SELECT p.oid::int8 AS oid, n.nspname AS schema, p.proname AS name,
       pg_get_function_identity_arguments(p.oid) AS arguments, p.pronargs::int AS "argumentCount",
       p.proowner::int8 AS owner, pg_get_userbyid(p.proowner) AS "ownerName",
       r.rolsuper AS "ownerSuper", r.rolsuper OR r.rolbypassrls AS "ownerBypasses",
       l.lanname AS language, coalesce(a.trusted, l.lanpltrusted) AS trusted, coalesce(a.definer, p.prosecdef) AS definer, p.proleakproof AS leakproof,
       p.provolatile::text AS volatility, p.prorettype = ANY ('{trigger,event_trigger}'::regtype[]) AS "isTrigger",
       format_type(p.prorettype, NULL) AS returns, p.prokind::text AS kind,
       coalesce(p.proconfig, '{}') AS config,
       CASE WHEN p.prosqlbody IS NOT NULL THEN pg_get_function_sqlbody(p.oid) ELSE p.prosrc END AS source,
       encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex') AS hash,
       coalesce(e.deptype = 'e', false) AS extension,
       coalesce((SELECT array_agg(DISTINCT CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END)
                 FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
                 WHERE x.privilege_type = 'EXECUTE' AND x.grantee = ANY ($1::text::oid[]) AND x.grantee <> p.proowner), '{}') AS executors
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_language l ON l.oid = p.prolang
JOIN pg_roles r ON r.oid = p.proowner
LEFT JOIN LATERAL ( -- an aggregate is what it is made of, which its callers need no right to call
    SELECT bool_and(sl.lanpltrusted OR s.oid < 16384) AS trusted, bool_or(s.prosecdef) AS definer
    FROM pg_aggregate g
    JOIN pg_proc s ON s.oid IN (g.aggtransfn, g.aggfinalfn, g.aggcombinefn, g.aggserialfn, g.aggdeserialfn, g.aggmtransfn, g.aggminvtransfn, g.aggmfinalfn)
    JOIN pg_language sl ON sl.oid = s.prolang
    WHERE g.aggfnoid = p.oid) a ON p.prokind = 'a'
LEFT JOIN pg_depend e ON e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e'
WHERE (n.nspname <> 'information_schema' AND n.nspname !~ '^pg_')
   OR p.oid >= 16384 AND n.nspname = 'pg_catalog' -- planted among the system's own
ORDER BY n.nspname, p.proname, p.oid
