package auditsql

import (
	"io/fs"
	"slices"

	"github.com/bailiwick-dev/bailiwick/internal/migrate"
)

// Steps returns the texts of the migrations in a folder.
func Steps(name string) (texts []string) {
	names, err := fs.Glob(migrate.Folder(migrations, name), "*.sql")
	if err != nil {
		panic(err)
	}
	for _, n := range names {
		b, err := fs.ReadFile(migrate.Folder(migrations, name), n)
		if err != nil {
			panic(err)
		}
		texts = append(texts, string(b))
	}
	return texts
}

// Statements returns the texts of all statements on tenants' logs that this process has run on that kind of database.
func (s *Store) Statements() (texts []string) {
	s.tree.ready.Range(func(_, text any) bool {
		texts = append(texts, text.(string))
		return true
	})
	slices.Sort(texts)
	return texts
}
