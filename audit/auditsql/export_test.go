package auditsql

import "io/fs"

// Steps returns the texts of the migrations in a folder.
func Steps(name string) (texts []string) {
	names, err := fs.Glob(folder(name), "*.sql")
	if err != nil {
		panic(err)
	}
	for _, n := range names {
		b, err := fs.ReadFile(folder(name), n)
		if err != nil {
			panic(err)
		}
		texts = append(texts, string(b))
	}
	return texts
}

// PackOpens and UnpackOpens are how the outbox keeps openings.
var (
	PackOpens   = packOpens
	UnpackOpens = unpackOpens
)
