package vaultsql_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// Processes that use a tenant's vault for the first time at once agree on the keys.
func TestProcessesRaceOnFirstUse(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		keeper := newKeeper(t)
		var vaults []*vault.Vault
		for range 4 {
			vaults = append(vaults, openVault(t, w.process(t), keeper))
		}
		roots, _, err := w.store(t).Roots(t.Context())
		require.NoError(t, err)
		require.Len(t, roots, 1)
		ctx := w.tenant(t)
		items, errs := make([]item, 24), make([]error, 24)
		var wg sync.WaitGroup
		for i := range items {
			wg.Go(func() {
				items[i].who = audit.SubjectOf("user", fmt.Sprint(i%5))
				f, err := vaults[i%len(vaults)].Field(ctx, "mail")
				if err == nil {
					items[i].sealed, err = f.AppendSeal(ctx, nil, "row", items[i].who, []byte(items[i].who))
				}
				errs[i] = err
			})
		}
		wg.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		for _, v := range append(vaults, openVault(t, w.process(t), keeper)) {
			opens(t, ctx, v, "mail", items)
		}
		rows, _, err := w.store(t).Keys(ctx)
		require.NoError(t, err)
		require.Len(t, rows, 3, "of the tenant, for pseudonyms, and of the purpose")
		n, err := w.store(t).CountUnder(ctx, rows[2].ID)
		require.NoError(t, err)
		require.Equal(t, 5, n)
	})
}

// Keys that a transaction made go with it, out of the database and out of memory.
func TestATransactionThatIsUndoneLeavesNoKeyInMemory(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		keeper, s := newKeeper(t), w.store(t)
		v := openVault(t, s, keeper)
		undo := errors.New("undo")
		for _, known := range []string{"nothing", "the tenant", "the purpose", "the person"} {
			ctx := w.tenant(t)
			f, err := v.Field(ctx, "mail")
			require.NoError(t, err)
			seal := func(ctx context.Context, who audit.Subject) item {
				out, err := f.AppendSeal(ctx, nil, "row", who, []byte(who))
				require.NoError(t, err)
				return item{who, out}
			}
			switch known {
			case "the tenant":
				require.NoError(t, v.Put(ctx, vault.Ref{Purpose: "slack", ID: "bot"}, secret("xoxb"), vault.Policy{}))
			case "the purpose":
				seal(ctx, "")
			case "the person":
				seal(ctx, "user:1")
			}
			before, epoch, err := s.Keys(ctx)
			require.NoError(t, err)
			var lost []item
			require.ErrorIs(t, w.db.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error {
				lost = []item{seal(ctx, ""), seal(ctx, "user:1"), seal(ctx, "user:2")}
				opens(t, ctx, v, "mail", lost)
				return undo
			}), undo, known)
			after, again, err := s.Keys(ctx)
			require.NoError(t, err)
			require.Equal(t, before, after, known)
			require.Equal(t, epoch, again)
			kept := []item{seal(ctx, ""), seal(ctx, "user:1"), seal(ctx, "user:2")}
			for _, v := range []*vault.Vault{v, openVault(t, w.process(t), keeper)} {
				opens(t, ctx, v, "mail", kept)
				f, err := v.Field(ctx, "mail")
				require.NoError(t, err)
				_, err = f.AppendOpen(ctx, nil, "row", lost[2].who, lost[2].sealed)
				require.ErrorIs(t, err, vault.ErrUnknownKey, known)
			}
		}
	})
}

// A key replaced or shredded in a transaction that is undone is as it was.
func TestATransactionThatIsUndoneShredsNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		keeper, ctx := newKeeper(t), w.tenant(t)
		v := openVault(t, w.store(t), keeper)
		items := sealed(t, ctx, v, "mail", 2)
		undo := errors.New("undo")
		require.ErrorIs(t, w.db.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error {
			r, err := v.Shred(ctx, vault.Shredding{Subject: items[0].who, Basis: "a test"})
			require.NoError(t, err)
			require.Equal(t, 1, r.Keys)
			return undo
		}), undo)
		opens(t, ctx, v, "mail", items)
		opens(t, ctx, openVault(t, w.process(t), keeper), "mail", items)
		require.NoError(t, w.db.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error {
			_, err := v.Shred(ctx, vault.Shredding{Subject: items[0].who, Basis: "a test"})
			return err
		}))
		f, err := v.Field(ctx, "mail")
		require.NoError(t, err)
		_, err = f.AppendOpen(ctx, nil, "row", items[0].who, items[0].sealed)
		require.ErrorIs(t, err, vault.ErrShredded, "at once in this process")
		opens(t, ctx, v, "mail", items[1:])
	})
}

// Wrapped bytes that somebody puts into another row open nothing there.
func TestAWrappedKeyIsOfNoUseInAnotherRow(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		keeper, ctx := newKeeper(t), w.tenant(t)
		items := sealed(t, ctx, openVault(t, w.store(t), keeper), "mail", 2)
		require.NoError(t, w.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE vault_key SET wrapped = (SELECT k.wrapped FROM vault_key k WHERE k.level = 2 ORDER BY k.seq LIMIT 1) WHERE level = 2`)
			return err
		}))
		v := openVault(t, w.process(t), keeper)
		opens(t, ctx, v, "mail", items[:1])
		f, err := v.Field(ctx, "mail")
		require.NoError(t, err)
		_, err = f.AppendOpen(ctx, nil, "row", items[1].who, items[1].sealed)
		require.ErrorIs(t, err, vault.ErrNotAuthentic)
	})
}

func TestATenantTheDatabaseRefusesHasNoVault(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		v := openVault(t, w.store(t), newKeeper(t))
		ctx := tenancy.With(t.Context(), tenancy.NewID())
		require.ErrorIs(t, v.Put(ctx, vault.Ref{Purpose: "slack", ID: "bot"}, secret("xoxb"), vault.Policy{}), tenancy.ErrUnknownTenant)
	})
}
