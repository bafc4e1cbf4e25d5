package rbactest

import (
	"cmp"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// golden compares lines with those of a file. Their order means nothing, so that what is only moved in the code does not differ.
func golden(t testing.TB, file, title string, lines []string) {
	t.Helper()
	if len(lines) == 0 {
		t.Fatalf("rbactest: %s: there is nothing to compare", file)
	}
	for n, l := range lines { // a name from the outside is one line
		lines[n] = strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(l)
	}
	slices.Sort(lines)
	if updating() {
		if err := write(file, title, lines); err != nil {
			t.Fatalf("rbactest: %v", err)
		}
		return
	}
	old, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("rbactest: there is no %s yet: run the test with BAILIWICK_UPDATE=1, and read what it wrote", file)
	} else if err != nil {
		t.Fatalf("rbactest: %v", err)
	}
	var agreed []string
	for l := range strings.Lines(string(old)) {
		if l = strings.TrimRight(l, "\r\n"); l != "" && !strings.HasPrefix(l, "#") {
			agreed = append(agreed, l)
		}
	}
	slices.Sort(agreed)
	if d := diff(agreed, lines); len(d) > 0 {
		t.Errorf("rbactest: %s is not what the code says:\n%s\nIf that is meant, run the test with BAILIWICK_UPDATE=1 and have the change of the file reviewed.", file, strings.Join(d, "\n"))
	}
}

// updating reports whether files are to be written: by the environment, or by a flag that the user's own tests have.
func updating() bool {
	if v := os.Getenv("BAILIWICK_UPDATE"); v != "" && v != "0" {
		return true
	}
	f := flag.Lookup("update")
	if f == nil {
		return false
	}
	g, ok := f.Value.(flag.Getter)
	if !ok {
		return false
	}
	on, _ := g.Get().(bool)
	return on
}

func write(file, title string, lines []string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte("# "+title+"\n"+strings.Join(lines, "\n")+"\n"), 0o644)
}

// diff returns the lines that only one of two sorted lists has, those of the old one before those of the new about the same thing.
func diff(old, now []string) (out []string) {
	for len(old) > 0 || len(now) > 0 {
		switch {
		case len(now) == 0 || len(old) > 0 && old[0] < now[0]:
			out, old = append(out, "- "+old[0]), old[1:]
		case len(old) == 0 || now[0] < old[0]:
			out, now = append(out, "+ "+now[0]), now[1:]
		default:
			old, now = old[1:], now[1:]
		}
	}
	slices.SortStableFunc(out, func(a, b string) int {
		return cmp.Or(strings.Compare(about(a), about(b)), strings.Compare(b[:1], a[:1]))
	})
	return out
}

// about is what a line of a diff is about, so that before and after stand together.
func about(line string) string {
	s, _, _ := strings.Cut(line[2:], ": ")
	s, _, _ = strings.Cut(s, " (")
	return s
}
