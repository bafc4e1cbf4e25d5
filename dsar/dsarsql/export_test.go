package dsarsql

import "github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"

// Written returns a statement as the stores write it.
func Written(db *tenantdb.DB, text string) string {
	t, err := open(db)
	if err != nil {
		panic(err)
	}
	return t.SQL(text)
}

// The statements.
const (
	AppendBreach = appendBreach
	ReadBreach   = readBreach
	ListBreaches = listBreaches
)
