package rows

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// texts is what the transactions of tenantdb/postgres can: rows as the server has written them, of which database/sql makes values first, and
// texts again.
type texts interface {
	Texts(ctx context.Context, query string, args []any, fn func(values [][]byte) error) error
}

// native is the transaction that ctx carries, if it can that.
func native(ctx context.Context, db *tenantdb.DB) texts {
	tx, _ := db.Native(ctx).(texts)
	return tx
}

// streamNative is stream without database/sql.
func streamNative(ctx context.Context, tx texts, query string, args []any, families []schema.Family, fn func(*Row) error) error {
	row := &Row{Families: families}
	return tx.Texts(ctx, sqlx.Rebind(sqlx.DOLLAR, query), args, func(values [][]byte) error {
		row.Values = values
		return fn(row)
	})
}
