// Package pgserver runs throwaway Postgres servers from the binaries that are
// installed on the machine. Their data is worth nothing: they do not sync, and
// anyone on the loopback interface may log in.
package pgserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrNotInstalled: there are no Postgres server binaries on this machine.
var ErrNotInstalled = errors.New("pgserver: no Postgres server binaries found (looked in PATH, pg_config and the usual folders)")

// Server is a running server.
type Server struct {
	Dir  string // holds data, log and the unix socket
	Port int
}

// DSN returns the URL of database db as role user, over TCP on the loopback interface.
func (s *Server) DSN(user, db string) string {
	return fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?sslmode=disable", user, s.Port, db)
}

// Superuser is the name of the server's superuser.
const Superuser = "postgres"

// Start makes a cluster in dir, which must be empty or absent, and starts it with the further
// settings given as "name=value". The server is a child of this process and outlives it unless
// [Server.Stop] is called.
func Start(ctx context.Context, dir string, settings ...string) (*Server, error) {
	bin, err := binDir()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := handOver(dir); err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	initdb := command(ctx, filepath.Join(bin, "initdb"), "-D", data, "-A", "trust", "-U", Superuser,
		"-E", "UTF8", "--locale=C", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("pgserver: initdb: %w\n%s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: dir, Port: port}
	conf := append([]string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(port), "unix_socket_directories=" + dir,
		"fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300",
		"shared_buffers=128MB", "max_wal_size=4GB", "autovacuum_naptime=5s", "logging_collector=off",
	}, settings...)
	args := []string{"-D", data}
	for _, c := range conf {
		args = append(args, "-c", c)
	}
	cmd := command(context.WithoutCancel(ctx), filepath.Join(bin, "postgres"), args...)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("pgserver: start: %w", err)
	}
	gone := make(chan error, 1)
	go func() { gone <- cmd.Wait() }()
	for {
		select {
		case <-gone:
			text, _ := os.ReadFile(log.Name())
			return nil, fmt.Errorf("pgserver: the server ended at start:\n%s", text)
		case <-ctx.Done():
			_ = s.Stop()
			return nil, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
		if exec.CommandContext(ctx, filepath.Join(bin, "pg_isready"), "-q", "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-U", Superuser).Run() == nil {
			return s, nil
		}
	}
}

// Pid returns the process id of the server, from its own lock file.
func (s *Server) Pid() (int, error) {
	b, err := os.ReadFile(filepath.Join(s.Dir, "data", "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strconv.Atoi(strings.TrimSpace(line))
}

// Stop ends the server at once, breaking its connections, and removes its folder.
func (s *Server) Stop() error {
	if pid, err := s.Pid(); err == nil {
		p, _ := os.FindProcess(pid)
		_ = p.Signal(os.Interrupt) // fast shutdown
		for range 200 {
			if _, err := s.Pid(); err != nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	return os.RemoveAll(s.Dir)
}

func binDir() (string, error) {
	var dirs []string
	if p, err := exec.LookPath("initdb"); err == nil {
		dirs = append(dirs, filepath.Dir(p))
	}
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin"} {
		found, _ := filepath.Glob(pattern)
		slices.Reverse(found) // the newest first
		dirs = append(dirs, found...)
	}
	for _, d := range dirs {
		ok := true
		for _, name := range []string{"initdb", "postgres", "pg_isready"} {
			if runtime.GOOS == "windows" {
				name += ".exe"
			}
			if _, err := os.Stat(filepath.Join(d, name)); err != nil {
				ok = false
			}
		}
		if ok {
			return d, nil
		}
	}
	return "", ErrNotInstalled
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
