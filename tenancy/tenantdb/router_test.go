package tenantdb_test

import (
	"context"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// counted is a directory that counts its questions.
type counted struct {
	*tenancy.Memory
	asked int
}

func (c *counted) Lookup(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error) {
	c.asked++
	return c.Memory.Lookup(ctx, id)
}

func TestARouterGoesWhereTheDirectorySays(t *testing.T) {
	t.Parallel()
	ctx, id := t.Context(), tenancy.MustParseID("a")
	hostOne, one := openSQLite(t)
	hostTwo, two := openSQLite(t)
	dir := &counted{Memory: tenancy.NewMemory()}
	db, err := tenantdb.Route(dir, time.Hour, nil,
		tenantdb.Shard{Name: "one", Backend: hostOne.(tenantdb.Backend)},
		tenantdb.Shard{Name: "two", Backend: hostTwo.(tenantdb.Backend)},
		tenantdb.Shard{Name: "far", Region: "au", Backend: hostTwo.(tenantdb.Backend)})
	require.NoError(t, err)
	a := tenancy.With(ctx, id)

	require.ErrorIs(t, db.Tx(a, insert("0")), tenancy.ErrUnknownTenant)
	entry, err := dir.Create(ctx, tenancy.Tenant{ID: id, Shard: "one"})
	require.NoError(t, err)
	require.NoError(t, hostOne.Provision(ctx, tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}))
	require.NoError(t, db.Tx(a, insert("1")))
	require.NoError(t, db.Expunge(a))
	asked := dir.asked
	require.Equal(t, []string{"1"}, notes(t, a, db))
	require.Equal(t, asked, dir.asked, "the answer was not remembered")
	require.Equal(t, []string{"1"}, notes(t, a, one))

	// The tenant goes to two while the router remembers one: the database at one refuses the old epoch, and
	// the work is done again at two.
	require.NoError(t, hostTwo.Provision(ctx, tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 2}))
	require.NoError(t, hostOne.Provision(ctx, tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 3})) // as if it had left
	entry, err = dir.Place(ctx, entry, "two", "")
	require.NoError(t, err)
	require.NoError(t, db.Tx(a, func(ctx context.Context, tx *sqlx.Tx) error {
		return insert("2")(ctx, tx)
	}))
	require.Equal(t, []string{"2"}, notes(t, a, two))
	require.Equal(t, []string{"1"}, notes(t, a, one))

	// A placement that stays stale is an error, after a moment of asking.
	require.NoError(t, hostTwo.Provision(ctx, tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 9}))
	entry, err = dir.Place(ctx, entry, "one", "") // epoch 3
	require.NoError(t, err)
	entry, err = dir.Place(ctx, entry, "one", "") // epoch 4: wrong for good
	require.NoError(t, err)
	dir.asked = 0
	require.ErrorIs(t, db.Tx(a, insert("3")), tenancy.ErrStaleEpoch)
	require.Greater(t, dir.asked, 3)

	entry, err = dir.Place(ctx, entry, "nowhere", "")
	require.NoError(t, err)
	require.ErrorIs(t, db.Tx(a, insert("3")), tenantdb.ErrUnavailable)
	_, err = dir.Place(ctx, entry, "far", "eu")
	require.NoError(t, err)
	require.ErrorIs(t, db.Tx(a, insert("3")), tenancy.ErrWrongRegion)
	require.ErrorIs(t, db.System(a, "none", insert("3")), tenantdb.ErrNoSystem)
}

func TestARouterIsRefusedWithoutProperShards(t *testing.T) {
	t.Parallel()
	host, _ := openSQLite(t)
	b := host.(tenantdb.Backend)
	for _, shards := range [][]tenantdb.Shard{
		nil,
		{{Name: "", Backend: b}},
		{{Name: "x"}},
		{{Name: "x", Backend: b}, {Name: "x", Backend: b}},
	} {
		_, err := tenantdb.Route(tenancy.NewMemory(), 0, nil, shards...)
		require.Error(t, err)
	}
}

func TestARouterRemembersNothingThatWasNotCommitted(t *testing.T) {
	t.Parallel()
	ctx, id := t.Context(), tenancy.MustParseID("a")
	host, one := openSQLite(t)
	nowhere, _ := openSQLite(t)
	require.NoError(t, host.Provision(ctx, tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}))
	// A directory as tenancysql is one: it answers what the transaction it is asked in has changed.
	dir := lookup(func(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error) {
		t := tenancy.Tenant{ID: id, State: tenancy.Active, Shard: "one", Epoch: 1}
		if ctx.Value(placed{}) != nil {
			t.Shard, t.Epoch = "two", 2
		}
		return t, nil
	})
	db, err := tenantdb.Route(dir, time.Hour, one,
		tenantdb.Shard{Name: "one", Backend: host.(tenantdb.Backend)}, tenantdb.Shard{Name: "two", Backend: nowhere.(tenantdb.Backend)})
	require.NoError(t, err)
	a := tenancy.With(ctx, id)
	require.ErrorIs(t, db.System(a, "place it, and think better of it", func(ctx context.Context, _ *sqlx.Tx) error {
		_ = db.Tx(context.WithValue(ctx, placed{}, true), insert("1"))
		return errMine
	}), errMine)
	require.NoError(t, db.Tx(a, insert("2")))
}

type lookup func(context.Context, tenancy.ID) (tenancy.Tenant, error)

func (l lookup) Lookup(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error) { return l(ctx, id) }

type placed struct{}

func TestARouterRunsSystemWorkOnce(t *testing.T) {
	t.Parallel()
	host, one := openSQLite(t)
	db, err := tenantdb.Route(tenancy.NewMemory(), 0, one, tenantdb.Shard{Name: "one", Backend: host.(tenantdb.Backend)})
	require.NoError(t, err)
	runs := 0
	require.ErrorIs(t, db.System(t.Context(), "compare and swap", func(context.Context, *sqlx.Tx) error {
		runs++
		return tenancy.ErrStaleEpoch
	}), tenancy.ErrStaleEpoch)
	require.Equal(t, 1, runs)
}
