// Package auditsql keeps the logs of package audit in SQLite or Postgres, each tenant's beside the tenant's own rows.
package auditsql
