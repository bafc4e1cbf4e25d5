package erase

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sync/errgroup"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// run is one worker at one job.
type run struct {
	e      *Eraser
	job    dsar.Job
	worker string
	entry  Entry
	l      *layout
	sel    *rows.Selection
	last   bool // the last pass is on: its transaction has been fenced, and holds the person's row
	of     int64

	mu    sync.Mutex // of what follows: tables may have their turns side by side
	steps map[int]Step
	began time.Time // of the lease, by this machine's clock: when to renew it
	done  int64
}

// Erase implements [dsar.Eraser].
func (e *Eraser) Erase(ctx context.Context, j dsar.Job) (*dsar.Erased, error) {
	if len(e.m.Undecided()) > 0 {
		return nil, dsar.ErrUndecided
	}
	if j.ID == "" {
		return nil, errors.New("erase: a job has an id")
	}
	if e.db.InTx(ctx) {
		return nil, errors.New("erase: an erasure commits as it goes, and cannot be part of a transaction")
	}
	secret, err := e.j.Secret(ctx)
	if err != nil {
		return nil, err
	}
	r := &run{e: e, job: j, worker: token(), steps: map[int]Step{}}
	entry, err := e.j.Find(ctx, j.ID)
	if err != nil {
		return nil, err
	}
	if entry.Job == "" {
		plan, root, err := e.plan(ctx, j.Person, secret, j.Progress != nil)
		if err != nil {
			return nil, err
		}
		if plan.Hash != j.Approved {
			return nil, dsar.ErrPlan
		}
		if plan.cost > e.o.Scan && e.o.Scan >= 0 {
			return nil, ErrCost
		}
		r.l = plan.l
		for _, t := range plan.Tables {
			r.of += t.Rows
		}
		entry = Entry{Job: j.ID, Plan: plan.Hash, Map: e.m.Hash(), Who: who(secret, j.Person), Root: root, Salt: salt()}
	}
	if r.entry, err = e.j.Open(ctx, entry, r.worker, e.o.Lease); err != nil {
		return nil, err
	}
	if r.entry.Plan != j.Approved || r.entry.Map != e.m.Hash() && r.entry.Done.IsZero() || !same(r.entry.Who, who(secret, j.Person)) {
		return nil, errors.Join(dsar.ErrPlan, e.j.Leave(context.WithoutCancel(ctx), j.ID, r.worker))
	}
	if !r.entry.Done.IsZero() {
		return result(r.entry)
	}
	r.began = time.Now()
	err = r.all(ctx, secret)
	if err == nil {
		r.entry, err = e.j.Find(ctx, j.ID)
	}
	if err == nil {
		return result(r.entry)
	}
	var part *dsar.Erased
	if errors.Is(err, dsar.ErrHeld) && r.l != nil { // what was done stays done
		part = &dsar.Erased{Plan: r.entry.Plan, Begun: r.entry.Begun}
		counted := e.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
			part.Tables, err = r.counts(ctx, tx)
			return err
		})
		err = errors.Join(err, counted)
	}
	return part, errors.Join(err, e.j.Leave(context.WithoutCancel(ctx), j.ID, r.worker))
}

func token() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // it never fails
	return hex.EncodeToString(b)
}

func salt() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return b
}

// all does what is left of the job.
func (r *run) all(ctx context.Context, secret []byte) (err error) {
	if r.l == nil {
		if r.l, err = r.e.layout(ctx, r.job.Person.Kind); err != nil {
			return err
		}
	}
	steps, err := r.e.j.Steps(ctx, r.job.ID)
	if err != nil {
		return err
	}
	for _, s := range steps {
		r.steps[s.Seq] = s
		r.done += s.Rows
	}
	if !r.steps[ended].Done {
		if err := r.resolve(ctx); err != nil {
			return err
		}
		went, err := r.cascade(ctx, secret)
		if err == nil && !went {
			err = r.rounds(ctx, secret)
		}
		if err != nil {
			return err
		}
	}
	return r.finish(ctx)
}

// resolve finds the person. Of who has no row nothing may be left but keys that were noted; then there is no selection.
func (r *run) resolve(ctx context.Context) error {
	var sel *rows.Selection
	find := func(ctx context.Context, _ *sqlx.Tx) (err error) {
		sel, err = r.e.rows.Resolve(ctx, r.e.db, r.job.Person)
		return err
	}
	var err error
	if r.last { // that there is nobody does not undo the last pass
		err = r.e.db.Savepoint(ctx, find)
	} else {
		err = find(ctx, nil)
	}
	if errors.Is(err, dsar.ErrNobody) && r.entry.Root == nil {
		return nil
	}
	r.sel = sel
	return err
}

