-- Indexes with their keys; a key that is an expression is ''.
SELECT coalesce(json_group_array(json_object('table', x.tab, 'name', x.idx,
         'unique', json(CASE WHEN x."unique" <> 0 THEN 'true' ELSE 'false' END),
         'partial', json(CASE WHEN x.partial <> 0 THEN 'true' ELSE 'false' END), 'columns', json(x.cols))), '[]')
FROM (SELECT tab, idx, "unique", partial, json_group_array(coalesce(col, '')) AS cols
      FROM (SELECT l.name AS tab, i.name AS idx, i."unique", i.partial, k.name AS col
            FROM pragma_table_list l, pragma_index_list(l.name) i, pragma_index_xinfo(i.name) k
            WHERE l.schema = 'main' AND l.type = 'table' AND k.key = 1 ORDER BY l.name, i.name, k.seqno)
      GROUP BY tab, idx, "unique", partial) x
