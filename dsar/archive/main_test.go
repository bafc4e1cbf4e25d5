package archive_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain ends the browser, if a test began one, before it looks for what is left running.
func TestMain(m *testing.M) { goleak.VerifyTestMain(closing{m}) }

type closing struct{ m *testing.M }

func (c closing) Run() int {
	defer chromium.Close()
	return c.m.Run()
}
