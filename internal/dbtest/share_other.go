//go:build !unix

package dbtest

import (
	"errors"

	"github.com/bailiwick-dev/bailiwick/internal/pgserver"
)

var errNotHere = errors.New("dbtest: throwaway servers need a Unix system: set BAILIWICK_TEST_POSTGRES")

func lock(string) (func(), error) { return nil, errNotHere }

func watch(*pgserver.Server, int, ...string) error { return errNotHere }
