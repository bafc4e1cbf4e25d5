package vaultsql_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// copyRows puts all of one tenant's rows of a table into another's.
func copyRows(t *testing.T, from, to context.Context, w *world, table, columns, order string) {
	t.Helper()
	var rows [][]any
	require.NoError(t, w.db.Read(from, func(ctx context.Context, tx *sqlx.Tx) error {
		found, err := tx.QueryxContext(ctx, `SELECT `+columns+` FROM `+table+` ORDER BY `+order)
		if err != nil {
			return err
		}
		defer found.Close()
		for found.Next() {
			row, err := found.SliceScan()
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
		return found.Err()
	}))
	require.NotEmpty(t, rows)
	require.NoError(t, w.db.Tx(to, func(ctx context.Context, tx *sqlx.Tx) error {
		for _, row := range rows {
			text := `INSERT INTO ` + table + ` (` + columns + `) VALUES (?` + strings.Repeat(", ?", len(row)-1) + `)`
			if _, err := tx.ExecContext(ctx, tx.Rebind(text), row...); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Somebody who can write both tenants' tables gives the one all that the other has, keys and all: it opens nothing of it.
func TestATenantsRowsAreOfNoUseToAnother(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		keeper, victim, thief := newKeeper(t), w.tenant(t), w.tenant(t)
		v := openVault(t, w.store(t), keeper)
		bot, mine := vault.Ref{Purpose: "slack", ID: "bot"}, vault.Ref{Purpose: "google", ID: "1", Subject: "user:0"}
		for _, r := range []vault.Ref{bot, mine} {
			require.NoError(t, v.Put(victim, r, secret("xoxb-of-the-victim"), vault.Policy{}))
		}
		items := append(sealed(t, victim, v, "mail", 2), sealed(t, victim, v, "phone", 1)...)
		f, err := v.Field(victim, "mail")
		require.NoError(t, err)
		nobodys, err := f.AppendSeal(victim, nil, "row", "", []byte("x"))
		require.NoError(t, err)
		items = append(items, item{"", nobodys})

		seq := "seq, "
		if w.pg != nil {
			seq = ""
		} else {
			copyRows(t, victim, thief, w, "vault_sealed", "place, data", "place")
		}
		copyRows(t, victim, thief, w, "vault_key", seq+"id, level, purpose, subject, parent, wrapped, commit_hash, state, created", "seq")
		secrets := "purpose, id, version, subject, key_id, sealed, fingerprint, closing, rotate_every, expires, created, replaced"
		if w.pg == nil {
			secrets = strings.Replace(secrets, "sealed", "place", 1)
		}
		copyRows(t, victim, thief, w, "vault_secret", secrets, "purpose, id")
		for _, v := range []*vault.Vault{v, openVault(t, w.process(t), keeper)} {
			for _, r := range []vault.Ref{bot, mine} {
				err := v.Use(thief, r, func([]byte) error { t.Error("it was lent"); return nil })
				require.ErrorIs(t, err, vault.ErrNotAuthentic)
				require.NotContains(t, err.Error(), "xoxb")
			}
			for _, purpose := range []string{"mail", "phone"} {
				f, err := v.Field(thief, purpose)
				require.NoError(t, err)
				for _, it := range items {
					_, err = f.AppendOpen(thief, nil, "row", it.who, it.sealed)
					require.ErrorIs(t, err, vault.ErrNotAuthentic)
				}
			}
		}
		require.NoError(t, v.Use(victim, bot, func([]byte) error { return nil }))
	})
}

// Whatever is done at once, what is lent is a whole secret that was put, and no other error comes out than those that say what
// somebody else did.
func TestWhateverIsDoneAtOnceASecretIsWholeOrGone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		keeper, ctx := newKeeper(t), w.tenant(t)
		var vaults []*vault.Vault
		for range 3 {
			v, err := vault.Open(ctx, w.process(t), keeper, vault.Options{FreshFor: 5 * time.Millisecond})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, v.Close()) })
			vaults = append(vaults, v)
		}
		refs := []vault.Ref{{Purpose: "slack", ID: "bot"}, {Purpose: "slack", ID: "mine", Subject: "user:1"}}
		for _, r := range refs {
			require.NoError(t, vaults[0].Put(ctx, r, secret(strings.Repeat("a", 40)), vault.Policy{}))
		}
		act := func(v *vault.Vault, r vault.Ref) error {
			switch n := rand.IntN(20); {
			case n < 8:
				return v.Use(ctx, r, func(b []byte) error {
					if len(b) != 40 || strings.Trim(string(b), string(b[:1])) != "" {
						t.Errorf("%d bytes of several secrets", len(b))
					}
					return nil
				})
			case n < 14:
				return v.Put(ctx, r, secret(strings.Repeat(string(rune('a'+rand.IntN(26))), 40)), vault.Policy{})
			case n < 15:
				return v.Remove(ctx, r, audit.Party{})
			case n < 16:
				_, err := v.Shred(ctx, vault.Shredding{Subject: "user:1", Basis: "a test"})
				return err
			case n < 18:
				return v.RotatePurposeKey(ctx, "slack", vault.Rotation{})
			case n < 19:
				return v.RotateTenantKey(ctx, vault.Rotation{})
			}
			info, err := v.Info(ctx, r)
			if err != nil {
				return err
			}
			return v.Update(ctx, r, info.Version, func(_ context.Context, old []byte) (vault.Renewal, error) {
				return vault.Renewal{Secret: secret(strings.Repeat(string(old[:1]), 40))}, nil
			})
		}
		expected := []error{vault.ErrNotFound, vault.ErrConflict, vault.ErrShredded}
		errs := make([]error, 6)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				for range 40 {
					err := act(vaults[i%len(vaults)], refs[rand.IntN(len(refs))])
					known := err == nil
					for _, e := range expected {
						known = known || errors.Is(err, e)
					}
					if !known {
						errs[i] = fmt.Errorf("unexpected: %w", err)
					}
				}
			})
		}
		wg.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		for _, r := range refs {
			require.NoError(t, vaults[1].Put(ctx, r, secret(strings.Repeat("z", 40)), vault.Policy{}))
			for _, v := range vaults {
				require.NoError(t, v.Use(ctx, r, func(b []byte) error {
					require.Equal(t, strings.Repeat("z", 40), string(b))
					return nil
				}))
			}
		}
	})
}
