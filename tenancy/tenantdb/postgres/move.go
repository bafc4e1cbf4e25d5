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

// copy leaves a verified copy on the new side and the old one switched off.
func (m *move) copy(ctx context.Context, t tenancy.Tenant) error {
	away := tenancy.Tenant{ID: m.id, State: tenancy.Provisioning, Region: t.Region, Shard: t.Shard, Epoch: m.next}
	if err := m.to.Provision(ctx, away); err != nil {
		return err
	}
	if err := erase(ctx, m.to.pool, m.id, m.groups, func(pgx.Tx, string, int64) error { return nil }); err != nil {
		return err
	}
	var since uint32
	for m.report.Rounds = 0; ; {
		changed, at, err := m.round(ctx, since)
		m.report.Rounds++
		last := m.report.Rounds >= m.o.Rounds
		if err == nil {
			first := since == 0
			since = at
			m.tell(map[bool]string{true: "copied", false: "caught up"}[first], changed)
			if (first || changed > deltaBatch) && !last {
				continue
			}
			err = m.pause(ctx, t, since)
		}
		if !errors.Is(err, errRecopy) || last {
			return err
		}
		since = 0
		if err := erase(ctx, m.to.pool, m.id, m.groups, func(pgx.Tx, string, int64) error { return nil }); err != nil {
			return err
		}
	}
}

// verify compares both sides whole before the new one is switched on by another run than the one that copied: it may
// have been told to go elsewhere, where what an earlier attempt left would pass for the copy.
func (m *move) verify(ctx context.Context) error {
	at, err := m.to.fence(ctx, m.id)
	if err != nil || at.state == tenancy.Active {
		return err
	}
	return pgx.BeginTxFunc(ctx, m.from.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(src pgx.Tx) error {
		return pgx.BeginFunc(ctx, m.to.pool, func(dst pgx.Tx) error {
			for _, tx := range []pgx.Tx{src, dst} {
				if _, err := tx.Exec(ctx, plainText); err != nil {
					return err
				}
			}
			m.report.Rows, err = same(ctx, m.id, m.groups, src, dst)
			return err
		})
	})
}

// forget removes the copy of a move that gave up, unless the switch was made after all.
func (m *move) forget(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	here, err := m.from.fence(ctx, m.id)
	if err != nil || here.state == moved {
		return err
	}
	return erase(ctx, m.to.pool, m.id, m.groups, func(pgx.Tx, string, int64) error { return nil })
}

// round brings the copy up to a new snapshot of the source and compares both whole. since is the
// snapshot the copy is of, 0 if it is empty.
func (m *move) round(ctx context.Context, since uint32) (changed int64, at uint32, err error) {
	err = pgx.BeginTxFunc(ctx, m.from.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(src pgx.Tx) error {
		return pgx.BeginFunc(ctx, m.to.pool, func(dst pgx.Tx) error {
			if err := m.prepare(ctx, src, dst); err != nil {
				return err
			}
			if at, err = oldest(ctx, src); err != nil {
				return err
			}
			if since == 0 {
				for _, g := range m.groups {
					for _, t := range g {
						n, err := copyTable(ctx, m.id, t, src, dst)
						if err != nil {
							return err
						}
						changed += n
					}
				}
			} else {
				ds, err := m.changes(ctx, since, src, dst)
				if err != nil {
					return err
				}
				for _, d := range ds {
					changed += int64(d.size())
				}
				if err := apply(ctx, m.id, ds, dst); err != nil {
					return err
				}
			}
			m.report.Rows, err = same(ctx, m.id, m.groups, src, dst)
			return err
		})
	})
	return changed, at, err
}

func (m *move) changes(ctx context.Context, since uint32, src, dst pgx.Tx) (ds []*delta, err error) {
	for _, g := range m.groups {
		for _, t := range g {
			d, err := changes(ctx, m.id, t, since, src, dst)
			if err != nil {
				return nil, err
			}
			ds = append(ds, d)
		}
	}
	return ds, nil
}

// prepare makes both sessions write values alike and, where the role may, keeps foreign keys and triggers
// of the new side out of the way: what arrives has been through them once.
func (m *move) prepare(ctx context.Context, src, dst pgx.Tx) error {
	// A purge that comes between waits for this batch, and leaves a state that refuses the next.
	var waiting bool
	err := dst.QueryRow(ctx, `SELECT state = 'provisioning' AND epoch = $2 FROM tenancy.tenant WHERE id = $1 FOR SHARE`,
		m.id.String(), m.next).Scan(&waiting)
	if err != nil || !waiting {
		return errors.Join(err, tenancy.ErrStaleEpoch)
	}
	for _, tx := range []pgx.Tx{src, dst} {
		if _, err := tx.Exec(ctx, plainText); err != nil {
			return err
		}
	}
	sp, err := dst.Begin(ctx)
	if err != nil {
		return err
	}
	if _, err := sp.Exec(ctx, "SET LOCAL session_replication_role = replica"); err != nil {
		if err := sp.Rollback(ctx); err != nil {
			return err
		}
		_, err := dst.Exec(ctx, "SET CONSTRAINTS ALL DEFERRED") // those that can be
		return err
	}
	return sp.Commit(ctx)
}

// oldest returns the oldest transaction that the snapshot of tx could not see: rows written by it or a
// later one may be missing in what tx reads.
func oldest(ctx context.Context, tx pgx.Tx) (xid uint32, err error) {
	var x int64
	err = tx.QueryRow(ctx, "SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::bigint & 4294967295)").Scan(&x)
	return uint32(x), err
}

