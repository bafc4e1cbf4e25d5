-- Tables and virtual tables of the main database; shadow tables are their virtual table's.
SELECT coalesce(json_group_array(json_object('table', l.name, 'kind',
         CASE l.type WHEN 'virtual' THEN 'virtual table' ELSE 'table' END)), '[]')
FROM pragma_table_list l
WHERE l.schema = 'main' AND l.type IN ('table', 'virtual') AND l.name NOT LIKE 'sqlite\_%' ESCAPE '\'
