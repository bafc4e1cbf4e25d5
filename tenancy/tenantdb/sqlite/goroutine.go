//go:build gc && (amd64 || arm64)

package sqlite

// goroutine says which goroutine calls it: no two that live at the same time give the same number. It is where
// the runtime keeps the goroutine's record, and is compared, never followed. Asking runtime.Stack instead would
// cost more than a whole transaction does.
func goroutine() uintptr
