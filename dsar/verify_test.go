package dsar_test

import (
	"database/sql"
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/redact"
)

var firm = redact.ClassOrganization

func TestTheMapThatWasDiscoveredVerifies(t *testing.T) {
	onBoth(t, func(t *testing.T, db *sql.DB, d schema.Dialect) {
		dsar.Check(t, db, settled(t, db, shape(t, "chat_prisma", d)))
	})
}
