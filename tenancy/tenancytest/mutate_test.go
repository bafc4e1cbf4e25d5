package tenancytest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMutationsAreNoticed(t *testing.T) {
	for name := range schemas {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, name)
			rec := &recorder{ctx: t.Context()}
			s := Mutate(rec, p.admin, p.Target, p.inspect)
			for _, m := range s.Mutations {
				t.Log(m)
			}
			t.Log(rec.logs)
			for _, e := range rec.errors {
				t.Log(e)
			}
			made, either, _, _ := s.Noticed()
			require.GreaterOrEqual(t, either*100, made*95)
		})
	}
}
