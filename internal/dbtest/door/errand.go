package door

import (
	"bufio"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const errandEnv = "BAILIWICK_TEST_ERRAND"

// Send starts the test of that name in a process of its own, and sends it on an errand. It returns what that says on its
// standard output, line by line.
func Send(t *testing.T, test string, errand any) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	text, err := json.Marshal(errand)
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$")
	cmd.Env = append(os.Environ(), errandEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd, bufio.NewScanner(out)
}

// Errand reads the errand that this process was sent on, and reports whether there is one.
func Errand(t *testing.T, errand any) bool {
	t.Helper()
	text := os.Getenv(errandEnv)
	if text == "" {
		return false
	}
	require.NoError(t, json.Unmarshal([]byte(text), errand))
	return true
}

// Kill sends so many processes at once on an errand, as many times, and kills each at some moment after it has said something. It returns
// all that they said in lines that begin with "said ", without that.
func Kill(t *testing.T, test string, errand any, processes, times int) (said []string) {
	t.Helper()
	var mu sync.Mutex
	for range times {
		var children sync.WaitGroup
		for range processes {
			cmd, out := Send(t, test, errand)
			children.Go(func() {
				told := false
				for out.Scan() {
					line, ok := strings.CutPrefix(strings.TrimSpace(out.Text()), "said ")
					if !ok {
						continue
					}
					if !told {
						told = true
						time.AfterFunc(rand.N(400*time.Millisecond), func() { _ = cmd.Process.Kill() })
					}
					mu.Lock()
					said = append(said, line)
					mu.Unlock()
				}
				_ = cmd.Wait()
				if !told {
					t.Error("a process said nothing")
				}
			})
		}
		children.Wait()
	}
	t.Logf("%d processes were killed, who had said %d things", processes*times, len(said))
	return said
}