// rounds takes the parts in turn in committed batches, and then all that came meanwhile in one transaction, with the person's row.
func (r *run) rounds(ctx context.Context, secret []byte) error {
	// Somebody may write a row that points at one which is about to go. It is found by beginning again; and if they do not stop, in the
	// last pass, which lets nobody write.
	for try := 1; try <= 3; try++ {
		err := r.standIns(ctx, secret)
		if err == nil {
			_, err = r.round(ctx, secret)
		}
		if err == nil {
			break
		}
		if !refers(err) {
			return err
		}
		for seq, s := range r.steps {
			if s.Done && seq >= 0 {
				s.Done = false
				r.steps[seq] = s
			}
		}
	}
	for try := 1; ; try++ {
		err := r.final(ctx, secret)
		if refers(err) && try == 5 {
			return fmt.Errorf("%w: %w", ErrReference, err)
		}
		if !refers(err) {
			return err
		}
	}
}

// round takes each part once, and returns how many rows it changed.
func (r *run) round(ctx context.Context, secret []byte) (changed int64, err error) {
	for _, p := range r.l.parts { // before any row changes
		if p.before() && !r.step(p.seq).Done {
			if err := r.capture(ctx, p, secret); err != nil {
				return changed, err
			}
		}
	}
	for phase := range phases {
		for _, tables := range r.l.groups {
			n, err := r.turn(ctx, tables, phase, secret)
			if changed += n; err != nil {
				return changed, err
			}
		}
	}
	return changed, nil
}

// turn takes the parts of a phase of tables that do not wait for each other, several of them at once where the database can.
func (r *run) turn(ctx context.Context, tables []*table, phase int, secret []byte) (int64, error) {
	var changed atomic.Int64
	var g errgroup.Group // what fails stops no other in the middle of a batch
	if g.SetLimit(r.e.o.Tables); phase != turns || r.last || !r.l.pg {
		g.SetLimit(1)
	}
	var failed atomic.Bool
	for _, t := range tables {
		g.Go(func() error {
			for _, p := range r.l.parts {
				if p.table != t || p.phase() != phase || failed.Load() || r.step(p.seq).Done || phase == turns && !r.last && r.late(t) {
					continue
				}
				n, err := r.part(ctx, p, secret)
				if changed.Add(n); err != nil {
					failed.Store(true)
					return fmt.Errorf("erase: %s: %w", t.Name, err)
				}
			}
			return nil
		})
	}
	err := g.Wait()
	return changed.Load(), err
}

// step is how far a part is.
func (r *run) step(seq int) Step {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.steps[seq]
}

// late reports whether rows of the table go in the last pass: the person's own, and those that it points at.
func (r *run) late(t *table) bool {
	root := r.l.root
	if root == nil {
		return false
	}
	return t.root || t.Deferred && root.Deferred && t.Wave == root.Wave || t.Wave > root.Wave && r.l.behind(root, t, map[string]bool{})
}

// batch runs fn in a transaction of its own, in which nobody else has the job, no hold is on the table, and the person's row is still
// theirs; in the last pass in the one there is.
func (r *run) batch(ctx context.Context, t *table, secret []byte, fn func(ctx context.Context, tx *sqlx.Tx) error) error {
	if r.last {
		return r.e.db.Tx(ctx, fn)
	}
	r.mu.Lock()
	renew := time.Since(r.began) > r.e.o.Lease/3
	if renew {
		r.began = time.Now()
	}
	r.mu.Unlock()
	if renew {
		if err := r.e.j.Renew(ctx, r.job.ID, r.worker, r.e.o.Lease); err != nil {
			return err
		}
	}
	return r.e.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := r.e.rows.NoJIT(ctx, tx); err != nil {
			return err
		}
		if err := r.e.j.Fence(ctx, r.job.ID, r.worker); err != nil {
			return err
		}
		if err := r.held(ctx, t.Name); err != nil {
			return err
		}
		if err := r.still(ctx, tx, secret, "KEY SHARE"); err != nil {
			return err
		}
		return fn(ctx, tx)
	}, tenantdb.Retry(5))
}

func (r *run) held(ctx context.Context, table string) error {
	if r.e.o.Held == nil {
		return nil
	}
	return r.e.o.Held(ctx, r.job.Person, table)
}

// advance writes down what a batch did.
func (r *run) advance(ctx context.Context, s Step) error { return r.e.j.Advance(ctx, r.job.ID, s) }

// did takes note that a batch was committed.
func (r *run) did(s Step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rows := s.Rows
	s.Rows += r.steps[s.Seq].Rows
	r.steps[s.Seq] = s
	r.done += rows
	if r.job.Progress != nil && rows > 0 {
		r.job.Progress(dsar.Progress{Table: s.Table, Rows: r.done, Of: max(r.of, 0)})
	}
}

