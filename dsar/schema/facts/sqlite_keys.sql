-- Primary keys.
SELECT coalesce(json_group_array(json_object('table', x.tab, 'columns', json(x.cols))), '[]')
FROM (SELECT tab, json_group_array(name) AS cols
      FROM (SELECT l.name AS tab, c.name, c.pk FROM pragma_table_list l, pragma_table_info(l.name) c
            WHERE l.schema = 'main' AND l.type = 'table' AND c.pk > 0 ORDER BY l.name, c.pk)
      GROUP BY tab) x
