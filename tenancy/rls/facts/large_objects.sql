-- How many large objects a role the app can act as ($1, oids) can read or change: by owning them, by a
-- grant, or because privileges on them are switched off.
SELECT count(*) AS count
FROM pg_largeobject_metadata m
WHERE current_setting('lo_compat_privileges')::bool OR m.lomowner = ANY ($1::text::oid[])
   OR EXISTS (SELECT FROM aclexplode(m.lomacl) x WHERE x.grantee = ANY ($1::text::oid[]))
