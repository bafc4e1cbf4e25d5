package dbtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/pgserver"
)

// server is the server all tests of this process use: the one BAILIWICK_TEST_POSTGRES names, or a
// throwaway one shared by the test binaries of one "go test" run.
var server = sync.OnceValues(func() (*url.URL, error) {
	if dsn := os.Getenv("BAILIWICK_TEST_POSTGRES"); dsn != "" {
		return url.Parse(dsn)
	}
	s, err := shared()
	if err != nil {
		return nil, err
	}
	return url.Parse(s.DSN(pgserver.Superuser, "postgres"))
})

// shared returns the server of this "go test" run. The test binaries of a run have one parent, the
// go command: the first of them starts the server, and a watcher ends it when the parent has ended.
func shared() (*pgserver.Server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	base := filepath.Join(os.TempDir(), fmt.Sprintf("bailiwick-pg-%d-%d", os.Getuid(), os.Getppid()))
	unlock, err := lock(base + ".lock")
	if err != nil {
		return nil, err
	}
	defer unlock()
	note := base + ".json"
	if b, err := os.ReadFile(note); err == nil {
		var s pgserver.Server
		if err := json.Unmarshal(b, &s); err != nil {
			return nil, err
		}
		if _, err := s.Pid(); err == nil {
			return &s, nil
		}
	}
	if err := os.RemoveAll(base); err != nil {
		return nil, err
	}
	s, err := pgserver.Start(ctx, base)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(s)
	if err == nil {
		err = os.WriteFile(note, b, 0o600)
	}
	if err == nil {
		err = watch(s, os.Getppid(), note, base+".lock")
	}
	if err != nil {
		_ = s.Stop()
		return nil, err
	}
	return s, nil
}

// admin returns the server's URL, or skips or fails the test.
func admin(t testing.TB) *url.URL {
	t.Helper()
	u, err := server()
	switch {
	case err == nil:
		return u
	case os.Getenv("BAILIWICK_REQUIRE_POSTGRES") == "" && errors.Is(err, pgserver.ErrNotInstalled):
		t.Skip("no Postgres here: install it, or set BAILIWICK_TEST_POSTGRES to the URL of a superuser")
	default:
		t.Fatalf("dbtest: %v", err)
	}
	return nil
}
