package sqlite

import (
	"errors"
	"os"
	"syscall"
)

const (
	noFollow  = syscall.O_NOFOLLOW
	ofdSetLk  = 37         // F_OFD_SETLK, which package syscall does not name
	lockStart = 0x40000000 // SQLite's PENDING_BYTE; 512 bytes from it are all it locks
	lockLen   = 512
)

// lockExclusive locks f against every SQLite connection, of this process too, and reports whether it
// could. Closing f unlocks it.
func lockExclusive(f *os.File) (bool, error) {
	lk := syscall.Flock_t{Type: syscall.F_WRLCK, Start: lockStart, Len: lockLen}
	err := syscall.FcntlFlock(f.Fd(), ofdSetLk, &lk)
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
		return false, nil
	}
	return err == nil, err
}

// freeBytes returns how much room is left on the disk that path is on.
func freeBytes(path string) (int64, bool) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(path, &fs); err != nil {
		return 0, false
	}
	return int64(fs.Bavail) * fs.Bsize, true
}
