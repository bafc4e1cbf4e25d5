package rows

import "github.com/bailiwick-dev/bailiwick/dsar/schema"

// Row is one row that [Selection.Stream] has read. It is valid until the function that it was given to returns.
type Row struct {
	// Values are the values as text, in the order of the columns: as Postgres writes them, whatever path they came by; on SQLite, numbers in
	// decimal digits and blobs as they are. nil is NULL.
	Values [][]byte
	// Families are the kinds of the values: on Postgres those of the columns (Array for what is written as {a,b}), the same for each row. On SQLite,
	// where a column holds values of any kind, Int, Number, Text or Bytes, as the value is, and the column's own family where that
	// fits: JSON, Time, UUID and Bool are then texts or numbers of that meaning.
	Families []schema.Family
}
