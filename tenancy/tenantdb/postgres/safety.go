package postgres

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

//go:embed role_faults.sql
var roleFaultsSQL string

// querier is a connection, a pool or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// roleFaults says why row-level security would not hold for role, one reason a line.
func roleFaults(ctx context.Context, q querier, role string) ([]string, error) {
	rows, err := q.Query(ctx, roleFaultsSQL, pgx.QueryExecModeExec, role)
	if err != nil {
		return nil, translate(err)
	}
	reasons, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return reasons, translate(err)
}

// about is what a database says of itself.
type about struct {
	shard, region string
	database      string
}

// readAbout finds out what q is connected to, and refuses a schema that is not this code's.
func readAbout(ctx context.Context, q querier) (a about, err error) {
	var version int64
	err = q.QueryRow(ctx, `SELECT version, shard, region, current_database() FROM tenancy.about()`, pgx.QueryExecModeExec).Scan(&version, &a.shard, &a.region, &a.database)
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg) && (pg.Code == "3F000" || pg.Code == "42883" || pg.Code == "42501"),
		errors.Is(err, pgx.ErrNoRows):
		return a, fmt.Errorf("%w: schema tenancy is missing, or not granted to this role: run postgres.Setup as the owner", tenantdb.ErrSchema)
	case err != nil:
		return a, translate(err)
	case version != schemaVersion:
		return a, fmt.Errorf("%w: schema tenancy has version %d, this code needs %d: run Setup", tenantdb.ErrSchema, version, schemaVersion)
	}
	return a, nil
}

// minServer is, per major version, the minor release that fixed the last known way around row-level
// security (CVE-2025-8713, CVE-2024-10976, CVE-2024-10978, CVE-2023-2455).
var minServer = map[int]int{13: 22, 14: 19, 15: 14, 16: 10, 17: 6}

// serverFault says why a server of version num (server_version_num) cannot be trusted, or "".
func serverFault(num int) string {
	major, minor := num/10000, num%10000
	low, known := minServer[major]
	switch {
	case major < 13:
		return "Postgres " + strconv.Itoa(major) + " is not maintained"
	case known && minor < low:
		return fmt.Sprintf("Postgres %d.%d has known ways around row-level security: update to %d.%d", major, minor, major, low)
	}
	return ""
}

// plaintextFault says where cfg would talk unencrypted to another machine, or "".
func plaintextFault(cfg *pgconn.Config) string {
	if cfg.TLSConfig == nil && !isLocal(cfg.Host) {
		return "the connection to " + cfg.Host + " is not encrypted: set sslmode=verify-full"
	}
	for _, f := range cfg.Fallbacks {
		if f.TLSConfig == nil && !isLocal(f.Host) {
			return "the connection to " + f.Host + " may fall back to no encryption: set sslmode=verify-full"
		}
	}
	return ""
}

func isLocal(host string) bool {
	if network, _ := pgconn.NetworkAddress(host, 0); network == "unix" {
		return true
	}
	host, _, _ = strings.Cut(host, "%")
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return host == "localhost"
}
