package apitoken_test

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	// published is a token whose checksum another program computed.
	published = "acme_live_" + "4mKq0ZtB91xYpTn0VQd3rJ7sLw2XbC5gHk8MfA6eRyUuDz1iPoNvE9q1fLaUK"
)

var live = apitoken.MustNew("acme", "live")
