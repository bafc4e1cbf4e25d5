package tenancysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// Store is a [tenancy.Store]. A call whose ctx carries a system transaction of the same database joins
// it, and may go on after [tenancy.ErrUnknownTenant] and the like. Errors of the database are those of package tenantdb.
type Store struct{ db *tenantdb.DB }

var _ tenancy.Store = (*Store)(nil)

// Open returns the directory in the system database of db, whose schema has to be there already:
// [tenantdb.ErrSchema].
func Open(ctx context.Context, db *tenantdb.DB) (*Store, error) {
	if words[db.Dialect()] == nil {
		return nil, fmt.Errorf("tenancysql: no statements for the dialect %q", db.Dialect())
	}
	s := &Store{db}
	have := 0
	err := s.read(ctx, "check the directory's schema", func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &have, s.sql(tx, versionSQL))
	})
	switch {
	case err != nil && (ctx.Err() != nil || isAny(err, tenantdb.ErrNoSystem, tenantdb.ErrPoolFull, tenantdb.ErrUnavailable)):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: the directory was not migrated, or not for this role (%w): %s", tenantdb.ErrSchema, err, remedy(db.Dialect()))
	case have > version:
		return nil, fmt.Errorf("%w: the directory has version %d, this release works with %d: use a newer release", tenantdb.ErrSchema, have, version)
	case have < version:
		return nil, fmt.Errorf("%w: the directory has version %d, this release works with %d: %s", tenantdb.ErrSchema, have, version, remedy(db.Dialect()))
	}
	return s, nil
}

// remedy says what brings the schema up to date.
func remedy(d tenantdb.Dialect) string {
	if d == tenantdb.SQLite {
		return "put tenancysql.Migrations(tenantdb.SQLite) into sqlite.Options.SystemMigrations"
	}
	return "run tenancysql.Migrate as the owner of the database"
}

func isAny(err error, targets ...error) bool {
	for _, t := range targets {
		if errors.Is(err, t) {
			return true
		}
	}
	return false
}

func (s *Store) sql(tx *sqlx.Tx, text string) string {
	return tx.Rebind(words[s.db.Dialect()].Replace(text))
}

func (s *Store) read(ctx context.Context, reason string, fn tenantdb.Func) error {
	return s.run(ctx, reason, fn, func(o *tenantdb.TxOptions) { o.ReadOnly = true })
}

// write may run fn more than once.
func (s *Store) write(ctx context.Context, reason string, fn tenantdb.Func) error {
	return s.run(ctx, reason, fn, tenantdb.Retry(3))
}

// run runs fn. What the directory refuses before it changed anything is an answer and not a failure: it does
// not doom a transaction that was joined.
func (s *Store) run(ctx context.Context, reason string, fn tenantdb.Func, opt tenantdb.Option) error {
	var refusal error
	err := s.db.System(ctx, reason, func(ctx context.Context, tx *sqlx.Tx) error {
		refusal = nil
		err := fn(ctx, tx)
		if isAny(err, tenancy.ErrUnknownTenant, tenancy.ErrExists, tenancy.ErrState, tenancy.ErrStaleEpoch, tenancy.ErrPurged) {
			refusal, err = err, nil
		}
		return err
	}, opt, tenantdb.Routine())
	if err != nil {
		return err
	}
	return refusal
}

// row is an entry as it is stored.
type row struct {
	ID        tenancy.ID     `db:"id"`
	State     tenancy.State  `db:"state"`
	Prior     tenancy.State  `db:"prior"`
	Region    tenancy.Region `db:"region"`
	Shard     string         `db:"shard"`
	Epoch     int64          `db:"epoch"`
	CreatedAt int64          `db:"created_at"`
	ChangedAt int64          `db:"changed_at"`
}

func (r row) tenant() tenancy.Tenant {
	return tenancy.Tenant{ID: r.ID, State: r.State, Prior: r.Prior, Region: r.Region, Shard: r.Shard, Epoch: r.Epoch,
		CreatedAt: time.UnixMicro(r.CreatedAt).UTC(), ChangedAt: time.UnixMicro(r.ChangedAt).UTC()}
}

// get reads one entry.
func (s *Store) get(ctx context.Context, tx *sqlx.Tx, text string, id tenancy.ID) (tenancy.Tenant, error) {
	var r row
	err := tx.GetContext(ctx, &r, s.sql(tx, text), id.String())
	if errors.Is(err, sql.ErrNoRows) {
		return tenancy.Tenant{}, tenancy.ErrUnknownTenant
	}
	return r.tenant(), err
}

