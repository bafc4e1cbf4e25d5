-- Plans SELECT on each relation the setting bailiwick.probes names, as the role of bailiwick.role, and leaves
-- the plans in bailiwick.outcome. A relation that cannot be planned has an error instead.
DO $plan$
DECLARE
  names jsonb := current_setting('bailiwick.probes')::jsonb;
  role text := current_setting('bailiwick.role');
  plan json; cells text[] := '{}'; cell text; i int;
BEGIN
  FOR i IN 0 .. jsonb_array_length(names) - 1 LOOP
    BEGIN
      PERFORM set_config('role', role, true);
      EXECUTE 'EXPLAIN (FORMAT JSON, VERBOSE, COSTS OFF) SELECT * FROM ' || (names ->> i) INTO plan;
      cell := json_build_object('plan', plan)::text;
      RAISE EXCEPTION SQLSTATE 'BWRLS';
    EXCEPTION
      WHEN SQLSTATE 'BWRLS' THEN NULL;
      WHEN OTHERS THEN cell := json_build_object('error', SQLSTATE || ' ' || SQLERRM)::text;
    END;
    cells := array_append(cells, cell);
  END LOOP;
  PERFORM set_config('bailiwick.outcome', '[' || array_to_string(cells, ',') || ']', true);
END
$plan$;
