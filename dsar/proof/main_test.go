package proof

import (
	"os"
	"testing"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
)

func TestMain(m *testing.M) {
	_ = os.Setenv("MODERNC_SQLITE_OFD_LOCK", "1")
	door.Main(m)
}
