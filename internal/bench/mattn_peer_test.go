//go:build peers && cgo

package bench

import (
	"database/sql"

	_ "github.com/mattn/go-sqlite3"
)

func init() {
	filers = append(filers, filer{"cgo_mattn", func(path, sync string) (*sql.DB, error) {
		return sql.Open("sqlite3", "file:"+path+"?_busy_timeout=10000&_journal_mode=wal&_synchronous="+sync+"&_foreign_keys=1&_txlock=immediate")
	}})
}
