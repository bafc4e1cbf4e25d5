package tenancytest

import (
	"embed"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

//go:embed testdata/*.sql
var testdata embed.FS

func read(t testing.TB, name string) string {
	b, err := testdata.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return string(b)
}

func TestMain(m *testing.M) {
	// The throwaway server outlives the test that started it.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/bailiwick-dev/bailiwick/internal/pgserver.Start.func1"))
}

func TestACleanSchemaIsNotAccused(t *testing.T) {
	for name := range schemas {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, name)
			rec := &recorder{ctx: t.Context()}
			r := Attack(rec, p.Target)
			for _, s := range r.Skipped {
				t.Log("skipped", s)
			}
			t.Log(rec.logs, r.Ran)
			require.Empty(t, rec.errors)
		})
	}
}
