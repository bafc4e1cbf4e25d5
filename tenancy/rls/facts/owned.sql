-- What a role the app can act as ($1, oids) owns besides relations, functions and schemas, which are
-- listed elsewhere with their owners.
SELECT 'foreign server' AS kind, s.srvname::text AS name FROM pg_foreign_server s WHERE s.srvowner = ANY ($1::text::oid[])
UNION ALL
SELECT 'publication', p.pubname FROM pg_publication p WHERE p.pubowner = ANY ($1::text::oid[])
UNION ALL
SELECT 'type', format_type(t.oid, NULL) FROM pg_type t
WHERE t.typowner = ANY ($1::text::oid[]) AND t.typrelid = 0 AND t.typcategory <> 'A' AND t.oid >= 16384
UNION ALL
SELECT 'extension', e.extname FROM pg_extension e WHERE e.extowner = ANY ($1::text::oid[])
UNION ALL
SELECT 'event trigger', e.evtname FROM pg_event_trigger e WHERE e.evtowner = ANY ($1::text::oid[])
UNION ALL
SELECT 'operator', o.oid::regoperator::text FROM pg_operator o WHERE o.oprowner = ANY ($1::text::oid[])
ORDER BY 1, 2