// Lookup implements [tenancy.Directory].
func (s *Store) Lookup(ctx context.Context, id tenancy.ID) (t tenancy.Tenant, err error) {
	if id.IsZero() {
		return t, tenancy.ErrNoTenant
	}
	err = s.read(ctx, "look a tenant up", func(ctx context.Context, tx *sqlx.Tx) (err error) {
		t, err = s.get(ctx, tx, lookupSQL, id)
		return err
	})
	return t, err
}

// Create implements [tenancy.Store].
func (s *Store) Create(ctx context.Context, t tenancy.Tenant) (out tenancy.Tenant, err error) {
	if t.ID.IsZero() {
		return out, tenancy.ErrNoTenant
	}
	err = s.write(ctx, "add a tenant", func(ctx context.Context, tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, s.sql(tx, createSQL), t.ID.String(), string(tenancy.Provisioning), string(t.Region), t.Shard)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return tenancy.ErrExists
		}
		out, err = s.get(ctx, tx, lookupSQL, t.ID)
		return err
	})
	return out, err
}

// Claim implements [tenancy.Store].
func (s *Store) Claim(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error) {
	return s.swap(ctx, "claim a tenant", t, func(*tenancy.Tenant) error { return nil })
}

// Transition implements [tenancy.Store].
func (s *Store) Transition(ctx context.Context, t tenancy.Tenant, to tenancy.State) (tenancy.Tenant, error) {
	return s.swap(ctx, "change a tenant's state", t, func(cur *tenancy.Tenant) error {
		if !cur.State.CanBecome(to) {
			return tenancy.ErrState
		}
		cur.Prior, cur.State = cur.State, to
		return nil
	})
}

// Place implements [tenancy.Store].
func (s *Store) Place(ctx context.Context, t tenancy.Tenant, shard string, region tenancy.Region) (tenancy.Tenant, error) {
	return s.swap(ctx, "place a tenant", t, func(cur *tenancy.Tenant) error {
		if cur.State == tenancy.Purging || cur.State == tenancy.Purged {
			return tenancy.ErrPurged
		}
		cur.Shard, cur.Region, cur.Epoch = shard, region, cur.Epoch+1
		return nil
	})
}

// swap changes the entry, locked, if it still is as t was read.
func (s *Store) swap(ctx context.Context, reason string, t tenancy.Tenant, change func(*tenancy.Tenant) error) (out tenancy.Tenant, err error) {
	if t.ID.IsZero() {
		return out, tenancy.ErrNoTenant
	}
	err = s.write(ctx, reason, func(ctx context.Context, tx *sqlx.Tx) error {
		cur, err := s.get(ctx, tx, lockSQL, t.ID)
		switch {
		case err != nil:
			return err
		case cur.Epoch != t.Epoch:
			return tenancy.ErrStaleEpoch
		case !cur.ChangedAt.Equal(t.ChangedAt):
			return tenancy.ErrState
		}
		if err := change(&cur); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, s.sql(tx, changeSQL),
			string(cur.State), string(cur.Prior), string(cur.Region), cur.Shard, cur.Epoch, cur.ID.String())
		if err != nil {
			return err
		}
		out, err = s.get(ctx, tx, lookupSQL, t.ID)
		return err
	})
	return out, err
}

// List implements [tenancy.Store].
func (s *Store) List(ctx context.Context, q tenancy.Query) (out []tenancy.Tenant, err error) {
	text, args := listSQL, []any{q.After.String()}
	for column, v := range map[string]string{"state": string(q.State), "region": string(q.Region), "shard": q.Shard} {
		if v != "" {
			text, args = text+" AND "+column+" = ?", append(args, v)
		}
	}
	text, args = text+" ORDER BY id LIMIT ?", append(args, q.PageSize())
	err = s.read(ctx, "list tenants", func(ctx context.Context, tx *sqlx.Tx) error {
		var rows []row
		if err := tx.SelectContext(ctx, &rows, s.sql(tx, text), args...); err != nil {
			return err
		}
		out = make([]tenancy.Tenant, len(rows))
		for i, r := range rows {
			out[i] = r.tenant()
		}
		return nil
	})
	return out, err
}
