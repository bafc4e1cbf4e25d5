-- Foreign keys. They have no names here; the number is that of the pragma.
SELECT coalesce(json_group_array(json_object('table', x.tab, 'name', '', 'columns', json(x.cols), 'to', x.target,
         'toCols', json(x.targets), 'onDelete', x.on_delete)), '[]')
FROM (SELECT tab, id, target, on_delete, json_group_array(col) AS cols, json_group_array(coalesce(tocol, '')) AS targets
      FROM (SELECT l.name AS tab, f.id, f."table" AS target, f.on_delete, f."from" AS col, f."to" AS tocol
            FROM pragma_table_list l, pragma_foreign_key_list(l.name) f
            WHERE l.schema = 'main' AND l.type = 'table' ORDER BY l.name, f.id DESC, f.seq)
      GROUP BY tab, id, target, on_delete ORDER BY tab, id DESC) x
