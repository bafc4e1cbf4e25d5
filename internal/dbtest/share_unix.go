//go:build unix

package dbtest

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"github.com/bailiwick-dev/bailiwick/internal/pgserver"
)

func lock(name string) (unlock func(), err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}

// watch leaves a process behind that stops s and removes the files once process parent has ended.
func watch(s *pgserver.Server, parent int, files ...string) error {
	pid, err := s.Pid()
	if err != nil {
		return err
	}
	script := fmt.Sprintf(`while kill -0 %d 2>/dev/null; do sleep 1; done
kill -QUIT %d 2>/dev/null; while kill -0 %d 2>/dev/null; do sleep 0.1; done
rm -rf %q %q %q`, parent, pid, pid, s.Dir, files[0], files[1])
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = os.TempDir()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}
