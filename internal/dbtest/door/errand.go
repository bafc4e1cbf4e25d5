package door

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"testing"

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
