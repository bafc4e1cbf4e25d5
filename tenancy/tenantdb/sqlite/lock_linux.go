package sqlite

import (
	"errors"
	"os"
	"syscall"
)

const (
	noFollow = syscall.O_NOFOLLOW
	// mayOpenBeside: closing a file takes away no locks that connections of this process have on it.
	mayOpenBeside = true
	ofdSetLk      = 37         // F_OFD_SETLK, which package syscall does not name
	ofdSetLkW     = 38         // F_OFD_SETLKW
	lockStart     = 0x40000000 // SQLite's PENDING_BYTE; 512 bytes from it are all it locks
	lockLen       = 512
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

// lockByte locks a byte of f, which others may have locked too. It waits for those who try whether they are alone.
func lockByte(f *os.File, at int64) error { return setByte(f, ofdSetLkW, syscall.F_RDLCK, at) }

// tryByte locks a byte of f against all others, and reports whether it could.
func tryByte(f *os.File, at int64) (bool, error) {
	err := setByte(f, ofdSetLk, syscall.F_WRLCK, at)
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
		return false, nil
	}
	return err == nil, err
}

func unlockByte(f *os.File, at int64) error { return setByte(f, ofdSetLk, syscall.F_UNLCK, at) }

func setByte(f *os.File, command int, kind int16, at int64) error {
	for {
		lk := syscall.Flock_t{Type: kind, Start: at, Len: 1}
		if err := syscall.FcntlFlock(f.Fd(), command, &lk); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// freeBytes returns how much room is left on the disk that path is on.
func freeBytes(path string) (int64, bool) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(path, &fs); err != nil {
		return 0, false
	}
	return int64(fs.Bavail) * int64(fs.Bsize), true
}
