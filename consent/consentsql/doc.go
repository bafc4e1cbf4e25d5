// Package consentsql keeps the ledgers of package consent in SQLite or Postgres.
package consentsql
