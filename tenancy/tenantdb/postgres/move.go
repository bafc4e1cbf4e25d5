package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jackc/pgx/v5"
)

// ErrNotSame: the copy is not what it was copied from. Nothing was switched over.
var ErrNotSame = errors.New("tenantdb/postgres: source and copy differ")

// errRecopy: the changes cannot be applied row by row; the copy begins anew.
var errRecopy = errors.New("tenantdb/postgres: the copy has to begin anew")

// Placer is the part of a directory that a move changes; every tenancy.Store is one.
type Placer interface {
	tenancy.Directory
	Place(ctx context.Context, t tenancy.Tenant, shard string, region tenancy.Region) (tenancy.Tenant, error)
}

// MoveOptions are the options of one [Move]. The zero value is the usual choice.
type MoveOptions struct {
	// MaxPause bounds the write pause: a move that would need a longer one gives up, and the tenant goes
	// on where it is. Default 5 s. Writers that are under way when the pause begins count in it.
	MaxPause time.Duration
	// Rounds bounds how often changes are caught up with before the pause. Default 8.
	Rounds int
	// Progress is told of each step, for a person to read; nil is silent.
	Progress func(step string, rows int64)
}

// MoveReport says what a [Move] did.
type MoveReport struct {
	Tenant   tenancy.Tenant   // as the directory has it now
	Rows     map[string]int64 // rows a table, the same on both sides, verified by hash
	Rounds   int              // copies and catch-ups before the pause
	Pause    time.Duration    // how long writes waited
	Leftover int64            // rows removed from the old place
}

// Move takes a live tenant from one database to another: it copies what there is, catches up with
// what changes meanwhile, lets writers wait for a moment, catches up with the rest, compares both
// sides, and switches. Reads go on until the switch. A transaction that still goes to the old place is
// refused there with tenancy.ErrStaleEpoch, and a routed tenantdb.DB runs it again in the new one, so
// that no write is lost or done twice.
//
// Any error before the switch leaves the tenant where it was, writable, and removes the copy, if both databases
// can still be reached. After a crash, call Move
// again with the same arguments: if it came in the moment of the switch, the tenant is refused in both places
// until then. Both databases must have the same tables (package rls fences them), and system roles that may
// read and write them; user-defined triggers that change rows on the new side show as [ErrNotSame] unless the
// system role there may set session_replication_role.
func Move(ctx context.Context, dir Placer, id tenancy.ID, from, to *System, o MoveOptions) (MoveReport, error) {
	m := &move{dir: dir, id: id, from: from, to: to, o: o}
	if m.o.MaxPause <= 0 {
		m.o.MaxPause = 5 * time.Second
	}
	if m.o.Rounds <= 0 {
		m.o.Rounds = 8
	}
	if err := m.run(ctx); err != nil {
		return m.report, fmt.Errorf("tenantdb/postgres: move: %w", err)
	}
	return m.report, nil
}

type move struct {
	dir      Placer
	id       tenancy.ID
	from, to *System
	o        MoveOptions
	groups   []group
	next     int64 // the epoch of the new placement
	paused   time.Time
	report   MoveReport
}

func (m *move) tell(step string, rows int64) {
	if m.o.Progress != nil {
		m.o.Progress(step, rows)
	}
}

// run goes on from wherever an earlier run stopped, which the fences of both databases tell.
func (m *move) run(ctx context.Context) error {
	t, err := m.dir.Lookup(ctx, m.id)
	if err != nil {
		return err
	}
	there := m.to.about
	for _, s := range []*System{m.from, m.to} {
		if err := s.use(ctx, "move a tenant from "+m.from.about.shard+" to "+there.shard, m.id); err != nil {
			return err
		}
	}
	here, err := m.from.fence(ctx, m.id)
	if err != nil {
		return err
	}
	if t.Shard == there.shard { // switched over already: only the old rows are left
		m.report.Tenant = t
		return m.clear(ctx, t)
	}
	unlock, err := m.alone(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if m.groups, err = m.tables(ctx); err != nil {
		return err
	}
	m.next = t.Epoch + 1
	switch here.state {
	case tenancy.Active:
		if err := m.copy(ctx, t); err != nil {
			return errors.Join(err, m.forget(ctx))
		}
	case moved: // the crash was between the switch here and the directory's
		if here.epoch != m.next {
			return tenancy.ErrStaleEpoch
		}
		if err := m.verify(ctx); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%w: only an active tenant moves", tenancy.ErrState)
	}
	if m.report.Tenant, err = m.arrive(ctx, t, there); err != nil {
		return err
	}
	return m.clear(ctx, m.report.Tenant)
}

// alone makes sure that a tenant is moved by one process at a time.
func (m *move) alone(ctx context.Context) (unlock func(), err error) {
	conn, err := m.from.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	var got bool
	const key = `hashtextextended($1, 7233150837425263458)`
	if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock("+key+")", m.id.String()).Scan(&got); err != nil || !got {
		conn.Release()
		if err == nil {
			err = fmt.Errorf("%w: the tenant is being moved already", tenancy.ErrState)
		}
		return nil, err
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
		defer cancel()
		if _, err := conn.Exec(ctx, "SELECT pg_advisory_unlock("+key+")", m.id.String()); err != nil {
			destroy(conn) // and the lock with it
		}
		conn.Release()
	}, nil
}

// tables returns the tenant tables, which must be the same on both sides.
func (m *move) tables(ctx context.Context) ([]group, error) {
	here, err := tenantTables(ctx, m.from.pool, m.from.tenantColumn())
	if err != nil {
		return nil, err
	}
	there, err := tenantTables(ctx, m.to.pool, m.to.tenantColumn())
	if err != nil {
		return nil, err
	}
	if a, b := outline(here), outline(there); a != b {
		return nil, fmt.Errorf("%w: the tenant tables are not the same on both sides", ErrNotSame)
	}
	return here, nil
}

func outline(groups []group) (s string) {
	for _, g := range groups {
		for _, t := range g {
			s += fmt.Sprintln(t.name, t.tenant, t.typ, t.columns, t.key)
		}
	}
	return s
}

// fence is what a database says of a tenant.
type fence struct {
	state tenancy.State
	epoch int64
}

// moved is the state of the tombstone that a tenant leaves where it lived.
const moved tenancy.State = "moved"

func (s *System) fence(ctx context.Context, id tenancy.ID) (f fence, err error) {
	err = s.pool.QueryRow(ctx, `SELECT state, epoch FROM tenancy.tenant WHERE id = $1`, id.String()).Scan(&f.state, &f.epoch)
	if errors.Is(err, pgx.ErrNoRows) {
		err = tenancy.ErrUnknownTenant
	}
	return f, err
}
