-- One JSON object for each table with the tenant column ($1), as the connected role sees it.
SELECT pg_catalog.json_build_object(
  'oid', c.oid::bigint,
  'name', pg_catalog.format('%I.%I', n.nspname, c.relname),
  'kind', c.relkind,
  'parent', coalesce((SELECT h.inhparent::bigint FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid LIMIT 1), 0),
  'partition', c.relispartition,
  'readable', pg_catalog.has_any_column_privilege(c.oid, 'SELECT'),
  'columns', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', a.attname,
      'ident', pg_catalog.quote_ident(a.attname),
      'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
      'base', pg_catalog.format_type(CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END, NULL),
      'length', CASE WHEN t.typname IN ('varchar', 'bpchar') AND a.atttypmod > 4 THEN a.atttypmod - 4 ELSE 0 END,
      'category', t.typcategory,
      'not_null', a.attnotnull OR t.typnotnull,
      'default', a.atthasdef OR a.attidentity <> '',
      'fixed', a.attgenerated <> '' OR a.attidentity = 'a',
      'select', pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT'),
      'insert', pg_catalog.has_column_privilege(c.oid, a.attnum, 'INSERT'),
      'update', pg_catalog.has_column_privilege(c.oid, a.attnum, 'UPDATE'),
      'labels', (SELECT pg_catalog.json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e
                 WHERE e.enumtypid IN (t.oid, t.typbasetype)),
      'sequence', coalesce(pg_catalog.pg_get_serial_sequence(pg_catalog.format('%I.%I', n.nspname, c.relname), a.attname), '')
    ) ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  'uniques', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', i.relname,
      'primary', x.indisprimary,
      'exclusion', x.indisexclusion,
      'columns', (SELECT pg_catalog.json_agg(DISTINCT a.attname) FROM pg_catalog.pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND (a.attnum = ANY ((x.indkey::int2[])[0:x.indnkeyatts - 1])
                    OR x.indexprs IS NOT NULL AND EXISTS (SELECT FROM pg_catalog.pg_depend d
                       WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = i.oid AND d.refobjid = c.oid AND d.refobjsubid = a.attnum)))
    ) ORDER BY NOT x.indisprimary, i.relname)
    FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
    WHERE x.indrelid = c.oid AND (x.indisunique OR x.indisexclusion)),
  'foreign', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', k.conname,
      'parent', k.confrelid::bigint,
      'parent_name', k.confrelid::regclass::text,
      'on_delete', k.confdeltype,
      'columns', (SELECT pg_catalog.json_agg(a.attname ORDER BY o.n) FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS o (num, n)
                  JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = o.num),
      'referenced', (SELECT pg_catalog.json_agg(a.attname ORDER BY o.n) FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS o (num, n)
                     JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = o.num)
    ) ORDER BY k.conname)
    FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f'),
  'checks', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'text', pg_catalog.pg_get_constraintdef(k.oid),
      'columns', (SELECT pg_catalog.json_agg(a.attname) FROM pg_catalog.pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attnum = ANY (k.conkey))))
    FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c'),
  'domains', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object('text', pg_catalog.pg_get_constraintdef(k.oid),
      'columns', pg_catalog.json_build_array(a.attname)))
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_constraint k ON k.contypid = a.atttypid AND k.contype = 'c'
    WHERE a.attrelid = c.oid AND a.attnum > 0),
  'split', (
    SELECT pg_catalog.json_agg(a.attname ORDER BY o.n) FROM pg_catalog.pg_partitioned_table p
    CROSS JOIN pg_catalog.unnest(p.partattrs::int2[]) WITH ORDINALITY AS o (num, n)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = o.num
    WHERE p.partrelid = c.oid),
  'bound', coalesce(pg_catalog.pg_get_expr(c.relpartbound, c.oid), ''),
  'policies', (
    SELECT pg_catalog.json_agg(pg_catalog.concat_ws(' ', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
      pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid),
      (SELECT pg_catalog.string_agg(f.prosrc, ' ') FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_proc f ON f.oid = d.refobjid
       WHERE d.classid = 'pg_catalog.pg_policy'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_catalog.pg_proc'::regclass)))
    FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid)
)::text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = $1 AND NOT a.attisdropped)
ORDER BY c.relispartition, n.nspname, c.relname
