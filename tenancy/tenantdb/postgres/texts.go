package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Texts runs a query and gives fn each row as the server has written it: the values as text, nil for NULL, until fn returns. Nothing is made
// of them on the way, so that it is the fastest way to read much. What [tenantdb.DB.Native] returns has it, for packages of
// this library that export and know no driver. fn must not use the transaction.
func (t *tx) Texts(ctx context.Context, query string, args []any, fn func(values [][]byte) error) error {
	rows, err := t.Query(ctx, query, append([]any{pgx.QueryResultFormats{pgx.TextFormatCode}}, args...)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows.RawValues()); err != nil {
			return err
		}
	}
	return rows.Err()
}
