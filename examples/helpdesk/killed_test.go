package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestServedInAnotherProcess is no test: it is the desk, for TestNothingAcknowledgedIsLost to kill.
func TestServedInAnotherProcess(t *testing.T) {
	dir := os.Getenv("HELPDESK_CHILD")
	if dir == "" {
		t.Skip("it is for another test to run")
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	go func() { <-asked; stop() }()
	require.NoError(t, run(ctx, config{dir: dir, addr: "localhost:0", reports: io.Discard, log: slog.DiscardHandler}, os.Stdout))
}

// child is a desk in a process of its own.
type child struct {
	cmd   *exec.Cmd
	base  string
	links map[string]string
	done  chan struct{}
}

func startChild(t *testing.T, dir string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestServedInAnotherProcess$", "-test.v")
	cmd.Env = append(os.Environ(), "HELPDESK_CHILD="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	c := &child{cmd: cmd, links: map[string]string{}, done: make(chan struct{})}
	ready := make(chan bool, 1)
	go func() {
		defer close(c.done)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			line := lines.Text()
			if base, ok := strings.CutPrefix(line, "helpdesk: "); ok {
				c.base = base
			}
			if m := regexp.MustCompile(`^  (\w+) .*link=(\S+)$`).FindStringSubmatch(line); m != nil {
				c.links[strings.ToLower(m[1])] = m[2]
			}
			if strings.HasPrefix(line, "The audit logs'") {
				ready <- true
			}
		}
		select {
		case ready <- false:
		default:
		}
	}()
	select {
	case ok := <-ready:
		require.True(t, ok, "the desk did not start")
	case <-time.After(time.Minute):
		_ = cmd.Process.Kill()
		t.Fatal("the desk did not start in time")
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return c
}

func (c *child) end(t *testing.T, s syscall.Signal) {
	t.Helper()
	require.NoError(t, c.cmd.Process.Signal(s))
	<-c.done
	_ = c.cmd.Wait()
}

// post sends a form with a cookie, and returns the status and the cookie that was set; 0 if there was no answer.
func (c *child) post(client *http.Client, path, session string, form url.Values) (int, string) {
	r, err := http.NewRequest(http.MethodPost, c.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, ""
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if session != "" {
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: session})
	}
	w, err := client.Do(r)
	if err != nil {
		return 0, ""
	}
	defer w.Body.Close()
	for _, k := range w.Cookies() {
		if k.Name == sessionCookie {
			session = k.Value
		}
	}
	return w.StatusCode, session
}

func (c *child) get(t *testing.T, client *http.Client, path, session string) string {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, c.base+path, nil)
	require.NoError(t, err)
	r.AddCookie(&http.Cookie{Name: sessionCookie, Value: session})
	w, err := client.Do(r)
	require.NoError(t, err)
	defer w.Body.Close()
	b, err := io.ReadAll(w.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, w.StatusCode, string(b))
	return string(b)
}

// The desk is killed while six people write, and started again. Whatever was answered with "sent" is there, with its event in a log that verifies, and
// who was signed in still is.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	client := &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	var session string
	var sent []string
	for round, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGKILL, syscall.SIGTERM, 0} {
		c := startChild(t, dir)
		if session == "" {
			var code int
			code, session = c.post(client, "/sign-in", "", url.Values{"link": {c.links["ada"]}})
			require.Equal(t, http.StatusSeeOther, code)
		}
		page := c.get(t, client, "/conversations/alder-1-1", session)
		for _, text := range sent {
			require.Contains(t, page, text, "round %d", round)
		}
		if signal == 0 {
			noted := strings.Count(c.get(t, client, "/audit?action=conversation.noted", session), "<td>conversation.noted</td>")
			require.GreaterOrEqual(t, noted, min(len(sent), pageOf))
			code, _ := c.post(client, "/audit/verify", session, nil)
			require.Equal(t, http.StatusOK, code)
			c.end(t, syscall.SIGTERM)
			break
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		enough := make(chan struct{}, 1)
		for w := range 6 {
			wg.Go(func() {
				for n := 0; ; n++ {
					text := fmt.Sprintf("said in %d by %d: %d.", round, w, n)
					code, _ := c.post(client, "/conversations/alder-1-1/answer", session, url.Values{"body": {text}, "kind": {"note"}})
					if code != http.StatusSeeOther {
						return
					}
					mu.Lock()
					sent = append(sent, text)
					if len(sent) >= 20*(round+1) {
						select {
						case enough <- struct{}{}:
						default:
						}
					}
					mu.Unlock()
				}
			})
		}
		<-enough
		c.end(t, signal)
		wg.Wait()
	}
	require.GreaterOrEqual(t, len(sent), 60)
}
