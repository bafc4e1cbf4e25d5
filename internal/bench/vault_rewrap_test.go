package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/bailiwick-dev/bailiwick/vault/vaultsql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
)

// Workload Z, rotation: one operation gives a purpose a new key and wraps the keys of 100,000 persons under it, in batches
// of 1,000, each of which is synced. Beside it, what the store does of that without the cryptography.
func BenchmarkVaultRewrap(b *testing.B) {
	const persons = 100_000
	b.Run("postgres", func(b *testing.B) {
		pg := durablePostgres(b)
		compare(b, rewraps(persons, func(tb testing.TB) (*tenantdb.DB, context.Context) { return vaultServer(tb, pg) }), func(testing.TB) cpuMeter { return nil })
	})
	b.Run("sqlite", func(b *testing.B) { compare(b, rewraps(persons, vaultFiles), nil) })
}

func TestRewrappedKeysOpen(t *testing.T) {
	pg := dbtest.Postgres(t)
	t.Run("postgres", func(t *testing.T) {
		checkWays(t, rewraps(2500, func(tb testing.TB) (*tenantdb.DB, context.Context) { return vaultServer(tb, pg) }))
	})
	t.Run("sqlite", func(t *testing.T) { checkWays(t, rewraps(2500, vaultFiles)) })
}

func rewraps(persons int, open func(tb testing.TB) (*tenantdb.DB, context.Context)) []way {
	rate := func(ns float64) (string, float64) { return "keys/s", float64(persons) * 1e9 / ns }
	return []way{
		{name: "store_alone", also: rate, open: func(tb testing.TB) func(int) error {
			v, s, ctx := manyKeys(tb, open, persons)
			if err := v.RotatePurposeKey(ctx, "mail", vault.Rotation{}); err != nil { // warm
				tb.Fatal(err)
			}
			return func(n int) error {
				for range n {
					if err := moveKeys(ctx, s, persons); err != nil {
						return err
					}
				}
				return nil
			}
		}},
		{name: "ours", also: rate, vs: []string{"store_alone"}, open: func(tb testing.TB) func(int) error {
			v, _, ctx := manyKeys(tb, open, persons)
			return func(n int) error {
				for range n {
					done := 0
					err := v.RotatePurposeKey(ctx, "mail", vault.Rotation{Progress: func(p vault.Progress) { done = p.Done }})
					if err == nil && done != persons {
						err = fmt.Errorf("%d keys were wrapped anew, not %d", done, persons)
					}
					if err != nil {
						return err
					}
				}
				return nil
			}
		}},
	}
}

// moveKeys puts all keys of the purpose under a new one, with the bytes they have. They open no more.
func moveKeys(ctx context.Context, s vault.Store, persons int) error {
	rows, _, err := s.Keys(ctx)
	if err != nil {
		return err
	}
	from := rows[len(rows)-1]
	to := from
	to.ID[0], to.ID[1], to.Wrapped = byte(len(rows)), byte(len(rows)>>8), bytes.Clone(from.Wrapped)
	if _, err := s.AddKey(ctx, to, from.ID); err != nil {
		return err
	}
	moved := 0
	var after int64
	for {
		batch, err := s.Under(ctx, from.ID, after, 1000)
		if err != nil {
			return err
		}
		if len(batch) == 0 {
			break
		}
		for i := range batch {
			after, batch[i].Parent = batch[i].Seq, to.ID
		}
		n, err := s.Rewrap(ctx, batch, from.ID)
		if err != nil {
			return err
		}
		moved += n
	}
	if moved != persons {
		return fmt.Errorf("%d keys were moved, not %d", moved, persons)
	}
	return nil
}

// manyKeys makes a tenant with a key for each of so many persons.
func manyKeys(tb testing.TB, open func(tb testing.TB) (*tenantdb.DB, context.Context), persons int) (*vault.Vault, vault.Store, context.Context) {
	tb.Helper()
	db, ctx := open(tb)
	s, err := vaultsql.New(db)
	if err != nil {
		tb.Fatal(err)
	}
	file := filepath.Join(folder(tb), "key")
	if err := os.WriteFile(file, []byte(vaultKey), 0o600); err != nil {
		tb.Fatal(err)
	}
	keeper, err := vault.KeyFromFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	with := func(s vault.Store) *vault.Vault {
		v, err := vault.Open(ctx, s, keeper, vault.Options{})
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { v.Close() })
		return v
	}
	kept := &keptBack{Store: s}
	field, err := with(kept).Field(ctx, "mail")
	if err != nil {
		tb.Fatal(err)
	}
	for i := range persons {
		if _, err := field.AppendSeal(ctx, nil, "row", audit.SubjectOf("user", fmt.Sprint(i)), []byte("a@example.com")); err != nil {
			tb.Fatal(err)
		}
	}
	if err := kept.store(ctx, db); err != nil {
		tb.Fatal(err)
	}
	return with(s), s, ctx
}

