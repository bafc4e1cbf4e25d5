package vaultsql_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

func secret(s string) redact.Secret[string] { return redact.NewSecret(s) }

// item is a value that was sealed.
type item struct {
	who    audit.Subject
	sealed []byte
}

// sealed seals a value for each of n persons.
func sealed(t testing.TB, ctx context.Context, v *vault.Vault, purpose string, n int) []item {
	t.Helper()
	f, err := v.Field(ctx, purpose)
	require.NoError(t, err)
	out := make([]item, n)
	for i := range out {
		out[i].who = audit.SubjectOf("user", fmt.Sprint(i))
		out[i].sealed, err = f.AppendSeal(ctx, nil, "row", out[i].who, []byte(out[i].who))
		require.NoError(t, err)
	}
	return out
}

// opens checks that all of items open.
func opens(t testing.TB, ctx context.Context, v *vault.Vault, purpose string, items []item) {
	t.Helper()
	f, err := v.Field(ctx, purpose)
	require.NoError(t, err)
	for from := 0; from < len(items); from += 1000 {
		part := items[from:min(from+1000, len(items))]
		list := make([]vault.Item, len(part))
		for i, it := range part {
			list[i] = vault.Item{ID: "row", Subject: it.who, Sealed: it.sealed}
		}
		require.NoError(t, f.OpenMany(ctx, list))
		for i := range list {
			require.NoError(t, list[i].Err)
			require.Equal(t, string(part[i].who), string(list[i].Plaintext))
		}
	}
}

// What follows is tried with the rights of the application, by somebody who has its connection and its tenant.
func TestTheDatabaseItselfKeepsWhatItCan(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, s := w.tenant(t), w.store(t)
		v := openVault(t, s, newKeeper(t))
		sealed(t, ctx, v, "mail", 2)
		require.NoError(t, v.RotatePurposeKey(ctx, "mail", vault.Rotation{}))
		_, err := v.Shred(ctx, vault.Shredding{Subject: audit.SubjectOf("user", "0"), Basis: "a test"})
		require.NoError(t, err)
		bot := vault.Ref{Purpose: "slack", ID: "bot"}
		for _, text := range []string{"xoxb-first", "xoxb-second"} {
			require.NoError(t, v.Put(ctx, bot, secret(text), vault.Policy{}))
		}
		tries := []string{
			`UPDATE vault_key SET state = 'a' WHERE state = 'r'`,
			`UPDATE vault_key SET state = 'r' WHERE state = 's'`,
			`UPDATE vault_key SET wrapped = (SELECT wrapped FROM vault_key WHERE state = 'a' LIMIT 1) WHERE state = 's'`,
			`UPDATE vault_key SET state = 'a', wrapped = (SELECT wrapped FROM vault_key WHERE state = 'a' LIMIT 1) WHERE state = 's'`,
			`UPDATE vault_key SET id = commit_hash`,
			`UPDATE vault_key SET subject = id WHERE state = 'a'`,
			`UPDATE vault_key SET purpose = 'x' WHERE state = 'r'`,
			`UPDATE vault_key SET commit_hash = commit_hash, created = created + 1`,
			`DELETE FROM vault_key WHERE state = 's'`,
			`DELETE FROM vault_key`,
			`UPDATE vault_epoch SET epoch = epoch - 1`,
			`DELETE FROM vault_epoch`,
			`UPDATE vault_secret SET version = version - 1`,
			`UPDATE vault_secret SET key_id = fingerprint || fingerprint`,
			`UPDATE vault_secret SET key_id = (SELECT id FROM vault_key WHERE purpose = 'mail' AND level = 1 AND state = 'a')`,
			`UPDATE vault_secret SET created = created - 1`,
			`INSERT INTO vault_key (id, level, purpose, subject, parent, wrapped, commit_hash, state, created)
				SELECT id, level, purpose, subject, parent, parent, commit_hash, 'r', created FROM vault_key WHERE state = 's'`,
			`INSERT INTO vault_key (id, level, purpose, subject, parent, wrapped, commit_hash, state, created)
				SELECT parent, level, purpose, subject, parent, wrapped, commit_hash, 'a', created FROM vault_key WHERE state = 'a' AND level = 1 LIMIT 1`,
		}
		if w.pg != nil {
			tries = append(tries, `TRUNCATE vault_key`, `TRUNCATE vault_secret`, `UPDATE vault_secret SET sealed = key_id`,
				`UPDATE vault_key SET tenant_id = 'other'`, `ALTER TABLE vault_key DISABLE TRIGGER ALL`, `DROP TABLE vault_key`)
		} else {
			tries = append(tries, `UPDATE vault_secret SET place = place + 1`, `DELETE FROM vault_sealed`, `UPDATE vault_sealed SET data = x'01'`,
				`REPLACE INTO vault_key (seq, id, level, purpose, subject, parent, wrapped, commit_hash, state, created)
					SELECT seq, id, level, purpose, subject, parent, parent, commit_hash, 'r', created FROM vault_key WHERE state = 's'`,
				`REPLACE INTO vault_key (seq, id, level, purpose, subject, parent, wrapped, commit_hash, state, created)
					SELECT 99, id, level, purpose, subject, parent, parent, commit_hash, 'a', created FROM vault_key WHERE state = 's'`,
				`REPLACE INTO vault_secret (purpose, id, version, subject, key_id, place, fingerprint, closing, rotate_every, created, replaced)
					SELECT purpose, id, 1, subject, key_id, place, fingerprint, 0, 0, created, replaced FROM vault_secret`,
				`DROP TABLE vault_key`, `DROP TRIGGER vault_key_stays`)
		}
		before := dump(t, ctx, w)
		for _, try := range tries {
			err := w.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
				_, err := tx.ExecContext(ctx, try)
				return err
			})
			require.Error(t, err, try)
			require.Equal(t, before, dump(t, ctx, w), try)
		}
		require.NoError(t, w.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error { // seen to be what a refusal is not
			_, err := tx.ExecContext(ctx, `UPDATE vault_secret SET closing = closing`)
			return err
		}))
	})
}

