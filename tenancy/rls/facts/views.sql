-- What the rules of each relation read or write: views, materialized views and rewrite rules.
SELECT DISTINCT w.ev_class::int8 AS relation, w.rulename AS rule, w.ev_type::text AS event,
       w.rulename = '_RETURN' AS view, w.ev_enabled::text AS enabled, coalesce(d.refobjid, 0)::int8 AS target
FROM pg_rewrite w
JOIN pg_class c ON c.oid = w.ev_class
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                     AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.ev_class
WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY 1, 2, 6
