package supportgrantsql

import (
	"embed"
	"io/fs"

	"github.com/bailiwick-dev/bailiwick/internal/migrate"
)

//go:embed migrations
var migrations embed.FS

// SQLite returns the migrations of a tenant's file, for sqlite.ReadMigrations("supportgrant", SQLite()).
func SQLite() fs.FS { return migrate.Folder(migrations, "sqlite") }
