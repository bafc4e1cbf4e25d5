package archive

import (
	"fmt"
	"strings"
)

// Names of files are made of a number and what is harmless of a table's name. Nothing that a table is called leads out of a
// folder, means something to a shell or is a device on Windows; and no two tables share a name, because no two have a number.
func fileName(table int, name string, part int, folder, ext string) string {
	return fmt.Sprintf("%s/%03d-%s-%04d.%s", folder, table, slug(name), part, ext)
}

// slug keeps small letters, digits, and one dash for whatever stands between them.
func slug(name string) string {
	b := make([]byte, 0, 40)
	for _, c := range []byte(strings.ToLower(name)) {
		switch {
		case len(b) == cap(b):
			return string(b)
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			b = append(b, c)
		case len(b) > 0 && b[len(b)-1] != '-':
			b = append(b, '-')
		}
	}
	if s := strings.TrimSuffix(string(b), "-"); s != "" {
		return s
	}
	return "table"
}
