package redact_test

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// A labelled is a line of testdata/corpus: a text and the places in it that stand for someone.
type labelled struct {
	rule  string
	text  string
	spans [][2]int
}

// readCorpus reads a file of lines "rule<tab>text" in which « and » stand around what must be found.
func readCorpus(t testing.TB, name string) (lines []labelled) {
	f, err := os.Open("testdata/corpus/" + name)
	require.NoError(t, err)
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		rule, marked, ok := strings.Cut(sc.Text(), "\t")
		require.True(t, ok, sc.Text())
		l := labelled{rule: rule}
		for {
			before, rest, found := strings.Cut(marked, "«")
			l.text += before
			if !found {
				break
			}
			inside, after, closed := strings.Cut(rest, "»")
			require.True(t, closed, sc.Text())
			l.spans = append(l.spans, [2]int{len(l.text), len(l.text) + len(inside)})
			l.text += inside
			marked = after
		}
		lines = append(lines, l)
	}
	return lines
}

// everything returns a Redactor that looks for all kinds.
func everything(t testing.TB) *redact.Redactor {
	r, err := redact.New(redact.With(redact.IP, redact.MAC))
	require.NoError(t, err)
	return r
}

func TestWhatStandsForAPersonIsFound(t *testing.T) {
	t.Parallel()
	r := everything(t)
	lines := readCorpus(t, "personal.txt")
	spans, missed := map[string]int{}, map[string]int{}
	for _, l := range lines {
		var found [][2]int
		for m := range r.Find([]byte(l.text)) {
			found = append(found, [2]int{m.Start, m.End})
		}
		group := groupOf(l.rule)
		spans[group] += len(l.spans)
		if want, got := fmt.Sprint(l.spans), fmt.Sprint(found); want != got {
			missed[group]++
			t.Logf("%s: want %s, got %s in %s", l.rule, want, got, l.text)
		}
	}
	total := 0
	for group, n := range spans {
		total += n
		t.Logf("%s: %d of %d", group, n-missed[group], n)
		require.Zero(t, missed[group], group)
	}
	require.GreaterOrEqual(t, total, 600)
}

// groupOf returns the family that a rule's recall is counted in.
func groupOf(rule string) string {
	switch rule {
	case "email", "card", "iban", "phone", "ipv4", "ipv6", "mac":
		return rule
	}
	return "national id"
}

func TestWhatStandsForNobodyStays(t *testing.T) {
	t.Parallel()
	r := everything(t)
	lines := readCorpus(t, "innocent.txt")
	require.GreaterOrEqual(t, len(lines), 600)
	wrong := 0
	for _, l := range lines {
		for m := range r.Find([]byte(l.text)) {
			wrong++
			t.Logf("%s: %s takes %q in %s", l.rule, m.Rule, l.text[m.Start:m.End], l.text)
		}
	}
	require.Zero(t, wrong)
}
