package tenancytest

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Of the schemas, the first shows all that the attacks can do; the others take as long again each, and so come in soak runs.
func TestMutationsAreNoticed(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	fired := map[string]bool{}
	t.Run("of", func(t *testing.T) {
		for name := range schemas {
			if name != "desk" && os.Getenv("BAILIWICK_SOAK") != "1" {
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p := newPlace(t, name)
				s := Mutate(t, p.admin, p.Target, p.inspect)
				made, either, attacks, _ := s.Noticed()
				require.GreaterOrEqual(t, made, 60)
				require.GreaterOrEqual(t, either*100, made*95)
				require.GreaterOrEqual(t, attacks*100, made*75, "the attacks alone")
				mu.Lock()
				defer mu.Unlock()
				for _, m := range s.Mutations {
					if m.Skipped != "" {
						t.Log("skipped", m.ID, m.Object, m.Skipped)
					}
					for _, a := range m.Attacks {
						fired[a] = true
					}
				}
			})
		}
	})
	if t.Failed() || t.Skipped() || len(fired) == 0 {
		return
	}
	// An attack that no mutation lets succeed may be one that cannot succeed.
	for r := range rules() {
		if strings.HasPrefix(r.ID, "file.") || slices.Contains(byAPoorPool, r.ID) {
			continue
		}
		require.True(t, fired[r.ID], "no mutation let %s succeed", r.ID)
	}
}

func TestAMutationThatNobodyNoticesIsAnError(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "desk")
	rec := &recorder{ctx: t.Context()}
	p.Only = []string{"reply"}
	s := Mutate(rec, p.admin, p.Target, nil)
	made, either, attacks, findings := s.Noticed()
	require.Equal(t, attacks, either)
	require.Zero(t, findings)
	require.Len(t, rec.errors, made-either)
	require.Contains(t, strings.Join(rec.errors, "\n"), "mutation fence.drop of public.reply was not noticed")
}

func TestMutateRefusesASchemaThatIsNotClean(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "desk")
	_, err := p.admin.ExecContext(t.Context(), "ALTER TABLE ticket DISABLE ROW LEVEL SECURITY")
	require.NoError(t, err)
	rec := &recorder{ctx: t.Context()}
	s := Mutate(rec, p.admin, p.Target, nil)
	require.Empty(t, s.Mutations)
	require.Contains(t, rec.errors[0], "not clean before any mutation")
}
