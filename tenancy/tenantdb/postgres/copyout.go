package postgres

import (
	"context"
	"io"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// CopyOut runs a query and gives w each row as the server has written it for COPY in binary form, a row a call; the first has COPY's
// header before it, and the last call is its trailer. It returns how many rows there were. It is the way to look at many bytes without making
// values of them. What [tenantdb.DB.Native] returns has it, for packages of this library that know no driver.
func (t *tx) CopyOut(ctx context.Context, w io.Writer, query string) (int64, error) {
	if err := tenantdb.Belongs(ctx, t.tenant); err != nil {
		return 0, err
	}
	if err := t.opened(ctx); err != nil {
		return 0, err
	}
	sql := "COPY (" + query + ") TO STDOUT (FORMAT binary)"
	tag, err := t.conn.Conn().PgConn().CopyTo(ctx, w, sql)
	t.ran(sql, tag)
	t.lost()
	return tag.RowsAffected(), translate(err)
}