// capture notes the keys of a part's rows; where links of several ties are cut from them, also which of these from which rows: once others
// are cut or gone, nothing tells.
func (r *run) capture(ctx context.Context, p *part, secret []byte) error {
	cond, ok := r.which(p)
	if !ok {
		return nil
	}
	return r.batch(ctx, p.table, secret, func(ctx context.Context, tx *sqlx.Tx) error {
		n, err := r.note(ctx, tx, p.table, p.seq, r.step(p.seq).Cursor, cond)
		if err != nil || n == 0 || len(p.cuts) < 2 {
			return err
		}
		for _, i := range p.cuts {
			if points, ok := r.sel.Points(p.Name, i, rows.Erased); ok {
				if _, err := r.note(ctx, tx, p.table, p.tied(i), 0, rows.Concat("(", points, ") AND ", r.noted(p.table, p.seq, 0, 1<<62))); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// which is the condition of a part's rows as the database is now.
func (r *run) which(p *part) (rows.Cond, bool) { return p.which(r.l, r.sel) }

func (p *part) which(l *layout, sel *rows.Selection) (rows.Cond, bool) {
	if sel == nil {
		return rows.Cond{}, false
	}
	if len(p.cuts) > 0 {
		var points []rows.Cond
		for _, i := range p.cuts {
			if c, ok := sel.Points(p.Name, i, rows.Erased); ok {
				points = append(points, c)
			}
		}
		if len(points) == 0 {
			return rows.Cond{}, false
		}
		whose, ok := sel.Where(p.Name, p.of)
		switch {
		case !ok && p.own:
			return rows.Cond{}, false
		case !ok:
			return either(points), true
		case !p.own:
			whose = whose.Not()
		}
		return rows.Concat("(", either(points), ") AND (", whose, ")"), true
	}
	out, ok := sel.Where(p.Name, p.of)
	if ok && p.own {
		var filled []rows.Cond
		for _, e := range p.sets {
			filled = append(filled, rows.Cond{SQL: schema.Columns("t", []string{e.column}) + " IS NOT NULL"})
		}
		return rows.Concat("(", out, ") AND (", either(filled), ")"), true
	}
	if ok && p.ended != 0 {
		is := " <= "
		if p.ended < 0 {
			is = " > "
		}
		out = rows.Concat("(", out, ") AND ", l.until(p.table), is+l.now())
	}
	return out, ok
}

// final takes all that is left in one transaction, with the person's row locked: who writes a row that points at it waits, and
// is then refused.
func (r *run) final(ctx context.Context, secret []byte) error {
	steps := map[int]Step{}
	for k, v := range r.steps {
		steps[k] = v
	}
	done := r.done
	defer func() { r.last = false }()
	err := r.e.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
		r.last, r.steps, r.done = true, map[int]Step{}, done
		for k, v := range steps {
			v.Done = k < 0
			r.steps[k] = v
		}
		if err := r.e.rows.NoJIT(ctx, tx); err != nil {
			return err
		}
		if err := r.e.j.Fence(ctx, r.job.ID, r.worker); err != nil {
			return err
		}
		for _, t := range r.l.tables {
			if err := r.held(ctx, t.Name); err != nil {
				return err
			}
		}
		if err := r.still(ctx, tx, secret, "UPDATE"); err != nil {
			return err
		}
		if err := r.resolve(ctx); err != nil {
			return err
		}
		if err := r.lock(ctx, tx); err != nil {
			return err
		}
		for pass := 1; ; pass++ { // what a trigger writes is found by the next pass
			n, err := r.round(ctx, secret)
			if err != nil {
				return err
			}
			if n == 0 {
				break
			}
			if pass == 10 {
				return fmt.Errorf("%w: a trigger writes more of the person's rows each time", dsar.ErrResidue)
			}
			for k, v := range r.steps {
				v.Done = k < 0
				r.steps[k] = v
			}
		}
		return r.advance(ctx, Step{Seq: ended, Action: "end", Done: true})
	}, tenantdb.Retry(5))
	if err != nil {
		r.steps, r.done = steps, done
	}
	return err
}

// lock locks the rows that are left and go, those of the person first: who writes a row that points at one of them waits. SQLite has one writer.
func (r *run) lock(ctx context.Context, tx *sqlx.Tx) error {
	if !r.l.pg {
		return nil
	}
	pointed := map[string]bool{}
	for _, t := range r.l.live.Tables {
		for _, f := range t.Foreign {
			pointed[f.To] = true
		}
	}
	for _, p := range slices.Backward(r.l.parts) {
		cond, ok := r.which(p)
		if !ok || p.action != dsar.ActDelete || !pointed[p.Name] {
			continue
		}
		var n int
		if err := r.row(ctx, tx, rows.Concat("SELECT count(*) FROM (SELECT 1 FROM ", p.sql, " AS t WHERE ", cond, " FOR UPDATE OF t) x"), &n); err != nil {
			return err
		}
	}
	return nil
}

// errTaken: a foreign key would delete or change rows which have not had their turn.
var errTaken = errors.New("erase: a foreign key would take rows that the map says something else of, or that came meanwhile")

// refers reports whether the database refused that rows go which others point at.
func refers(err error) bool {
	if errors.Is(err, errTaken) {
		return true
	}
	var pg interface{ SQLState() string }
	if errors.As(err, &pg) {
		return pg.SQLState() == "23503" || pg.SQLState() == "23001"
	}
	var lite interface{ Code() int }
	return errors.As(err, &lite) && (lite.Code() == 787 || lite.Code() == 1811)
}
