package retention

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/erase"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// What is recorded in the tenant's audit log.
var (
	sweptAction = audit.Define("retention.swept", audit.Delete)
	periodSet   = audit.Define("retention.period_set", audit.Update)
)

// Job is one sweep of ctx's tenant.
type Job struct {
	ID string // the idempotency key, such as the day
	// Plan is what somebody looked at, as it was, no older than a day, and Confirmed its Hash. Without them, a sweep that is too large is
	// refused with a [MassError].
	Plan      *Plan
	Confirmed string
	Progress  func(dsar.Progress)
}

// Report is what a sweep did. It holds no personal data.
type Report struct {
	Plan   string         `json:"plan"` // its hash, if it was confirmed
	At     time.Time      `json:"at"`   // by which time rows were due
	Begun  time.Time      `json:"begun"`
	Tables []dsar.Planned `json:"tables"` // rows that each action was done to, those of other tables that went with them too
	Due    []Due          `json:"due"`    // as it was planned: with what stayed, and why
}

// Sweep removes what is due. It may be called again with the same job after any error, or a crash, and goes on where it was; once it is
// done it returns the first report. A plan that waits to be confirmed is made anew once an hour, and when the tenant's periods have changed: until
// then the [MassError] has the one there is.
func (s *Sweeper) Sweep(ctx context.Context, j Job) (*Report, error) {
	if len(s.m.Undecided()) > 0 {
		return nil, dsar.ErrUndecided
	}
	if j.ID == "" || s.db.InTx(ctx) {
		return nil, errors.New("retention: a sweep has an id, and is not part of a transaction")
	}
	job := "retention/" + j.ID
	entry, err := s.j.Find(ctx, job)
	if err != nil {
		return nil, err
	}
	if !entry.Done.IsZero() {
		return reported(entry)
	}
	now, err := s.now(ctx)
	if err != nil {
		return nil, err
	}
	var periods []dsar.RetentionRow
	if j.Plan == nil && entry.Job == "" {
		if periods, err = s.store.Retentions(ctx); err != nil {
			return nil, err
		}
		if p := s.waits.find(ctx, j.ID, periods, now); p != nil {
			return nil, &MassError{p}
		}
	}
	at, plan := now, (*Plan)(nil)
	if j.Plan != nil { // before anything is asked of the database
		switch age := now.Sub(j.Plan.At); {
		case j.Plan.hash() != j.Confirmed || j.Plan.Hash != j.Confirmed || j.Plan.Map != s.m.Hash() || age < 0 || age > 24*time.Hour:
			return nil, ErrPlan
		}
		at = j.Plan.At
	}
	if plan, err = s.plan(ctx, at); err != nil {
		return nil, err
	}
	if entry.Job == "" {
		switch {
		case j.Plan == nil && plan.Mass():
			s.waits.put(ctx, j.ID, periods, plan)
			return nil, &MassError{plan}
		case j.Plan != nil && !within(plan, j.Plan):
			return nil, ErrPlan
		}
		if err := s.record(ctx, job, audit.Attempted, plan, nil); err != nil {
			return nil, err
		}
	}
	worker := rand.Text()
	if entry, err = s.j.Open(ctx, erase.Entry{Job: job, Plan: j.Confirmed, Map: s.m.Hash(), Who: []byte("retention"), Salt: make([]byte, 32)}, worker, s.o.Lease); err != nil {
		return nil, err
	}
	if !entry.Done.IsZero() {
		return reported(entry)
	}
	if entry.Plan != j.Confirmed || entry.Map != s.m.Hash() {
		return nil, errors.Join(ErrPlan, s.j.Leave(context.WithoutCancel(ctx), job, worker))
	}
	s.waits.put(ctx, "", nil, nil)
	r := &sweep{s: s, job: job, worker: worker, at: at, progress: j.Progress, renewed: time.Now()}
	report, err := r.all(ctx, plan, entry)
	if err != nil {
		return nil, errors.Join(err, s.j.Leave(context.WithoutCancel(ctx), job, worker))
	}
	return report, nil
}

// within reports whether no more would go now than was confirmed.
func within(now, confirmed *Plan) bool {
	for _, d := range now.Tables {
		i := slices.IndexFunc(confirmed.Tables, func(o Due) bool { return o.Table == d.Table && o.Action == d.Action })
		if d.Rows == 0 && d.With == 0 {
			continue
		}
		if i < 0 || d.Rows > confirmed.Tables[i].Rows || d.With > confirmed.Tables[i].With || d.Period != confirmed.Tables[i].Period {
			return false
		}
	}
	return now.Tenant == confirmed.Tenant
}

