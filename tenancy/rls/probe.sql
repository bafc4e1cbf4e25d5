-- Runs policy expressions over made-up rows. What to run stands, as JSON, in the setting bailiwick.probes;
-- the outcome is left in bailiwick.outcome. Everything a probe sets is undone before the next one.
--
-- A probe: {from, exprs: [text], rows: [object], states: [{ids: [text or null], settings: {name: text}}]}.
-- Its outcome: an array of {at: [probe, state, id, expr], pass: [row numbers], error: text}, without those
-- where nothing passed and nothing failed. The states that set nothing run first, over all probes: a setting that was set once in a session is '' afterwards, not unset.
DO $probe$
DECLARE
  probes jsonb := current_setting('bailiwick.probes')::jsonb;
  role text := current_setting('bailiwick.role');
  probe jsonb; state jsonb; cells text[] := '{}'; cell jsonb; setting record;
  i int; s int; x int; d int; round int; n int; bad int; wanted boolean; query text; pass int[]; failed text; ok boolean; expr text;
BEGIN
  FOR round IN 1..2 LOOP
    FOR i IN 0 .. jsonb_array_length(probes) - 1 LOOP
      probe := probes -> i;
      FOR s IN 0 .. jsonb_array_length(probe -> 'states') - 1 LOOP
        state := probe -> 'states' -> s;
        wanted := (state -> 'settings' = '{}') = (round = 1);
        CONTINUE WHEN NOT wanted;
        BEGIN
          BEGIN
            IF role <> '' THEN PERFORM set_config('role', role, true); END IF;
            FOR setting IN SELECT key, value FROM jsonb_each_text(state -> 'settings') LOOP
              PERFORM set_config(setting.key, setting.value, true);
            END LOOP;
            failed := NULL;
          EXCEPTION WHEN OTHERS THEN failed := SQLSTATE;
          END;
          FOR d IN 0 .. jsonb_array_length(state -> 'ids') - 1 LOOP
            FOR x IN 0 .. jsonb_array_length(probe -> 'exprs') - 1 LOOP
              expr := probe -> 'exprs' ->> x;
              cell := NULL;
              IF failed IS NULL THEN
                query := format('SELECT coalesce(array_agg(bailiwick_n::int), ''{}'') FROM (SELECT $1::text) AS bailiwick_env(bailiwick_id), '
                  || 'jsonb_array_elements($2) WITH ORDINALITY AS bailiwick_row(bailiwick_v, bailiwick_n), LATERAL %s WHERE (%s)', probe ->> 'from', expr);
                BEGIN
                  EXECUTE query INTO pass USING state -> 'ids' ->> d, probe -> 'rows';
                  IF pass <> '{}' THEN cell := jsonb_build_object('pass', to_jsonb(pass)); END IF;
                EXCEPTION WHEN OTHERS THEN
                  cell := jsonb_build_object('error', SQLSTATE || ' ' || SQLERRM);
                  -- One row may fail where another passes. Not for errors no row can mend.
                  IF SQLSTATE !~ '^(42|0A)' THEN
                    bad := 0;
                    FOR n IN 0 .. jsonb_array_length(probe -> 'rows') - 1 LOOP
                      BEGIN
                        EXECUTE query INTO pass USING state -> 'ids' ->> d, jsonb_build_array(probe -> 'rows' -> n);
                        bad := 0;
                        IF pass <> '{}' THEN
                          cell := jsonb_set(cell, '{pass}', coalesce(cell -> 'pass', '[]') || to_jsonb(n + 1));
                        END IF;
                      EXCEPTION WHEN OTHERS THEN bad := bad + 1;
                      END;
                      EXIT WHEN bad > 3; -- it is not the row
                    END LOOP;
                  END IF;
                END;
              ELSE
                cell := jsonb_build_object('error', failed || ' setting refused');
              END IF;
              IF cell IS NOT NULL THEN
                cells := array_append(cells, (cell || jsonb_build_object('at', jsonb_build_array(i, s, d, x)))::text);
              END IF;
            END LOOP;
          END LOOP;
          RAISE EXCEPTION SQLSTATE 'BWRLS'; -- undo what this state set
        EXCEPTION WHEN SQLSTATE 'BWRLS' THEN NULL;
        END;
      END LOOP;
    END LOOP;
  END LOOP;
  PERFORM set_config('bailiwick.outcome', '[' || array_to_string(cells, ',') || ']', true);
END
$probe$;
