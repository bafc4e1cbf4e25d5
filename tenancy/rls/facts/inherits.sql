-- Partitions and inheritance children.
SELECT i.inhrelid::int8 AS child, i.inhparent::int8 AS parent
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
WHERE c.relkind IN ('r', 'p', 'f')
ORDER BY 1, 2