// sweep is one worker at one sweep.
type sweep struct {
	s           *Sweeper
	job, worker string
	at          time.Time
	progress    func(dsar.Progress)
	renewed     time.Time
	done        int64
}

func (r *sweep) all(ctx context.Context, plan *Plan, entry erase.Entry) (*Report, error) {
	for _, d := range plan.Tables {
		if d.Action == dsar.ActKeep {
			continue
		}
		for more := true; more; {
			n, err := r.batch(ctx, d.Table)
			if err != nil {
				return nil, fmt.Errorf("retention: %s: %w", d.Table, err)
			}
			more = n > 0
		}
	}
	// Expire is for all tables: a hold on one of them holds it up.
	ended := func(d Due) bool { return d.Action == dsar.ActKeep && d.Rows > 0 }
	held := func(d Due) bool { return d.Action == dsar.ActKeep && d.Held > 0 }
	if slices.ContainsFunc(plan.Tables, ended) && !slices.ContainsFunc(plan.Tables, held) {
		n, err := r.s.o.Expire(ctx)
		if err == nil {
			err = r.s.j.Advance(ctx, r.job, erase.Step{Seq: 1 << 20, Table: "*", Action: string(dsar.ActKeep), Rows: n, Done: true})
		}
		if err != nil {
			return nil, err
		}
	}
	report := &Report{Plan: entry.Plan, At: r.at, Begun: entry.Begun, Due: plan.Tables}
	return report, r.s.db.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error {
		steps, err := r.s.j.Steps(ctx, r.job)
		if err != nil {
			return err
		}
		report.Tables = nil
		for _, s := range steps {
			report.Tables = append(report.Tables, dsar.Planned{Table: s.Table, Action: dsar.Action(s.Action), Rows: s.Rows})
		}
		text, err := json.Marshal(report)
		if err != nil {
			return err
		}
		if err := r.s.record(ctx, r.job, audit.Success, plan, report); err != nil {
			return err
		}
		return r.s.j.Close(ctx, r.job, r.worker, text)
	})
}

// batch removes some rows of a table, with the rows that belong to them, in one transaction with the steps; it returns how many of the table.
func (r *sweep) batch(ctx context.Context, name string) (n int64, err error) {
	if time.Since(r.renewed) > r.s.o.Lease/3 {
		r.renewed = time.Now()
		if err := r.s.j.Renew(ctx, r.job, r.worker, r.s.o.Lease); err != nil {
			return 0, err
		}
	}
	err = r.s.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := r.s.j.Fence(ctx, r.job, r.worker); err != nil {
			return err
		}
		l, err := r.s.open(ctx, tx, r.at)
		if err != nil {
			return err
		}
		t := l.byName[name]
		c, err := l.conditions(t)
		if err != nil {
			return err
		}
		if n, err = r.note(ctx, tx, l, t, c.due()); err != nil || n == 0 {
			return err
		}
		noted := r.noted(l, t)
		if t.masks != nil {
			if err := r.mask(ctx, tx, t, noted); err != nil {
				return err
			}
		} else if err := r.remove(ctx, tx, l, t, noted); err != nil {
			return err
		}
		_, err = exec(ctx, tx, rows.Concat("DELETE FROM ", r.s.j.Keys(), " WHERE job = ", rows.Arg(r.job)))
		return err
	}, tenantdb.Retry(5))
	if err == nil && n > 0 {
		if r.done += n; r.progress != nil {
			r.progress(dsar.Progress{Table: name, Rows: r.done})
		}
	}
	return n, err
}

// note picks rows and notes their keys; on Postgres it locks them, and looks again at those that somebody changed.
func (r *sweep) note(ctx context.Context, tx *sqlx.Tx, l *layout, t *table, due rows.Cond) (int64, error) {
	var into, from []string
	for i, k := range t.key {
		into = append(into, fmt.Sprintf("k%d", i+1))
		v := "t." + schema.Quote(k)
		if l.pg {
			v = "CAST(" + v + " AS text)"
		}
		from = append(from, fmt.Sprintf("%s AS k%d", v, i+1))
	}
	lock := ""
	if l.pg {
		lock = " FOR UPDATE OF t"
	}
	ks := strings.Join(into, ", ")
	return exec(ctx, tx, rows.Concat("INSERT INTO ", r.s.j.Keys(), " (job, step, n, "+ks+") SELECT CAST(", rows.Arg(r.job), " AS text), CAST(", rows.Arg(t.number), " AS integer), row_number() OVER (), "+ks+
		" FROM (SELECT "+strings.Join(from, ", ")+" FROM "+t.sql+" AS t WHERE ", due, fmt.Sprintf(" LIMIT %d%s) x", r.s.o.Batch, lock)))
}

