-- What is published, and whether a row filter narrows it.
SELECT p.pubname AS name, c.oid::int8 AS relation, t.rowfilter AS filter, p.puballtables AS everything
FROM pg_publication p
JOIN pg_publication_tables t ON t.pubname = p.pubname
JOIN pg_namespace n ON n.nspname = t.schemaname
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename
UNION ALL
SELECT p.pubname, 0, NULL, true FROM pg_publication p WHERE p.puballtables
ORDER BY 1, 2
