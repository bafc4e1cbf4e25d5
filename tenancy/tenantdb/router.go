package tenantdb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Shard is one of several databases.
type Shard struct {
	Name    string
	Region  tenancy.Region
	Backend Backend // an adapter's DB
}

// Route returns a DB over several databases: each transaction goes where dir says its tenant is.
// What dir answered is remembered for ttl at most (0: not at all). That is safe however wrong it gets, because the
// answer's epoch travels with the transaction and a database refuses one that is not its own.
// Names and regions must be those the databases were set up under. System work goes to system, which may
// be the DB of one of the shards; nil refuses it. Closing the router closes the shards, not system.
func Route(dir tenancy.Directory, ttl time.Duration, system *DB, shards ...Shard) (*DB, error) {
	r := &router{dir: dir, ttl: ttl, system: system, shards: make(map[string]Shard, len(shards))}
	for _, s := range shards {
		if _, twice := r.shards[s.Name]; twice || s.Name == "" || s.Backend == nil {
			return nil, fmt.Errorf("tenantdb: shard %q is unnamed, empty or named twice", s.Name)
		}
		if r.dialect != "" && s.Backend.Dialect() != r.dialect {
			return nil, errors.New("tenantdb: shards of different dialects")
		}
		if named, ok := s.Backend.(interface {
			Shard() (string, tenancy.Region)
		}); ok {
			if name, region := named.Shard(); name != s.Name || region != s.Region {
				return nil, fmt.Errorf("%w: shard %q in region %q is a database that was set up as %q in %q", ErrUnsafe, s.Name, s.Region, name, region)
			}
		}
		r.dialect = s.Backend.Dialect()
		r.shards[s.Name] = s
	}
	if len(r.shards) == 0 {
		return nil, errors.New("tenantdb: no shards")
	}
	return New(r), nil
}

type router struct {
	dir     tenancy.Directory
	ttl     time.Duration
	system  *DB
	shards  map[string]Shard
	dialect Dialect
	known   sync.Map // tenancy.ID -> placed
}

type placed struct {
	t     tenancy.Tenant
	until time.Time
}

func (r *router) Dialect() Dialect { return r.dialect }

// bare is a context without values.
type bare struct{ context.Context }

func (bare) Value(any) any { return nil }

func (r *router) place(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error) {
	if v, ok := r.known.Load(id); ok {
		if p := v.(placed); time.Now().Before(p.until) {
			return p.t, nil
		}
	}
	// Without the values of ctx: an answer from inside the caller's system transaction may never come to be.
	t, err := r.dir.Lookup(bare{ctx}, id)
	if err != nil {
		r.known.Delete(id)
		return tenancy.Tenant{}, err
	}
	if r.ttl > 0 {
		r.known.Store(id, placed{t, time.Now().Add(r.ttl)})
	}
	return t, nil
}

func (r *router) Begin(ctx context.Context, s Scope, o TxOptions) (Begun, error) {
	t, err := r.place(ctx, s.Tenant)
	if err != nil {
		return Begun{}, err
	}
	shard, ok := r.shards[t.Shard]
	switch {
	case !ok:
		r.known.Delete(s.Tenant)
		return Begun{}, fmt.Errorf("%w: the directory names shard %q, which this process does not have", ErrUnavailable, t.Shard)
	case t.Region != "" && t.Region != shard.Region:
		return Begun{}, tenancy.ErrWrongRegion
	}
	s.Epoch = t.Epoch
	b, err := shard.Backend.Begin(ctx, s, o)
	return b, r.Translate(err)
}

func (r *router) BeginSystem(ctx context.Context, reason string, o TxOptions) (Begun, error) {
	if r.system == nil {
		return Begun{}, ErrNoSystem
	}
	return r.system.backend.BeginSystem(ctx, reason, o)
}

// OneShot implements [OneShotter], by a transaction where the shard's backend is none.
func (r *router) OneShot(ctx context.Context, s Scope, query string, args, dest []any) error {
	t, err := r.place(ctx, s.Tenant)
	if err != nil {
		return err
	}
	shard, ok := r.shards[t.Shard]
	shooter, fast := shard.Backend.(OneShotter)
	if !ok || !fast || t.Region != "" && t.Region != shard.Region {
		return tenancy.ErrStaleEpoch // the way by Begin says what is wrong, or does it
	}
	s.Epoch = t.Epoch
	return shooter.OneShot(ctx, s, query, args, dest)
}

// Translate asks the shards: they are of one dialect, so any of them knows the error.
func (r *router) Translate(err error) error { return r.any().Translate(err) }

func (r *router) CommitError(err error) error { return r.any().CommitError(err) }

func (r *router) any() Backend {
	for _, s := range r.shards {
		return s.Backend
	}
	panic("tenantdb: router without shards") // Route refuses it
}

func (r *router) Close() error {
	var errs []error
	for _, s := range r.shards {
		errs = append(errs, s.Backend.Close())
	}
	return errors.Join(errs...)
}
