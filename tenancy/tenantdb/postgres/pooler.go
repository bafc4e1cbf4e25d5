package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// errStatementCache explains 42P05 and 26000: a prepared statement that exists when it should not, or
// the other way round, because the pooler gave the session another server connection.
var errStatementCache = errors.New("tenantdb/postgres: a pooler in transaction mode broke a prepared statement: " +
	"set default_query_exec_mode=cache_describe, or use PgBouncer 1.21 or newer with max_prepared_statements above 0")

// behindPooler reports whether conn ends at a pooler: the process id that came with the connection is then
// not the one of the server process that answers.
func behindPooler(ctx context.Context, conn *pgx.Conn) (bool, error) {
	var pid uint32
	err := conn.QueryRow(ctx, `SELECT pg_backend_pid()`, pgx.QueryExecModeExec).Scan(&pid)
	return pid != conn.PgConn().PID(), err
}

// pooledMode is the mode that works behind every pooler, at the same number of round trips: statements
// are described once and parsed each time.
func pooledMode(cfg *pgxpool.Config) bool {
	if cfg.ConnConfig.DefaultQueryExecMode != pgx.QueryExecModeCacheStatement {
		return false
	}
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	cfg.ConnConfig.DescriptionCacheCapacity = max(cfg.ConnConfig.DescriptionCacheCapacity, 512)
	return true
}
