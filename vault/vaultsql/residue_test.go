package vaultsql_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/bailiwick-dev/bailiwick/vault/vaultsql"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// files reads all files of a tenant's database: the file itself, its log and what else is there.
func files(t *testing.T, w *world) (all []byte) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all = append(all, b...)
		return err
	}))
	return all
}

// parts are what a test looks for of wrapped or sealed bytes: the salt in the header, which is shared by what one process seals
// under one key, is none of them.
func part(b []byte) []byte { return b[len(b)-32:] }

func wrappedUnder(t *testing.T, ctx context.Context, s *vaultsql.Store, parent vault.KeyID) (out [][]byte) {
	t.Helper()
	rows, err := s.Under(ctx, parent, 0, 1<<20)
	require.NoError(t, err)
	for _, k := range rows {
		out = append(out, bytes.Clone(k.Wrapped))
	}
	return out
}

func purposeKey(t *testing.T, ctx context.Context, s *vaultsql.Store, level vault.Level, purpose string) vault.WrappedKey {
	t.Helper()
	rows, _, err := s.Keys(ctx)
	require.NoError(t, err)
	for _, k := range rows {
		if k.Level == level && k.Purpose == purpose && k.State == vault.Active {
			k.Wrapped = bytes.Clone(k.Wrapped)
			return k
		}
	}
	t.Fatal("no such key")
	return vault.WrappedKey{}
}

func TestNothingTakenAwayIsLeftInAnySQLiteFile(t *testing.T) {
	t.Parallel()
	w := onSQLite(t)
	ctx, s := w.tenant(t), w.store(t)
	v := openVault(t, s, newKeeper(t))
	items := sealedTogether(t, ctx, w, v, "mail", 400)
	left := func(gone ...[]byte) (n int) {
		all := files(t, w)
		for _, b := range gone {
			if bytes.Contains(all, part(b)) {
				n++
			}
		}
		return n
	}

	// Shred, of a person here and there.
	mail := purposeKey(t, ctx, s, vault.OfPurpose, "mail")
	before := wrappedUnder(t, ctx, s, mail.ID)
	require.Len(t, before, len(items))
	require.Equal(t, len(before), left(before...), "seen to look")
	for i := 0; i < len(items); i += 7 {
		r, err := v.Shred(ctx, vault.Shredding{Subject: items[i].who, Basis: "a test"})
		require.NoError(t, err)
		require.Equal(t, 1, r.Keys)
	}
	after := wrappedUnder(t, ctx, s, mail.ID)
	var gone [][]byte
	stays := map[string]bool{}
	for _, b := range after {
		stays[string(b)] = true
	}
	for _, b := range before {
		if !stays[string(b)] {
			gone = append(gone, b)
		}
	}
	require.Len(t, gone, 58)
	require.Zero(t, left(gone...))
	require.Equal(t, len(after), left(after...))

	// Rewrap of all persons' keys, and of the purposes'; and the keys above them that are destroyed.
	require.NoError(t, v.RotatePurposeKey(ctx, "mail", vault.Rotation{}))
	require.Zero(t, left(after...))
	top := purposeKey(t, ctx, s, vault.OfTenant, "")
	purposes := wrappedUnder(t, ctx, s, top.ID)
	require.Equal(t, len(purposes), left(purposes...))
	require.NoError(t, v.RotateTenantKey(ctx, vault.Rotation{}))
	require.Zero(t, left(append(purposes, top.Wrapped)...))

	// Secrets of all sizes, replaced and removed.
	var old [][]byte
	for round := range 6 {
		for i := range 12 {
			n, err := rand.Int(rand.Reader, big.NewInt(9000))
			require.NoError(t, err)
			text := rand.Text() + strings.Repeat("x", int(n.Int64()))
			ref := vault.Ref{Purpose: "slack", ID: fmt.Sprint(i)}
			require.NoError(t, v.Put(ctx, ref, secret(text), vault.Policy{}))
			row, err := s.Secret(ctx, ref.Purpose, ref.ID)
			require.NoError(t, err)
			require.Equal(t, 1, left(row.Sealed))
			old = append(old, bytes.Clone(row.Sealed))
			if (i+round)%5 == 0 {
				require.NoError(t, v.Remove(ctx, ref, audit.Party{}))
			}
		}
		newest := 0
		require.NoError(t, s.Secrets(ctx, "", "", func(vault.StoredSecret) error { newest++; return nil }))
		require.Equal(t, newest, left(old...), "round %d", round)
	}
	// Sealed anew, under the purpose's next key.
	var under [][]byte
	rows, err := s.SecretsUnder(ctx, purposeKey(t, ctx, s, vault.OfPurpose, "slack").ID, "", "", 1000)
	require.NoError(t, err)
	for _, r := range rows {
		under = append(under, bytes.Clone(r.Sealed))
	}
	require.Greater(t, len(under), 5)
	require.Equal(t, len(under), left(under...))
	require.NoError(t, v.RotatePurposeKey(ctx, "slack", vault.Rotation{}))
	require.Zero(t, left(append(old, under...)...))
	// In a transaction of the application's it is so once that has committed.
	require.NoError(t, w.db.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error {
		for i := range 12 {
			if err := v.Remove(ctx, vault.Ref{Purpose: "slack", ID: fmt.Sprint(i)}, audit.Party{}); err != nil && !errors.Is(err, vault.ErrNotFound) {
				return err
			}
		}
		return nil
	}))
	require.Zero(t, left(old...))
	// The parts in the middle of long ones are gone with their ends.
	all := files(t, w)
	for _, b := range old {
		if len(b) > 200 {
			require.NotContains(t, string(all), string(b[100:132]))
		}
	}
	var rest []item
	for i, it := range items {
		if i%7 != 0 {
			rest = append(rest, it)
		}
	}
	opens(t, ctx, v, "mail", rest)
}