// dump is what the tables say.
func dump(t testing.TB, ctx context.Context, w *world) (out []string) {
	t.Helper()
	for _, query := range []string{
		`SELECT id, level, purpose, subject, parent, wrapped, commit_hash, state, created FROM vault_key ORDER BY seq`,
		`SELECT epoch FROM vault_epoch`,
		`SELECT purpose, id, version, subject, key_id, fingerprint, created FROM vault_secret ORDER BY purpose, id`,
	} {
		require.NoError(t, w.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			rows, err := tx.QueryxContext(ctx, query)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				row, err := rows.SliceScan()
				if err != nil {
					return err
				}
				out = append(out, fmt.Sprint(row))
			}
			return rows.Err()
		}))
	}
	return out
}

// Also who may do more than the application finds the roots as they are.
func TestRootsAreNeitherChangedNorRemoved(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s := w.store(t)
		openVault(t, s, newKeeper(t))
		roots, _, err := s.Roots(t.Context())
		require.NoError(t, err)
		second := roots[0]
		second.ID[0]++
		require.NoError(t, s.AddRoot(t.Context(), second, roots[0].ID))
		table := "vault_root"
		if w.pg != nil {
			table = "vault_roots.root"
		}
		for _, try := range []string{
			`DELETE FROM %s`, `UPDATE %s SET commit_hash = commit_hash, id = commit_hash`, `UPDATE %s SET state = 'a' WHERE state = 'r'`,
			`UPDATE %s SET state = 's', wrapped = NULL WHERE state = 'a'`, `UPDATE %s SET wrapped = id WHERE state = 'a'`, `DROP TABLE %s`,
		} {
			require.Error(t, w.db.System(t.Context(), "a test", func(ctx context.Context, tx *sqlx.Tx) error {
				_, err := tx.ExecContext(ctx, fmt.Sprintf(try, table))
				return err
			}), try)
		}
		if w.pg != nil {
			owner := openSQL(t, w.pg.Admin.DSN)
			for _, try := range []string{`DELETE FROM vault_roots.root`, `TRUNCATE vault_roots.root`, `SET session_replication_role = replica; DELETE FROM vault_roots.root`,
				`DELETE FROM vault_key`, `TRUNCATE vault_key`} {
				_, err := owner.ExecContext(t.Context(), try)
				if try == `DELETE FROM vault_key` { // there are none
					require.NoError(t, err)
					continue
				}
				require.Error(t, err, try)
			}
		}
		require.NoError(t, s.DestroyRoot(t.Context(), roots[0].ID))
		all, _, err := s.Roots(t.Context())
		require.NoError(t, err)
		require.Len(t, all, 2)
	})
}
