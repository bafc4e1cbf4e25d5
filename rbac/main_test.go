package rbac

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soak is how often a test repeats: little in every run, much with BAILIWICK_SOAK=1.
func soak(little, much int) int {
	if os.Getenv("BAILIWICK_SOAK") == "1" {
		return much
	}
	return little
}
