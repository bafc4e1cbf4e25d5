package discover_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar/discover"
	"github.com/bailiwick-dev/bailiwick/dsar/internal/shapes"
)

// score is how well links to people were found.
type score struct{ found, missed, wrong []string }

func (s *score) add(o score) {
	s.found, s.missed, s.wrong = append(s.found, o.found...), append(s.missed, o.missed...), append(s.wrong, o.wrong...)
}

func (s score) recall() float64    { return ratio(len(s.found), len(s.found)+len(s.missed)) }
func (s score) precision() float64 { return ratio(len(s.found), len(s.found)+len(s.wrong)) }

func ratio(a, b int) float64 {
	if b == 0 {
		return 1
	}
	return float64(a) / float64(b)
}

// judge compares the proposed links to people with the labels.
func judge(l *shapes.Shape, p *discover.Proposal) (s score) {
	want := map[string]bool{}
	for at, tos := range l.Truth {
		for _, to := range tos {
			if slices.Contains(l.Roots, to) {
				want[at] = true
			}
		}
	}
	got := map[string]bool{}
	for _, k := range p.Links {
		if !k.Subject {
			continue
		}
		at := k.Table + "." + k.Columns[len(k.Columns)-1]
		if got[at] {
			continue
		}
		got[at] = true
		if want[at] {
			s.found = append(s.found, l.Name+": "+at)
		} else {
			s.wrong = append(s.wrong, fmt.Sprintf("%s: %s %.2f %s", l.Name, at, k.Score, strings.Join(k.Evidence, "; ")))
		}
	}
	for at := range want {
		if !got[at] {
			why := ""
			for _, k := range p.Doubtful {
				if k.Table+"."+k.Columns[len(k.Columns)-1] == at {
					why = fmt.Sprintf(" %.2f to %s: %s", k.Score, k.To, strings.Join(k.Evidence, "; "))
				}
			}
			for _, k := range p.Links {
				if k.Table+"."+k.Columns[len(k.Columns)-1] == at {
					why = fmt.Sprintf(" taken for %s %.2f: %s", k.To, k.Score, strings.Join(k.Evidence, "; "))
				}
			}
			s.missed = append(s.missed, l.Name+": "+at+why)
		}
	}
	slices.Sort(s.missed)
	slices.Sort(s.wrong)
	return s
}

func measure(t testing.TB, folder string, declared, verbose bool) (all score) {
	for _, l := range shapes.Load(t, folder) {
		d := l.DB
		if !declared {
			d = l.WithoutForeignKeys()
		}
		s := judge(l, discover.FromSchema(d, discover.Options{Subjects: l.Roots}))
		t.Logf("%-22s recall %.3f precision %.3f (%d links)", l.Name, s.recall(), s.precision(), len(s.found)+len(s.missed))
		all.add(s)
	}
	t.Logf("%s, foreign keys %v: recall %.4f precision %.4f of %d links", folder, declared, all.recall(), all.precision(), len(all.found)+len(all.missed))
	if verbose {
		t.Logf("missed:\n  %s\nwrong:\n  %s", strings.Join(all.missed, "\n  "), strings.Join(all.wrong, "\n  "))
	}
	return all
}

func TestLinksToPeopleAreFoundInSchemasTheRulesWereTunedOn(t *testing.T) {
	t.Parallel()
	with, without := measure(t, "tuned", true, testing.Verbose()), measure(t, "tuned", false, testing.Verbose())
	require.GreaterOrEqual(t, with.recall(), 0.98)
	require.GreaterOrEqual(t, with.precision(), 0.85)
	require.GreaterOrEqual(t, without.recall(), 0.95)
	require.GreaterOrEqual(t, without.precision(), 0.85)
}

// None of these taught a rule, though rules have been changed since they were labelled.
func TestLinksToPeopleAreFoundInSchemasHeldOut(t *testing.T) {
	t.Parallel()
	with, without := measure(t, "heldout", true, testing.Verbose()), measure(t, "heldout", false, testing.Verbose())
	require.GreaterOrEqual(t, with.recall(), 0.98)
	require.GreaterOrEqual(t, with.precision(), 0.85)
	require.GreaterOrEqual(t, without.recall(), 0.95)
	require.GreaterOrEqual(t, without.precision(), 0.85)
}

// Without being told, discovery takes the tables of people for what they are.
func TestTablesOfPeopleAreRecognised(t *testing.T) {
	t.Parallel()
	right, all := 0, 0
	var links score
	for _, folder := range []string{"tuned", "heldout"} {
		for _, l := range shapes.Load(t, folder) {
			all++
			p := discover.FromSchema(l.WithoutForeignKeys(), discover.Options{})
			links.add(judge(l, p))
			got := p.Subjects
			if len(got) > 0 && slices.Contains(l.Roots, got[0]) {
				right++
				continue
			}
			t.Logf("%s: %v, not %v", l.Name, got, l.Roots)
		}
	}
	t.Logf("%d of %d, recall %.4f precision %.4f", right, all, links.recall(), links.precision())
	require.GreaterOrEqual(t, right*100, all*95)
	require.GreaterOrEqual(t, links.recall(), 0.95, "all tables of people must be known for that, not only the first")
	require.GreaterOrEqual(t, links.precision(), 0.85)
}
