-- The largest share of one value in each column that has statistics, as far as the inspector may see
-- them. Only the share is taken, never the value.
SELECT s.schemaname AS schema, s.tablename AS name, s.attname AS column, (s.most_common_freqs)[1] AS share
FROM pg_stats s
JOIN pg_namespace n ON n.nspname = s.schemaname
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.tablename
WHERE s.attname = ANY ($1::text::name[]) AND (s.most_common_freqs)[1] > 0.1 AND c.reltuples >= 10000
  AND s.n_distinct <> 1
ORDER BY 1, 2
