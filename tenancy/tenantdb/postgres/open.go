package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Option changes what [Open] and [New] do.
type Option func(*options)

type options struct {
	plaintext, oldServer, statementCache bool
	system                               *System
	limits                               tenantdb.Limiter
	timeouts                             func(tenancy.ID) Timeouts
}

// AllowPlaintext lets connections to other machines be unencrypted: for networks that encrypt
// below, such as WireGuard. Without it such a configuration is [tenantdb.ErrUnsafe].
func AllowPlaintext() Option { return func(o *options) { o.plaintext = true } }

// AllowOldServer lets the server be a release with published ways around row-level security.
func AllowOldServer() Option { return func(o *options) { o.oldServer = true } }

// AllowStatementCache lets the pool keep prepared statements although a pooler stands before the
// server: for PgBouncer 1.21 and newer with max_prepared_statements above 0, and for poolers that
// give a session one server connection.
func AllowStatementCache() Option { return func(o *options) { o.statementCache = true } }

// WithSystem gives the DB its way to system work, [tenantdb.DB.System]. Without it there is none.
func WithSystem(s *System) Option { return func(o *options) { o.system = s } }

// WithLimits asks l before each transaction and each one-shot statement of a tenant. l must not be the
// limiter of the [tenancy.Gate] in front: a request would wait for itself.
func WithLimits(l tenantdb.Limiter) Option { return func(o *options) { o.limits = l } }

// Timeouts are the server's limits on one transaction. Zero leaves a limit as the server has it.
type Timeouts struct {
	Statement         time.Duration // one statement
	Lock              time.Duration // waiting for one lock
	IdleInTransaction time.Duration // between two statements
}

// WithTimeouts sets limits per tenant. They travel with the scope and cost no round trip.
func WithTimeouts(f func(tenancy.ID) Timeouts) Option { return func(o *options) { o.timeouts = f } }

// DB is a Postgres database seen as one tenant at a time. It is safe for concurrent use.
type DB struct {
	pool   *pgxpool.Pool
	owned  bool
	mode   pgx.QueryExecMode
	pooled bool // a pooler stands before the server
	signer *signer
	opts   options
	about  about
	sql    *sqlx.DB // statements and transactions of ctx's tenant
	tenant *tenantdb.DB
}

// Open connects to dsn, as [pgxpool.New] does, and checks the database as [New] does. Behind a
// pooler it makes the pool describe statements instead of preparing them, unless
// [AllowStatementCache] says that the pooler can take it. Where dsn asks for the simple protocol, which New
// refuses, it uses pgx's mode exec, which works wherever that one does. Close closes the pool.
func Open(ctx context.Context, dsn string, keys tenancy.Keys, opts ...Option) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err // its text leaves passwords out
	}
	if cfg.ConnConfig.DefaultQueryExecMode == pgx.QueryExecModeSimpleProtocol {
		cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, translate(err)
	}
	db, err := New(ctx, pool, keys, opts...)
	if errors.Is(err, errPooledCache) && pooledMode(cfg) {
		pool.Close()
		if pool, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
			return nil, translate(err)
		}
		db, err = New(ctx, pool, keys, opts...)
	}
	if err != nil {
		pool.Close()
		return nil, err
	}
	db.owned = true
	return db, nil
}

// New returns the DB over a pool the caller has and keeps. It refuses, with all the reasons:
//
//   - a role for which row-level security would not hold, a server with known ways around it, and an
//     unencrypted way to another machine ([tenantdb.ErrUnsafe]);
//   - a pool in pgx's simple protocol, which writes parameters into the statement: pg_stat_activity would show
//     every tenant's signed scope to all sessions of the role ([tenantdb.ErrUnsafe]);
//   - a schema tenancy that is missing, older or newer ([tenantdb.ErrSchema]);
//   - keys the database does not accept ([tenantdb.ErrForged]), and a clock more than a scope's
//     life away from its own ([tenantdb.ErrExpired]).
//
// The pool's connections are reset (RESET ALL) after each transaction: what their set-up needs to keep belongs
// in the connection string, not in an AfterConnect hook.
func New(ctx context.Context, pool *pgxpool.Pool, keys tenancy.Keys, opts ...Option) (*DB, error) {
	if keys.Current.IsZero() {
		return nil, errors.New("tenantdb/postgres: no signing key: Keys.Current is not set")
	}
	db := &DB{pool: pool}
	for _, f := range opts {
		f(&db.opts)
	}
	cfg := pool.Config().ConnConfig
	if cfg.DefaultQueryExecMode == pgx.QueryExecModeSimpleProtocol {
		return nil, unsafe([]string{"the simple protocol shows scopes in pg_stat_activity: set default_query_exec_mode=exec"})
	}
	db.mode = cfg.DefaultQueryExecMode
	if reason := plaintextFault(&cfg.Config); reason != "" && !db.opts.plaintext {
		return nil, unsafe([]string{reason + ", or use AllowPlaintext"})
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, acquireError(ctx, err)
	}
	defer conn.Release()
	if err := db.check(ctx, conn.Conn(), keys); err != nil {
		return nil, err
	}
	db.sql = sqlx.NewDb(sql.OpenDB(connector{db}), "pgx")
	db.sql.SetMaxIdleConns(-1) // pool is the pool
	db.tenant = tenantdb.New(db)
	if db.opts.limits != nil {
		db.tenant = db.tenant.WithLimits(db.opts.limits)
	}
	return db, nil
}

