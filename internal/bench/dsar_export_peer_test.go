//go:build peers

package bench

import (
	"archive/zip"
	"encoding/json"
	"testing"

	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// What applications with an ORM do: find all, marshal, zip.
func init() {
	exportPeers = append(exportPeers, func(w *exportWorld) way {
		return way{name: "orm_find_all", vs: []string{"ours", "ours_encrypted"}, open: func(tb testing.TB) func(int) error {
			db, err := gorm.Open(postgres.Open(w.PG.Admin.DSN), &gorm.Config{Logger: logger.Default.LogMode(logger.Silent)})
			if err != nil {
				tb.Fatal(err)
			}
			tb.Cleanup(func() {
				if d, err := db.DB(); err == nil {
					d.Close()
				}
			})
			return func(n int) error {
				for range n {
					all := map[string]any{}
					for _, t := range exportTables {
						var rows []map[string]any
						if err := db.Table(t.name).Where(t.where()).Find(&rows).Error; err != nil {
							return err
						}
						all[t.name] = rows
					}
					text, err := json.MarshalIndent(all, "", " ")
					if err != nil {
						return err
					}
					z := zip.NewWriter(new(counted))
					f, err := z.Create("data.json")
					if err != nil {
						return err
					}
					if _, err := f.Write(text); err != nil {
						return err
					}
					if err := z.Close(); err != nil {
						return err
					}
				}
				return nil
			}
		}}
	})
}
