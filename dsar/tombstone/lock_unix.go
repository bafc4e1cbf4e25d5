//go:build unix

package tombstone

import (
	"errors"
	"os"
	"syscall"
)

// lockFile waits until no other process adds a line.
func lockFile(f *os.File) (unlock func(), err error) {
	for {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX); !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	return func() { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }, err
}
