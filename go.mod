module github.com/bailiwick-dev/bailiwick

go 1.26.0

require (
	github.com/google/uuid v1.6.0
	github.com/jmoiron/sqlx v1.4.0
)

require github.com/go-sql-driver/mysql v1.10.1 // indirect
