-- Everything about a schema that decides who may do what, one line each, by names and not by oids, so
-- that an object that was dropped and made again is the same.
SELECT 'relation ' || pg_catalog.concat_ws(' ', c.oid::regclass, c.relkind, c.relowner::regrole, c.relrowsecurity, c.relforcerowsecurity, c.reloptions::text,
         CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END,
         (SELECT pg_catalog.string_agg(a::text, ',' ORDER BY a::text) FROM pg_catalog.unnest(coalesce(c.relacl, pg_catalog.acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) a),
         pg_catalog.pg_get_expr(c.relpartbound, c.oid)) AS line
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname !~ '^pg_(toast_)?temp'
UNION ALL
SELECT 'column ' || pg_catalog.concat_ws(' ', a.attrelid::regclass, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
         (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid) FROM pg_catalog.pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum),
         (SELECT pg_catalog.string_agg(x::text, ',' ORDER BY x::text) FROM pg_catalog.unnest(a.attacl) x))
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'
UNION ALL
SELECT 'policy ' || pg_catalog.concat_ws(' ', p.polrelid::regclass, p.polname, p.polcmd, p.polpermissive,
         (SELECT pg_catalog.string_agg(CASE r WHEN 0 THEN 'public' ELSE r::regrole::text END, ',' ORDER BY r) FROM pg_catalog.unnest(p.polroles) r),
         pg_catalog.pg_get_expr(p.polqual, p.polrelid), '|', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
FROM pg_catalog.pg_policy p
UNION ALL
SELECT 'constraint ' || pg_catalog.concat_ws(' ', k.conrelid::regclass, k.conname, pg_catalog.pg_get_constraintdef(k.oid), k.convalidated)
FROM pg_catalog.pg_constraint k WHERE k.conrelid >= 16384
UNION ALL
SELECT 'index ' || pg_catalog.pg_get_indexdef(x.indexrelid) FROM pg_catalog.pg_index x WHERE x.indexrelid >= 16384 AND x.indrelid >= 16384
UNION ALL
SELECT 'trigger ' || pg_catalog.concat_ws(' ', g.tgrelid::regclass, pg_catalog.pg_get_triggerdef(g.oid), g.tgenabled) FROM pg_catalog.pg_trigger g WHERE NOT g.tgisinternal
UNION ALL
SELECT 'rule ' || pg_catalog.concat_ws(' ', r.ev_class::regclass, pg_catalog.pg_get_ruledef(r.oid)) FROM pg_catalog.pg_rewrite r WHERE r.rulename <> '_RETURN' AND r.oid >= 16384
UNION ALL
SELECT 'function ' || pg_catalog.concat_ws(' ', f.oid::regprocedure, f.proowner::regrole, f.prosecdef, f.proleakproof, f.proconfig::text, f.prosrc,
         (SELECT pg_catalog.string_agg(a::text, ',' ORDER BY a::text) FROM pg_catalog.unnest(coalesce(f.proacl, pg_catalog.acldefault('f', f.proowner))) a))
FROM pg_catalog.pg_proc f WHERE f.oid >= 16384
UNION ALL
SELECT 'schema ' || pg_catalog.concat_ws(' ', n.nspname, n.nspowner::regrole,
         (SELECT pg_catalog.string_agg(a::text, ',' ORDER BY a::text) FROM pg_catalog.unnest(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a))
FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_(toast_)?temp'
UNION ALL
SELECT 'database ' || pg_catalog.concat_ws(' ', d.datname,
         (SELECT pg_catalog.string_agg(a::text, ',' ORDER BY a::text) FROM pg_catalog.unnest(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a))
FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()
UNION ALL
SELECT 'default ' || pg_catalog.concat_ws(' ', a.defaclrole::regrole, n.nspname, a.defaclobjtype,
         (SELECT pg_catalog.string_agg(x::text, ',' ORDER BY x::text) FROM pg_catalog.unnest(a.defaclacl) x))
FROM pg_catalog.pg_default_acl a LEFT JOIN pg_catalog.pg_namespace n ON n.oid = a.defaclnamespace WHERE pg_catalog.cardinality(a.defaclacl) > 0
UNION ALL
SELECT 'setting ' || pg_catalog.concat_ws(' ', s.setrole::regrole, s.setconfig::text) FROM pg_catalog.pg_db_role_setting s
WHERE s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
  AND (s.setrole = 0 OR s.setrole = pg_catalog.to_regrole($1))
UNION ALL
SELECT 'role ' || pg_catalog.concat_ws(' ', r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolinherit,
         (SELECT pg_catalog.string_agg(m.roleid::regrole::text || ' ' || m.admin_option::text, ',' ORDER BY m.roleid::regrole::text) FROM pg_catalog.pg_auth_members m WHERE m.member = r.oid))
FROM pg_catalog.pg_roles r WHERE r.oid = pg_catalog.to_regrole($1)
UNION ALL
SELECT 'publication ' || pg_catalog.concat_ws(' ', p.pubname, p.puballtables) FROM pg_catalog.pg_publication p
ORDER BY 1
