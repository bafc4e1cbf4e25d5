package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
)

// Workload W, writing: transactions of one inserted row by 1 or 16 writers, each of a random one of 64
// tenants: all in one shared file, or each in a file of its own. The shared file has one connection that
// writes, which is its fastest layout.
func BenchmarkFileWrite(b *testing.B) {
	for _, sync := range []string{"normal", "full"} {
		for _, writers := range []int{1, 16} {
			name := fmt.Sprintf("%s/%d_writers", sync, writers)
			b.Run(name, func(b *testing.B) { compare(b, fileWrites(64, writers, sync), nil) })
		}
	}
}

func TestEveryFilerWrites(t *testing.T) { checkWays(t, fileWrites(4, 2, "normal")) }

func fileWrites(tenants, writers int, sync string) []way {
	const text = "some text of a row"
	// As a request does that may write more than one row.
	inTx := func(db *sql.DB, query string, args ...any) error {
		tx, err := db.Begin()
		if err != nil {
			return err
		}
		if _, err := tx.Exec(query, args...); err != nil {
			return errors.Join(err, tx.Rollback())
		}
		return tx.Commit()
	}
	var ways []way
	for _, f := range filers {
		sharedName := "shared_file"
		if f.name != filers[0].name {
			sharedName += "_" + f.name
		}
		sharedFile := func(insert func(db *sql.DB, query string, args ...any) error) func(tb testing.TB) func(int) error {
			return func(tb testing.TB) func(int) error {
				db := f.one(tb, filepath.Join(folder(tb), "all.db"), sync)
				tb.Cleanup(func() { db.Close() })
				if _, err := db.Exec("CREATE TABLE ev (tenant INT NOT NULL, id INTEGER PRIMARY KEY, v TEXT); CREATE INDEX ev_t ON ev (tenant, id)"); err != nil {
					tb.Fatal(err)
				}
				return shared(writers, func() error {
					return insert(db, "INSERT INTO ev (tenant, v) VALUES (?, ?)", rand.IntN(tenants), text)
				})
			}
		}
		ways = append(ways,
			way{name: sharedName, vs: []string{"ours"}, open: sharedFile(func(db *sql.DB, query string, args ...any) error {
				_, err := db.Exec(query, args...)
				return err
			})},
			way{name: sharedName + "_tx", vs: []string{"ours"}, open: sharedFile(inTx)},
			way{name: f.name, vs: []string{"ours"}, open: func(tb testing.TB) func(int) error {
				dbs := make([]*sql.DB, tenants)
				for i, p := range plainFiles(tb, tenants) {
					dbs[i] = f.one(tb, p, sync)
					tb.Cleanup(func() { dbs[i].Close() })
					if _, err := dbs[i].Exec("INSERT INTO ev (v) VALUES (?)", text); err != nil { // it is open now
						tb.Fatal(err)
					}
				}
				return shared(writers, func() error {
					_, err := dbs[rand.IntN(tenants)].Exec("INSERT INTO ev (v) VALUES (?)", text)
					return err
				})
			}})
	}
	return append(ways, way{name: "ours", vs: []string{"shared_file", "shared_file_tx", "plain_modernc"}, open: func(tb testing.TB) func(int) error {
		o := sqlite.Options{}
		if sync == "normal" {
			o.Sync = sqlite.SyncNormal
		}
		dir, ctxs := ourFiles(tb, tenants, o)
		open := openFiles(tb, dir, o)
		tb.Cleanup(func() { open.Close() })
		db := open.TenantDB()
		write := func(ctx context.Context) error {
			return db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
				_, err := tx.ExecContext(ctx, "INSERT INTO ev (v) VALUES (?)", text)
				return err
			})
		}
		for _, ctx := range ctxs {
			if err := write(ctx); err != nil {
				tb.Fatal(err)
			}
		}
		return shared(writers, func() error { return write(ctxs[rand.IntN(tenants)]) })
	}})
}
