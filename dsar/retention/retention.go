package retention

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/erase"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// What is refused. A hold is dsar.ErrHeld.
var (
	// ErrMass: more would go than may go without a plan that somebody confirmed. See [MassError].
	ErrMass = errors.New("retention: too much would go for nobody to have looked at it")
	// ErrClock: the database's clock is not to be trusted.
	ErrClock = errors.New("retention: the clock is not to be trusted")
	// ErrPlan: what would be done is not what was confirmed.
	ErrPlan = errors.New("retention: not the plan that was confirmed")
	// ErrPeriod: a tenant's period is shorter than the law's, or longer than the map's reason to keep.
	ErrPeriod = errors.New("retention: no such period may be set")
	// ErrMap: the map asks for what the database, or this package, cannot do.
	ErrMap = errors.New("retention: the map cannot be followed")
)

// MassError is an [ErrMass] with the plan that somebody has to confirm.
type MassError struct{ Plan *Plan }

func (e *MassError) Error() string { return ErrMass.Error() }

// Unwrap returns [ErrMass].
func (e *MassError) Unwrap() error { return ErrMass }

// Store has the holds and the tenants' periods: a dsar.Store is one.
type Store interface {
	Now(ctx context.Context) (time.Time, error)
	Holds(ctx context.Context, ended bool) ([]dsar.HoldRow, error)
	SetRetention(ctx context.Context, r dsar.RetentionRow) error
	Retentions(ctx context.Context) ([]dsar.RetentionRow, error)
}

// Options of [New]. Recorder is needed.
type Options struct {
	Recorder audit.Recorder
	// Expire deletes rows that erasures kept and whose reason has ended: erase.Eraser.Expire, of an Eraser that asks for holds too. nil: they
	// are left alone.
	Expire func(ctx context.Context) (int64, error)
	// People says who the persons are that holds are on, by their Ref: all of them, or an error. nil: it is not known.
	People func(ctx context.Context, held []dsar.HoldRow) ([]dsar.Person, error)
	// Least is the shortest period of a category that a law allows, whatever a tenant sets.
	Least map[string]dsar.Period
	// Share is which part of a table's rows may go without a confirmation, above Small rows: 0 is a tenth. Rows is how many at most, 0: 10,000;
	// Small 0: 100.
	Share       float64
	Rows, Small int64
	Batch       int           // rows in a transaction; 0: 1,000
	Lease       time.Duration // for how long a worker that says nothing more keeps its sweep; 0: a minute
	// Gap is how far the database's clock may have gone on since the last sweep; 0: 60 days. After a longer pause somebody says
	// [Sweeper.Trust].
	Gap time.Duration
	// Clock is this machine's; nil: time.Now.
	Clock func() time.Time
}

// Sweeper sweeps tenants. It is safe for concurrent use by many processes.
type Sweeper struct {
	db    *tenantdb.DB
	m     *dsar.Compiled
	rows  *rows.Rows
	j     erase.Journal
	store Store
	marks Marks
	o     Options
	waits waiting
}

// New returns the sweeper of what the map says is in db. It asks the database nothing. The journal's tables are in the same database.
func New(db *tenantdb.DB, m *dsar.Compiled, j erase.Journal, st Store, marks Marks, o Options) (*Sweeper, error) {
	if db == nil || m == nil || j == nil || st == nil || marks == nil || o.Recorder == nil {
		return nil, errors.New("retention: it takes a database, a map, a journal, a store, marks and a recorder")
	}
	if o.Share < 0 || o.Share > 1 || o.Rows < 0 || o.Small < 0 || o.Batch < 0 || o.Lease < 0 || o.Gap < 0 {
		return nil, errors.New("retention: options are not negative, and a share is at most 1")
	}
	set(&o.Share, 0.1)
	set(&o.Rows, 10_000)
	set(&o.Small, 100)
	set(&o.Batch, 1000)
	set(&o.Lease, time.Minute)
	set(&o.Gap, 60*24*time.Hour)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	r, err := rows.New(m, db.Dialect())
	if err != nil {
		return nil, err
	}
	return &Sweeper{db: db, m: m, rows: r, j: j, store: st, marks: marks, o: o}, nil
}

func set[T comparable](v *T, to T) {
	if *v == *new(T) {
		*v = to
	}
}

// Set makes p the tenant's period for a category of the map; the zero Period removes it, and the map's holds. By is who says so, as it stands in
// dsar.RetentionRow. ErrPeriod if it is shorter than [Options].Least, or longer than the map keeps a row of it.
func (s *Sweeper) Set(ctx context.Context, category string, p dsar.Period, by string) error {
	now, err := s.store.Now(ctx)
	if err != nil {
		return err
	}
	known := false
	for _, name := range s.m.TableNames() {
		t, _ := s.m.Table(name)
		if t.Retention == nil || categoryOf(&t) != category {
			continue
		}
		known = true
		if !p.IsZero() && s.bounded(&t, p, now) != p {
			return ErrPeriod
		}
	}
	if !known || p.Years < 0 || p.Months < 0 || p.Days < 0 {
		return fmt.Errorf("%w: the map has no such category, or it is none", ErrPeriod)
	}
	ev := audit.Event{Action: periodSet, Outcome: audit.Attempted, Actor: audit.Party{Type: "system"}, Data: map[string]any{"category": category, "period": p.String(), "by": by}}
	if err := s.o.Recorder.Record(ctx, ev); err != nil {
		return fmt.Errorf("retention: the audit log: %w", err)
	}
	return s.store.SetRetention(ctx, dsar.RetentionRow{Category: category, For: p, By: by, Set: now})
}
