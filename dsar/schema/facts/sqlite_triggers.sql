-- Triggers.
SELECT coalesce(json_group_array(json_object('table', x.tbl_name, 'name', x.name)), '[]')
FROM (SELECT tbl_name, name FROM sqlite_schema WHERE type = 'trigger' ORDER BY tbl_name, name) x
