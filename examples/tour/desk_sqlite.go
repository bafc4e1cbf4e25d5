package main

import (
	"errors"
	"os"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
)

// openSQLite opens a desk in a folder of its own: nothing to install, a file for each tenant.
func openSQLite(c config) (*desk, error) {
	dir, err := os.MkdirTemp(c.tmp, "bailiwick-tour-")
	if err != nil {
		return nil, err
	}
	remove := func() error {
		if c.keep {
			return nil
		}
		return os.RemoveAll(dir)
	}
	db, err := sqlite.Open(dir, sqlite.Options{
		Region:     home,
		Shard:      "desk",
		Migrations: []sqlite.Migration{{ID: "desk/0001", SQL: schemaSQLite}},
		IdleClose:  time.Hour, // a file that is closed is tidied up, which the witness would take for an attack
	})
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	d := newDesk(c, db.TenantDB(), db, db)
	d.what, d.keeper, d.kept = "on SQLite, a file for each tenant", "a file of its own", dir
	d.witness = fileWitness{dir, c.seed}
	d.close = append(d.close, remove, db.Close)
	return d, nil
}