var errPooledCache = errors.New("tenantdb/postgres: a pooler stands before the server, and the pool keeps prepared statements: " +
	"set default_query_exec_mode=cache_describe, or allow it by AllowStatementCache")

// check finds reasons not to trust the database behind conn. It runs in the mode that works everywhere.
func (db *DB) check(ctx context.Context, conn *pgx.Conn, keys tenancy.Keys) error {
	var err error
	if db.pooled, err = behindPooler(ctx, conn); err != nil {
		return translate(err)
	}
	if db.pooled && db.mode == pgx.QueryExecModeCacheStatement && !db.opts.statementCache {
		return errPooledCache
	}
	if db.about, err = readAbout(ctx, conn); err != nil {
		return err
	}
	var current, session string
	var server int
	err = conn.QueryRow(ctx, `SELECT current_user, session_user, current_setting('server_version_num')::int`, pgx.QueryExecModeExec).Scan(&current, &session, &server)
	if err != nil {
		return translate(err)
	}
	reasons, err := roleFaults(ctx, conn, session)
	if err != nil {
		return err
	}
	if current != session {
		reasons = append(reasons, "the role was changed after login, and any statement can change it back: log in as it")
	}
	if s := serverFault(server); s != "" && !db.opts.oldServer {
		reasons = append(reasons, s+", or use AllowOldServer")
	}
	if db.opts.system != nil && db.opts.system.about != db.about {
		reasons = append(reasons, "WithSystem was given the system access of another database")
	}
	if len(reasons) > 0 {
		return unsafe(reasons)
	}
	db.signer = newSigner(keys.Current, db.about.shard)
	return db.tryKey(ctx, conn, keys)
}

// tryKey asks for a tenant that cannot exist: a database that accepts the signature says so.
func (db *DB) tryKey(ctx context.Context, conn *pgx.Conn, keys tenancy.Keys) error {
	nobody := db.signer.sign(tenantdb.Scope{}, time.Now().Add(scopeLife)) // no tenant has the id ""
	var b pgx.Batch
	b.Queue(scopeSQL, nobody)
	b.Queue(`SELECT tenancy.id()`)
	err := translate(conn.SendBatch(ctx, &b).Close())
	switch {
	case errors.Is(err, tenancy.ErrUnknownTenant):
		return nil
	case errors.Is(err, tenantdb.ErrForged):
		return fmt.Errorf("%w: the database does not accept key %q: was postgres.Setup given the same secret?", err, keys.Current.ID())
	case err == nil:
		return fmt.Errorf("%w: the database accepts a scope of no tenant", tenantdb.ErrUnsafe)
	}
	return err
}

// TenantDB returns the portable way to the database: transactions that adapters of this library join.
func (db *DB) TenantDB() *tenantdb.DB { return db.tenant }

// SQLX returns the database for users of sqlx and database/sql. Each statement outside a transaction
// is bound to the tenant of its context and is a transaction of its own, or part of the one its
// context carries. Without a tenant it is [tenancy.ErrNoTenant]; so are the methods that take no
// context.
func (db *DB) SQLX() *sqlx.DB { return db.sql }

// Dialect implements [tenantdb.Backend].
func (db *DB) Dialect() tenantdb.Dialect { return tenantdb.Postgres }

// Shard returns the name the database was set up under, and its region.
func (db *DB) Shard() (name string, region tenancy.Region) {
	return db.about.shard, tenancy.Region(db.about.region)
}

// Close ends the DB; if [Open] made the pool, it closes that too, once what is under way has ended.
func (db *DB) Close() error {
	err := db.sql.Close()
	if db.owned {
		db.pool.Close()
	}
	return err
}
