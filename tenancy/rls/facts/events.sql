-- Event triggers that a person made.
SELECT e.evtname AS name, e.evtevent AS event, e.evtfoid::int8 AS function, e.evtenabled::text AS enabled
FROM pg_event_trigger e
WHERE e.evtenabled <> 'D' AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_event_trigger'::regclass AND d.objid = e.oid AND d.deptype = 'e')
ORDER BY 1