// sealedTogether is sealed in one transaction.
func sealedTogether(t testing.TB, ctx context.Context, w *world, v *vault.Vault, purpose string, n int) (items []item) {
	t.Helper()
	require.NoError(t, w.db.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error {
		items = sealed(t, ctx, v, purpose, n)
		return nil
	}))
	return items
}

func TestAReaderDelaysWhatShreddingRemovesAndNoLonger(t *testing.T) {
	t.Parallel()
	w := onSQLite(t)
	ctx, s := w.tenant(t), w.store(t)
	v := openVault(t, s, newKeeper(t))
	items := sealed(t, ctx, v, "mail", 2)
	mail := purposeKey(t, ctx, s, vault.OfPurpose, "mail")
	before := wrappedUnder(t, ctx, s, mail.ID)
	id, err := tenancy.From(ctx)
	require.NoError(t, err)
	require.NoError(t, w.db.Read(ctx, func(within context.Context, tx *sqlx.Tx) error {
		var n int
		require.NoError(t, tx.GetContext(within, &n, `SELECT count(*) FROM vault_key`))
		r, err := v.Shred(tenancy.With(context.Background(), id), vault.Shredding{Subject: items[0].who, Basis: "a test"})
		require.NoError(t, err)
		require.Equal(t, 1, r.Keys)
		require.Contains(t, strings.Join(r.Residue, "\n"), "transactions that were reading", "the receipt says so")
		require.True(t, bytes.Contains(files(t, w), part(before[0])))
		return nil
	}))
	require.False(t, bytes.Contains(files(t, w), part(before[0])), "gone with the reader")
	require.True(t, bytes.Contains(files(t, w), part(before[1])))
}

// What the receipt says of Postgres is so: the bytes are in the server's files after Shred, and not in the table.
func TestPostgresSaysWhereCopiesOfAShreddedKeyMayBe(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	ctx, s := w.tenant(t), w.store(t)
	v := openVault(t, s, newKeeper(t))
	items := sealed(t, ctx, v, "mail", 1)
	r, err := v.Shred(ctx, vault.Shredding{Subject: items[0].who, Basis: "a test"})
	require.NoError(t, err)
	require.Equal(t, s.Residue(), r.Residue)
	for _, word := range []string{"VACUUM", "write-ahead log", "archive", "replicas", "backups"} {
		require.Contains(t, strings.Join(r.Residue, "\n"), word)
	}
	var dead int // the row's version with the key in it is still there
	admin := openSQL(t, w.pg.Admin.DSN)
	if _, err := admin.ExecContext(t.Context(), `CREATE EXTENSION IF NOT EXISTS pageinspect`); err != nil {
		t.Skip("no pageinspect here")
	}
	require.NoError(t, admin.QueryRowContext(t.Context(), `SELECT count(*) FROM heap_page_items(get_raw_page('vault_key', 0)) WHERE t_xmax::text <> '0' AND t_data IS NOT NULL`).Scan(&dead))
	require.NotZero(t, dead)
}
