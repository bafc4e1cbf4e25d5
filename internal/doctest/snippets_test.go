package doctest

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var goBlock = regexp.MustCompile("(?s)```go\n(.*?)```")

// A snippet that begins with "package" is a file of its own and must compile as it stands. Others
// would be pieces that no reader can run, and are refused.
func TestEveryGoSnippetOfTheDocumentsCompiles(t *testing.T) {
	t.Parallel()
	n := 0
	require.NoError(t, filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".md") || strings.Contains(name, "testdata") {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, m := range goBlock.FindAllStringSubmatch(string(text), -1) {
			n++
			if !strings.HasPrefix(m[1], "package ") {
				t.Errorf("%s: a Go snippet that is not a whole file:\n%s", name, m[1])
				continue
			}
			compile(t, name, m[1])
		}
		return nil
	}))
	require.Positive(t, n)
}

func compile(t *testing.T, where, src string) {
	t.Helper()
	require.NoError(t, os.MkdirAll("testdata", 0o755))
	dir, err := os.MkdirTemp("testdata", "snippet") // inside the module, so that its imports are found
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(src), 0o600))
	out, err := exec.Command("go", "vet", "./"+filepath.ToSlash(dir)).CombinedOutput()
	require.NoError(t, err, "%s:\n%s\n%s", where, src, out)
}
