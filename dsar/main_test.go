package dsar_test

import (
	"os"
	"testing"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
)

func TestMain(m *testing.M) {
	_ = os.Setenv("MODERNC_SQLITE_OFD_LOCK", "1") // tests open files with and without tenantdb
	door.Main(m)
}
