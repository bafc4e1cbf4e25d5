package dsarsql_test

import (
	"context"
	"testing"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenancytest"
	"github.com/stretchr/testify/require"
)

// The kit that applications attack their own schema with finds no way across.
func TestTheAttackKitFindsNoWayAcross(t *testing.T) {
	kept.OnBoth(t, func(t *testing.T, w *door.World) {
		a, b := w.NewTenant(t), w.NewTenant(t)
		for _, id := range []tenancy.ID{a, b} {
			kept.Fill(t, tenancy.With(context.Background(), id), w.DB)
		}
		ran := tenancytest.Attack(t, tenancytest.Target{DB: w.DB, A: a, B: b}).Ran
		if w.PG != nil {
			for _, table := range kept.Tables {
				require.Greater(t, ran["public."+table.Name], 10, table.Name)
			}
		}
	})
}
