//go:build !gc || (!amd64 && !arm64)

package sqlite

// goroutine is not known here: a call that waits for its own transaction does so until its context ends.
func goroutine() uintptr { return 0 }
