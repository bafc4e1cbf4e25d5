package main

import (
	"context"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// superuser reads the tables as a role that no policy holds for.
type superuser struct {
	pool *pgxpool.Pool
	seed uint64
}

func (w superuser) Prints(ctx context.Context) (map[string]string, error) {
	prints := map[string]string{}
	for _, table := range tables {
		rows, err := w.pool.Query(ctx, `SELECT tenant_id, md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM `+table+` t GROUP BY tenant_id`)
		if err != nil {
			return nil, err
		}
		var tenant, hash string
		if _, err := pgx.ForEachRow(rows, []any{&tenant, &hash}, func() error {
			id, err := tenancy.ParseID(tenant)
			prints[mark(w.seed, id)] += hash
			return err
		}); err != nil {
			return nil, err
		}
	}
	return prints, nil
}

// Traces looks into the rows of every table there is, and at bytes as well as at text. It does not see what is dead and
// not vacuumed yet.
func (w superuser) Traces(ctx context.Context, text string) (found int64, looked string, err error) {
	rows, err := w.pool.Query(ctx, `SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND c.relpersistence <> 't' ORDER BY 1`)
	if err != nil {
		return 0, "", err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return 0, "", err
	}
	total := int64(0)
	for _, table := range names {
		var all, with int64
		err := w.pool.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE position($1 IN t::text) > 0
			OR position(encode(convert_to($1, 'UTF8'), 'hex') IN t::text) > 0) FROM `+table+` t`, text).Scan(&all, &with)
		if err != nil {
			return 0, "", err
		}
		total, found = total+all, found+with
	}
	return found, fmt.Sprintf("%s live rows of %d tables", thousands(total), len(names)), nil
}