// noted is that the key of a row is noted.
func (r *sweep) noted(l *layout, t *table) rows.Cond {
	var ks []string
	for i, k := range t.key {
		v := fmt.Sprintf("k.k%d", i+1)
		if l.pg {
			v = "CAST(" + v + " AS " + t.live.Column(k).Type + ")"
		}
		ks = append(ks, v)
	}
	return rows.Concat("("+schema.Columns("t", t.key)+") IN (SELECT "+strings.Join(ks, ", ")+" FROM ", r.s.j.Keys(), " AS k WHERE k.job = ", rows.Arg(r.job), " AND k.step = ", rows.Arg(t.number), ")")
}

// each calls f for the rows that belong to rows of a table, those that belong to others first.
func (l *layout) each(t *table, which rows.Cond, f func(child *table, which rows.Cond) error) error {
	return l.walk(t, which, nil, f)
}

func (l *layout) walk(t *table, which rows.Cond, seen []*table, f func(*table, rows.Cond) error) error {
	for _, e := range t.edges {
		if !e.together || slices.Contains(seen, e.child) {
			continue
		}
		conds := append([]rows.Cond{l.mine("t", e.tenant)}, l.when("t", e.when)...)
		conds = append(conds, rows.Concat("("+schema.Columns("t", e.columns)+") IN (SELECT "+schema.Columns("t", e.targets)+" FROM "+t.sql+" AS t WHERE ", which, ")"))
		belong := all(conds...)
		if err := l.walk(e.child, belong, append(slices.Clone(seen), t), f); err != nil {
			return err
		}
		if err := f(e.child, belong); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes rows, and before them those that belong to them.
func (r *sweep) remove(ctx context.Context, tx *sqlx.Tx, l *layout, t *table, which rows.Cond) error {
	del := func(t *table, which rows.Cond) error {
		n, err := exec(ctx, tx, rows.Concat("DELETE FROM "+t.sql+" AS t WHERE ", which))
		if err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
		return r.s.j.Advance(ctx, r.job, erase.Step{Seq: t.number, Table: t.Name, Action: string(dsar.ActDelete), Rows: n})
	}
	if err := l.each(t, which, del); err != nil {
		return err
	}
	return del(t, which)
}

// mask masks rows.
func (r *sweep) mask(ctx context.Context, tx *sqlx.Tx, t *table, which rows.Cond) error {
	parts := []any{"UPDATE " + t.sql + " AS t SET "}
	for i, m := range t.masks {
		if i > 0 {
			parts = append(parts, ", ")
		}
		parts = append(parts, schema.Quote(m.column)+" = ", m.to)
	}
	n, err := exec(ctx, tx, rows.Concat(append(parts, " WHERE ", which)...))
	if err != nil {
		return err
	}
	return r.s.j.Advance(ctx, r.job, erase.Step{Seq: t.number, Table: t.Name, Action: string(dsar.ActMask), Rows: n})
}

func exec(ctx context.Context, tx *sqlx.Tx, c rows.Cond) (int64, error) {
	done, err := tx.ExecContext(ctx, tx.Rebind(c.SQL), c.Args...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

// record records a sweep's begin, or its end, once.
func (s *Sweeper) record(ctx context.Context, job string, how audit.Outcome, plan *Plan, report *Report) error {
	var due, stay int64
	for _, d := range plan.Tables {
		due, stay = due+d.Rows+d.With, stay+d.Held+d.Kept+d.Pointed+d.Undated
	}
	data := map[string]any{"plan": plan.Hash, "map": plan.Map, "due": due, "stays": stay}
	if report != nil {
		var gone int64
		for _, t := range report.Tables {
			gone += t.Rows
		}
		data["gone"] = gone
	}
	ev := audit.Event{ID: audit.IDFor(job + "/" + how.String()), Action: sweptAction, Outcome: how, Actor: audit.Party{Type: "system"}, Data: data}
	if err := s.o.Recorder.Record(ctx, ev); err != nil {
		return fmt.Errorf("retention: the audit log: %w", err)
	}
	return nil
}

func reported(e erase.Entry) (*Report, error) {
	r := new(Report)
	if err := json.Unmarshal(e.Result, r); err != nil {
		return nil, fmt.Errorf("retention: the report cannot be read: %w", err)
	}
	return r, nil
}
