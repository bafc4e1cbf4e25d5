-- Triggers that a person made, with the function each runs. type is the bit set of pg_trigger.
SELECT t.tgrelid::int8 AS relation, t.tgname AS name, t.tgfoid::int8 AS function, t.tgtype::int AS type,
       t.tgenabled::text AS enabled, t.tgqual IS NOT NULL OR t.tgattr <> '' AS conditional
FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY t.tgrelid, t.tgname
