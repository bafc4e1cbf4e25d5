package dsar_test

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
)

func TestMain(m *testing.M) { door.Main(m) }
