-- Runs policy expressions over made-up rows. What to run stands, as JSON, in the setting bailiwick.probes;
-- the outcome is left in bailiwick.outcome. Everything a probe sets is undone before the next one.
--
-- A probe: {from, exprs: [text], rows: [object], states: [{settings: {name: text}, envs: [{id: text or null,
-- vars: {name: text}}]}]}. settings are really set, for functions that read them; ids and vars stand in for what
-- the expressions themselves read, so that many are tried by one statement.
-- Its outcome: an array of {at: [probe, state, expr], pass: {env: [row numbers]}, errors: {env: text}}. The states
-- that set nothing run first, over all probes: a setting that was set once in a session is '' afterwards, not unset.
DO $probe$
DECLARE
  probes jsonb := current_setting('bailiwick.probes')::jsonb;
  role text := current_setting('bailiwick.role');
  probe jsonb; state jsonb; cells text[] := '{}'; setting record; envs jsonb; part jsonb;
  i int; s int; x int; n int; round int; bad int; query text; got jsonb; pass jsonb; errors jsonb; refused text;
  todo int[]; lo int; hi int;
BEGIN
  FOR round IN 1..2 LOOP
    FOR i IN 0 .. jsonb_array_length(probes) - 1 LOOP
      probe := probes -> i;
      FOR s IN 0 .. jsonb_array_length(probe -> 'states') - 1 LOOP
        state := probe -> 'states' -> s;
        CONTINUE WHEN (state -> 'settings' = '{}') <> (round = 1);
        envs := state -> 'envs';
        BEGIN
          refused := NULL;
          BEGIN
            IF role <> '' THEN PERFORM set_config('role', role, true); END IF;
            FOR setting IN SELECT key, value FROM jsonb_each_text(state -> 'settings') LOOP
              PERFORM set_config(setting.key, setting.value, true);
            END LOOP;
          EXCEPTION WHEN OTHERS THEN refused := SQLSTATE || ' ' || SQLERRM;
          END;
          FOR x IN 0 .. jsonb_array_length(probe -> 'exprs') - 1 LOOP
            pass := '{}'; errors := '{}';
            query := format('SELECT coalesce(jsonb_object_agg(e, ns), ''{}'') FROM (SELECT bailiwick_e - 1 + $3 AS e, jsonb_agg(bailiwick_n) AS ns '
              || 'FROM jsonb_array_elements($1) WITH ORDINALITY AS bailiwick_env(bailiwick_s, bailiwick_e), '
              || 'jsonb_array_elements($2) WITH ORDINALITY AS bailiwick_row(bailiwick_v, bailiwick_n), LATERAL %s WHERE (%s) GROUP BY bailiwick_e) x',
              probe ->> 'from', probe -> 'exprs' ->> x);
            -- Ranges of environments still to be tried: one that fails is halved, until it is known which fail.
            todo := ARRAY[0, jsonb_array_length(envs)];
            WHILE cardinality(todo) > 0 LOOP
              lo := todo[cardinality(todo) - 1]; hi := todo[cardinality(todo)];
              todo := trim_array(todo, 2);
              IF refused IS NOT NULL THEN
                errors := errors || jsonb_build_object(lo, refused);
                CONTINUE;
              END IF;
              BEGIN
                SELECT jsonb_agg(envs -> e) INTO part FROM generate_series(lo, hi - 1) e;
                EXECUTE query INTO got USING part, probe -> 'rows', lo;
                pass := pass || got;
              EXCEPTION WHEN OTHERS THEN
                IF SQLSTATE ~ '^(42|0A)' AND SQLSTATE <> '42501' AND SQLSTATE <> '42704' THEN -- no other row or setting mends it
                  errors := errors || jsonb_build_object(lo, SQLSTATE || ' ' || SQLERRM);
                ELSIF hi - lo > 1 THEN
                  todo := todo || ARRAY[lo, (lo + hi) / 2, (lo + hi) / 2, hi];
                ELSE
                  errors := errors || jsonb_build_object(lo, SQLSTATE || ' ' || SQLERRM);
                  bad := 0;
                  FOR n IN 0 .. jsonb_array_length(probe -> 'rows') - 1 LOOP -- one row may fail where another passes
                    BEGIN
                      EXECUTE query INTO got USING part, jsonb_build_array(probe -> 'rows' -> n), lo;
                      bad := 0;
                      IF got <> '{}' THEN
                        pass := jsonb_set(pass, ARRAY[lo::text], coalesce(pass -> lo::text, '[]') || to_jsonb(n + 1));
                      END IF;
                    EXCEPTION WHEN OTHERS THEN bad := bad + 1;
                    END;
                    EXIT WHEN bad > 3; -- it is not the row
                  END LOOP;
                END IF;
              END;
            END LOOP;
            IF pass <> '{}' OR errors <> '{}' THEN
              cells := array_append(cells, jsonb_build_object('at', jsonb_build_array(i, s, x), 'pass', pass, 'errors', errors)::text);
            END IF;
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
