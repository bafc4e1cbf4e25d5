package tombstone_test

import (
	"os"
	"testing"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("TOMBSTONE_CHILD"); path != "" {
		child(path)
		return
	}
	door.Main(m)
}
