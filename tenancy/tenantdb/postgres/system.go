package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// SystemOptions are those of [OpenSystem].
type SystemOptions struct {
	// Audit is told of each use before it happens (tenancy.system, with its reason, the shard and, if it concerns one, the
	// tenant); an error of it forbids the use. It must not be nil: where nothing is to be kept, say so with a function that
	// returns nil.
	Audit tenancy.Hook
	// AllowPlaintext and AllowOldServer are those of [Open].
	AllowPlaintext, AllowOldServer bool
	// TenantColumn is the column that names the tenant of a row, by which purges and moves find the
	// tenant tables; "" means tenant_id. A fenced table without it stops them.
	TenantColumn string
}

// System is the database seen across tenants, by a role of its own for which row-level security does
// not hold. Keep it away from code that serves requests. It is safe for concurrent use.
type System struct {
	pool  *pgxpool.Pool
	owned bool
	opts  SystemOptions
	about about
}

// OpenSystem connects to dsn as the system role. Close closes the connections.
func OpenSystem(ctx context.Context, dsn string, o SystemOptions) (*System, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err // its text leaves passwords out
	}
	// A few system jobs do not repeat statements often enough for a cache to matter, and this mode works
	// behind every pooler.
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, translate(err)
	}
	s, err := NewSystem(ctx, pool, o)
	if err != nil {
		pool.Close()
		return nil, err
	}
	s.owned = true
	return s, nil
}

// NewSystem is OpenSystem over a pool the caller has and keeps.
func NewSystem(ctx context.Context, pool *pgxpool.Pool, o SystemOptions) (*System, error) {
	if o.Audit == nil {
		return nil, errors.New("tenantdb/postgres: system access needs an audit hook")
	}
	s := &System{pool: pool, opts: o}
	if reason := plaintextFault(&pool.Config().ConnConfig.Config); reason != "" && !o.AllowPlaintext {
		return nil, unsafe([]string{reason + ", or set AllowPlaintext"})
	}
	var bypasses bool
	var server int
	err := pool.QueryRow(ctx, `SELECT rolbypassrls OR rolsuper, current_setting('server_version_num')::int
		FROM pg_catalog.pg_roles WHERE rolname = current_user`).Scan(&bypasses, &server)
	if err != nil {
		return nil, acquireError(ctx, err)
	}
	if !bypasses {
		return nil, unsafe([]string{"the system role lacks BYPASSRLS: it would see nothing"})
	}
	if reason := serverFault(server); reason != "" && !o.AllowOldServer {
		return nil, unsafe([]string{reason + ", or set AllowOldServer"})
	}
	if s.about, err = readAbout(ctx, pool); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *System) tenantColumn() string { return cmp.Or(s.opts.TenantColumn, "tenant_id") }

// Shard returns the name the database was set up under, and its region.
func (s *System) Shard() (name string, region tenancy.Region) {
	return s.about.shard, tenancy.Region(s.about.region)
}

// use asks the audit hook.
func (s *System) use(ctx context.Context, reason string, id tenancy.ID) error {
	return s.enter(ctx, reason, id, false)
}

func (s *System) enter(ctx context.Context, reason string, id tenancy.ID, routine bool) error {
	if strings.TrimSpace(reason) == "" {
		return errors.New("tenantdb/postgres: system work needs a reason")
	}
	a := tenancy.Act{ID: uuid.New(), Name: "tenancy.system", Stage: tenancy.Entered, Tenant: id, Shard: s.about.shard, Reason: reason, Routine: routine}
	if err := s.opts.Audit(ctx, a); err != nil {
		return fmt.Errorf("tenantdb/postgres: system work was not audited, so it is not done: %w", err)
	}
	return nil
}

// newTx returns a transaction that belongs to no tenant, once its use has been audited.
func (s *System) newTx(ctx context.Context, reason string, o tenantdb.TxOptions) (*tx, error) {
	if err := s.enter(ctx, reason, tenancy.ID{}, o.Routine); err != nil {
		return nil, err
	}
	begin, err := beginSQL(o)
	if err != nil {
		return nil, err
	}
	return &tx{pool: s.pool, ctx: ctx, begin: begin}, nil
}

// Tx runs fn in a transaction across tenants, and commits it if fn returns nil. reason goes to the audit
// hook first.
func (s *System) Tx(ctx context.Context, reason string, fn func(ctx context.Context, tx pgx.Tx) error) error {
	if err := s.use(ctx, reason, tenancy.ID{}); err != nil {
		return err
	}
	return s.run(ctx, fn)
}

// run is Tx for what has been audited.
func (s *System) run(ctx context.Context, fn func(ctx context.Context, tx pgx.Tx) error) error {
	begin, err := beginSQL(tenantdb.TxOptions{})
	if err != nil {
		return err
	}
	t := &tx{pool: s.pool, ctx: ctx, begin: begin}
	defer func() { _ = t.Rollback(ctx) }() // does nothing after Commit
	if err := fn(ctx, inner{t}); err != nil {
		return translate(err)
	}
	return commitError(t.Commit(ctx))
}

// Each calls fn for each tenant that can be read, in the order of their ids, with a context of that tenant:
// fn does its work through a [DB], confined like any other. It stops at the first error. reason goes
// to the audit hook once for each tenant.
func (s *System) Each(ctx context.Context, reason string, fn func(ctx context.Context, id tenancy.ID) error) error {
	const page = 500
	for after := ""; ; {
		ids, err := s.page(ctx, after, page)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := s.use(ctx, reason, id); err != nil {
				return err
			}
			if err := fn(tenancy.Switch(ctx, id), id); err != nil {
				return err
			}
		}
		if len(ids) < page {
			return nil
		}
		after = ids[len(ids)-1].String()
	}
}

func (s *System) page(ctx context.Context, after string, n int) ([]tenancy.ID, error) {
	rows, err := s.pool.Query(ctx, `SELECT id FROM tenancy.tenant
		WHERE id > $1 AND state IN ('active', 'exporting', 'moving') ORDER BY id LIMIT $2`, after, n)
	if err != nil {
		return nil, translate(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[tenancy.ID])
	return ids, translate(err)
}

// Close closes the connections, if [OpenSystem] made them.
func (s *System) Close() {
	if s.owned {
		s.pool.Close()
	}
}
