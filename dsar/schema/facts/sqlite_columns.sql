-- Columns. hidden is 2 or 3 for a generated one, and 1 for what a virtual table does not show.
SELECT coalesce(json_group_array(json_object('table', x.tab, 'name', x.name, 'type', x.type,
         'notNull', json(CASE WHEN x."notnull" <> 0 OR x.pk > 0 AND x.wr THEN 'true' ELSE 'false' END),
         'default', json(CASE WHEN x.dflt_value IS NULL THEN 'false' ELSE 'true' END),
         'generated', json(CASE WHEN x.hidden IN (2, 3) THEN 'true' ELSE 'false' END))), '[]')
FROM (SELECT l.name AS tab, l.wr, c.* FROM pragma_table_list l, pragma_table_xinfo(l.name) c
      WHERE l.schema = 'main' AND l.type IN ('table', 'virtual') AND c.hidden <> 1 ORDER BY l.name, c.cid) x
