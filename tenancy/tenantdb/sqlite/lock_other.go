//go:build !linux

package sqlite

import "os"

const noFollow = 0

// mayOpenBeside: closing a file takes away the locks that connections of this process have on it.
const mayOpenBeside = false

// lockExclusive has no lock to take here that would not take those of this process away: elsewhere
// than on Linux one process alone may use a folder.
func lockExclusive(*os.File) (bool, error) { return true, nil }

// There is no other process whose holds are to be known.
func lockByte(*os.File, int64) error { return nil }

func tryByte(*os.File, int64) (bool, error) { return true, nil }

func unlockByte(*os.File, int64) error { return nil }

func freeBytes(string) (int64, bool) { return 0, false }
