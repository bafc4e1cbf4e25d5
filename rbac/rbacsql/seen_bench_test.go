package rbacsql_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/rbac/rbacsql"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/stretchr/testify/require"
)

// How long after a removal has returned another authorizer, on connections of its own and told by Postgres, lets the leaver in.
func BenchmarkALeaverIsSeenElsewhere(b *testing.B) {
	w := tables.OnPostgres(b)
	ctx := w.Tenant(b)
	c := rbac.NewCatalog("bench")
	owner := c.Role("owner", rbac.Everything, rbac.Owner)
	reader := c.Role("reader")
	here, err := rbac.New(c, storeIn(b, w), rbac.Options{})
	require.NoError(b, err)
	defer here.Close()
	there, err := rbac.New(c, storeIn(b, w), rbac.Options{FreshFor: time.Hour, MaxStaleness: time.Hour, Hints: rbacsql.Hints(w.Host.(*postgres.System))})
	require.NoError(b, err)
	defer there.Close()
	by, err := here.System(ctx, "a benchmark")
	require.NoError(b, err)
	require.NoError(b, here.Found(ctx, by, rbac.User("root"), owner.ID()))
	time.Sleep(time.Second) // until it listens
	var took []time.Duration
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		u := rbac.User(fmt.Sprint("leaver-", n))
		require.NoError(b, here.Add(ctx, by, u, reader.ID()))
		for err = errors.New("not yet"); err != nil; _, err = there.MemberFresh(ctx, u) {
		}
		b.StartTimer()
		_, err := here.Remove(ctx, by, u)
		require.NoError(b, err)
		began := time.Now()
		for err == nil {
			_, err = there.Member(ctx, u)
		}
		took = append(took, time.Since(began))
		require.ErrorIs(b, err, rbac.ErrDenied)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
