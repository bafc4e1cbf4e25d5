package audit

import (
	"flag"
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv("BAILIWICK_SOAK") != "1" {
		_ = flag.Set("rapid.checks", "25") // the flag is there: package rapid defines it
	}
	goleak.VerifyTestMain(m)
}