// pause keeps writers waiting, brings over the last changes, and switches the old side off, all in one
// transaction of the old side: if it fails, or this process dies, writers go on as if nothing had been.
func (m *move) pause(ctx context.Context, t tenancy.Tenant, since uint32) error {
	m.paused = time.Now()
	ctx, cancel := context.WithTimeout(ctx, m.o.MaxPause)
	defer cancel()
	return pgx.BeginFunc(ctx, m.from.pool, func(src pgx.Tx) error {
		if err := lockFence(ctx, src, m.id); err != nil {
			return err
		}
		err := pgx.BeginFunc(ctx, m.to.pool, func(dst pgx.Tx) error {
			if err := m.prepare(ctx, src, dst); err != nil {
				return err
			}
			ds, err := m.changes(ctx, since, src, dst)
			if err != nil {
				return err
			}
			if err := apply(ctx, m.id, ds, dst); err != nil {
				return err
			}
			if err := m.compare(ctx, ds, src, dst); err != nil {
				return err
			}
			return m.sequences(ctx, dst)
		})
		if err != nil {
			return err
		}
		tag, err := src.Exec(ctx, `UPDATE tenancy.tenant SET state = 'moved', epoch = $2, changed_at = clock_timestamp()
			WHERE id = $1 AND state = 'active' AND epoch = $3`, m.id.String(), m.next, t.Epoch)
		if err == nil && tag.RowsAffected() != 1 {
			err = fmt.Errorf("%w: it was changed during the move", tenancy.ErrState)
		}
		return err
	})
}

// compare checks the last changes. Rows that are not among them were compared in the round before and
// have not been written since.
func (m *move) compare(ctx context.Context, ds []*delta, src, dst pgx.Tx) error {
	for _, d := range ds {
		var here, there int64
		count := fmt.Sprintf("SELECT count(*) FROM %s WHERE %s", d.t.name, d.t.where(m.id))
		if err := errors.Join(src.QueryRow(ctx, count).Scan(&here), dst.QueryRow(ctx, count).Scan(&there)); err != nil {
			return err
		}
		for rows := range chunks(d.written) {
			among := fmt.Sprintf("EXISTS (SELECT FROM unnest(%s) AS k(%s) WHERE %s)", params(d.t.key), list(d.t.key, name), matches(d.t))
			args := columnsOf(d.t, d.t.key, rows)
			s, err1 := digestOf(ctx, src, d.t, among, args...)
			c, err2 := digestOf(ctx, dst, d.t, among, args...)
			if err := errors.Join(err1, err2); err != nil {
				return err
			}
			if s != c {
				return fmt.Errorf("%w: rows of %s", ErrNotSame, d.t.name)
			}
		}
		if here != there {
			return fmt.Errorf("%w: %s has %d rows here and %d there", ErrNotSame, d.t.name, here, there)
		}
		m.report.Rows[d.t.name] = here
	}
	return nil
}

// sequences moves the new side's sequences past the values that came along.
func (m *move) sequences(ctx context.Context, dst pgx.Tx) error {
	for _, g := range m.groups {
		for _, t := range g {
			for _, c := range t.serial {
				_, err := dst.Exec(ctx, fmt.Sprintf(`SELECT setval(s.seq, s.top) FROM (SELECT pg_get_serial_sequence($1, $2) AS seq,
					(SELECT max(%s) FROM %s WHERE %s) AS top) s WHERE s.top > coalesce(pg_sequence_last_value(s.seq::regclass), 0)`,
					c.name, t.name, t.where(m.id)), t.name, c.bare)
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// arrive switches the new side on and tells the directory.
func (m *move) arrive(ctx context.Context, t tenancy.Tenant, there about) (tenancy.Tenant, error) {
	here := t
	here.State, here.Shard, here.Epoch = tenancy.Active, there.shard, m.next
	if err := m.to.SetState(ctx, here); err != nil {
		return t, err
	}
	placed, err := m.dir.Place(ctx, t, there.shard, t.Region)
	if err != nil {
		return t, err
	}
	if !m.paused.IsZero() {
		m.report.Pause = time.Since(m.paused)
	}
	if placed.Epoch != m.next {
		return placed, tenancy.ErrStaleEpoch
	}
	m.tell("switched", 0)
	return placed, nil
}

// clear removes what is left behind. The old place keeps a tombstone, so that who still asks there is told
// that the tenant has moved.
func (m *move) clear(ctx context.Context, t tenancy.Tenant) (err error) {
	f, err := m.from.fence(ctx, m.id)
	if err != nil {
		return err
	}
	if f.state != moved {
		return fmt.Errorf("%w: the old place has not been switched off", tenancy.ErrState)
	}
	if m.groups == nil {
		if m.groups, err = m.tables(ctx); err != nil {
			return err
		}
	}
	err = erase(ctx, m.from.pool, m.id, m.groups, func(_ pgx.Tx, _ string, n int64) error {
		m.report.Leftover += n
		return nil
	})
	if err != nil {
		return err
	}
	rows, err := left(ctx, m.from.pool, m.id, m.groups)
	if err == nil && rows > 0 {
		err = fmt.Errorf("%w: %d rows were left behind in the old place", ErrNotSame, rows)
	}
	m.tell("cleared", m.report.Leftover)
	return err
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