var vaultKey = vault.NewKey().Reveal()

// keptBack keeps the keys of persons, to store them all at once.
type keptBack struct {
	vault.Store
	keys []vault.WrappedKey
}

func (k *keptBack) SubjectKeys(context.Context, string, []vault.Pseudonym) ([]vault.WrappedKey, error) {
	return nil, nil
}

func (k *keptBack) AddKey(ctx context.Context, w vault.WrappedKey, after vault.KeyID) (vault.WrappedKey, error) {
	if w.Level != vault.OfSubject {
		return k.Store.AddKey(ctx, w, after)
	}
	k.keys = append(k.keys, w)
	return w, nil
}

func (k *keptBack) KeysByID(_ context.Context, ids []vault.KeyID) ([]vault.WrappedKey, error) {
	last := k.keys[len(k.keys)-1]
	if len(ids) != 1 || ids[0] != last.ID {
		return nil, fmt.Errorf("another key than the last was asked for")
	}
	return []vault.WrappedKey{last}, nil
}

func (k *keptBack) store(ctx context.Context, db *tenantdb.DB) error {
	return db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if db.Dialect() == tenantdb.Postgres {
			for from := 0; from < len(k.keys); from += 10_000 {
				part := k.keys[from:min(from+10_000, len(k.keys))]
				ids, subjects, wrapped, commits := make([][]byte, len(part)), make([][]byte, len(part)), make([][]byte, len(part)), make([][]byte, len(part))
				for i := range part {
					ids[i], subjects[i], wrapped[i], commits[i] = part[i].ID[:], part[i].Subject[:], part[i].Wrapped, part[i].Commit[:]
				}
				_, err := tx.ExecContext(ctx, `INSERT INTO vault_key (id, level, purpose, subject, parent, wrapped, commit_hash, state, created)
					SELECT id, 2, 'mail', subject, $1, wrapped, commit_hash, 'a', 0 FROM unnest($2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[]) w (id, subject, wrapped, commit_hash)`,
					part[0].Parent[:], ids, subjects, wrapped, commits)
				if err != nil {
					return err
				}
			}
			return nil
		}
		for i := range k.keys {
			w := &k.keys[i]
			_, err := tx.ExecContext(ctx, `INSERT INTO vault_key (seq, id, level, purpose, subject, parent, wrapped, commit_hash, state, created)
				VALUES ((SELECT max(seq) + 1 FROM vault_key), ?, 2, 'mail', ?, ?, ?, ?, 'a', 0)`, w.ID[:], w.Subject[:], w.Parent[:], w.Wrapped, w.Commit[:])
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// vaultServer opens a database of its own on the server of pg, with the tables of the vault.
func vaultServer(tb testing.TB, pg *dbtest.PG) (*tenantdb.DB, context.Context) {
	tb.Helper()
	pg = dbtest.PostgresOn(tb, pg.Admin.DSN)
	setUp(tb, pg, "one", 1)
	cfg, err := pgx.ParseConfig(pg.Owner.DSN)
	if err != nil {
		tb.Fatal(err)
	}
	owner := stdlib.OpenDB(*cfg)
	defer owner.Close()
	if err := vaultsql.Migrate(context.Background(), owner, pg.App.Role, pg.System.Role); err != nil {
		tb.Fatal(err)
	}
	sys := openSystem(tb, pg)
	tb.Cleanup(sys.Close)
	db, err := postgres.New(context.Background(), pool(tb, pg.App.DSN, 2, nil), benchKeys, postgres.WithSystem(sys))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db.TenantDB(), tenantContexts(1)[0]
}

// vaultFiles opens a folder of SQLite files with the tables of the vault, synced at every commit.
func vaultFiles(tb testing.TB) (*tenantdb.DB, context.Context) {
	tb.Helper()
	steps, err := sqlite.ReadMigrations("vault", vaultsql.SQLite())
	if err != nil {
		tb.Fatal(err)
	}
	system, err := sqlite.ReadMigrations("vault", vaultsql.SQLiteSystem())
	if err != nil {
		tb.Fatal(err)
	}
	o := sqlite.Options{Migrations: steps, SystemMigrations: system, SystemAudit: func(context.Context, tenancy.Act) error { return nil }}
	dir, ctxs := ourFiles(tb, 1, o)
	files := openFiles(tb, dir, o)
	tb.Cleanup(func() { files.Close() })
	return files.TenantDB(), ctxs[0]
}
