package retention

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
)

// Plan says what a sweep would do. It holds no personal data.
type Plan struct {
	Map    string    `json:"map"` // Compiled.Hash
	Tenant string    `json:"tenant"`
	At     time.Time `json:"at"` // by the database's clock: rows are due by this time
	Tables []Due     `json:"tables"`
	Hash   string    `json:"hash"` // of all above: what is confirmed
}

// Due is what would become of a table's rows.
type Due struct {
	Table    string      `json:"table"`
	Category string      `json:"category"`
	Action   dsar.Action `json:"action"` // ActDelete, ActMask, or ActKeep: of rows that were kept for a reason that has ended
	Period   string      `json:"period,omitempty"`
	When     string      `json:"when,omitempty"`  // the map's condition: "status is solved"
	Before   time.Time   `json:"before,omitzero"` // rows whose anchor is not after this
	Rows     int64       `json:"rows"`            // would go
	With     int64       `json:"with"`            // rows of other tables that go with them
	Of       int64       `json:"of"`              // there are so many
	Held     int64       `json:"held"`            // would go, if there were no hold
	Kept     int64       `json:"kept"`            // were kept by an erasure, for a reason that has not ended
	Pointed  int64       `json:"pointed"`         // others point at them
	Undated  int64       `json:"undated"`         // without a plausible time; of a period with a condition, those that meet it
	Mass     bool        `json:"mass"`            // so many that somebody has to confirm it
}

// Mass reports whether somebody has to confirm the plan.
func (p *Plan) Mass() bool {
	for _, d := range p.Tables {
		if d.Mass {
			return true
		}
	}
	return false
}

func (p *Plan) hash() string {
	c := *p
	c.Hash = ""
	b, err := json.Marshal(c)
	if err != nil {
		panic("retention: a plan cannot be written: " + err.Error()) // it holds texts, numbers and times
	}
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Plan counts what a sweep would do. It changes nothing.
func (s *Sweeper) Plan(ctx context.Context) (*Plan, error) {
	if len(s.m.Undecided()) > 0 {
		return nil, dsar.ErrUndecided
	}
	now, err := s.now(ctx)
	if err != nil {
		return nil, err
	}
	return s.plan(ctx, now)
}

func (s *Sweeper) plan(ctx context.Context, at time.Time) (p *Plan, err error) {
	err = s.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		l, err := s.open(ctx, tx, at)
		if err != nil {
			return err
		}
		p = &Plan{Map: s.m.Hash(), Tenant: l.tenant, At: at}
		for _, t := range l.swept {
			d, err := l.count(ctx, tx, t)
			if err != nil {
				return fmt.Errorf("retention: %s: %w", t.Name, err)
			}
			p.Tables = append(p.Tables, d)
		}
		if s.o.Expire != nil {
			for _, name := range s.m.TableNames() {
				if t := l.byName[name]; t != nil {
					if d, err := l.expiring(ctx, tx, t); err != nil {
						return err
					} else if d.Rows > 0 || d.Held > 0 {
						p.Tables = append(p.Tables, d)
					}
				}
			}
		}
		p.Hash = p.hash()
		return nil
	})
	return p, err
}

// count counts a table's rows by what would become of them.
func (l *layout) count(ctx context.Context, tx *sqlx.Tx, t *table) (Due, error) {
	c, err := l.conditions(t)
	if err != nil {
		return Due{}, err
	}
	d := Due{Table: t.Name, Category: categoryOf(&t.Mapped), Action: dsar.ActDelete, Period: t.period.String(), When: t.Retention.Condition(), Before: t.cutoff}
	if t.masks != nil {
		d.Action = dsar.ActMask
	}
	q := rows.Concat("SELECT count(*), coalesce(sum(CASE WHEN ", all(c.meant, c.dated.Not()), " THEN 1 ELSE 0 END), 0) FROM "+t.sql+" AS t WHERE ", c.mine)
	if err := tx.QueryRowxContext(ctx, tx.Rebind(q.SQL), q.Args...).Scan(&d.Of, &d.Undated); err != nil {
		return d, err
	}
	q = rows.Concat("SELECT what, count(*) FROM (SELECT CASE WHEN ", c.kept, " THEN 1 WHEN ", c.held, " THEN 2 WHEN ", c.pointed, " THEN 3 ELSE 0 END AS what FROM "+t.sql+" AS t WHERE ",
		all(c.mine, c.meant, c.over, c.masked.Not()), ") x GROUP BY what")
	found, err := tx.QueryxContext(ctx, tx.Rebind(q.SQL), q.Args...)
	if err != nil {
		return d, err
	}
	defer found.Close()
	for found.Next() {
		var what, n int64
		if err := found.Scan(&what, &n); err != nil {
			return d, err
		}
		*[]*int64{&d.Rows, &d.Kept, &d.Held, &d.Pointed}[what] = n
	}
	if err := errors.Join(found.Err(), found.Close()); err != nil {
		return d, err
	}
	if t.masks == nil && d.Rows > 0 {
		err = l.each(t, c.due(), func(child *table, which rows.Cond) error {
			var n int64
			q := rows.Concat("SELECT count(*) FROM "+child.sql+" AS t WHERE ", which)
			err := tx.QueryRowxContext(ctx, tx.Rebind(q.SQL), q.Args...).Scan(&n)
			d.With += n
			return err
		})
	}
	d.Mass = l.s.mass(d)
	return d, err
}

// mass reports whether somebody has to confirm it.
func (s *Sweeper) mass(d Due) bool {
	n := d.Rows + d.With
	return n > s.o.Rows || d.Rows > s.o.Small && float64(d.Rows) > s.o.Share*float64(d.Of)
}

// expiring counts rows that an erasure kept until a time that has come.
func (l *layout) expiring(ctx context.Context, tx *sqlx.Tx, t *table) (Due, error) {
	d := Due{Table: t.Name, Category: t.Name, Action: dsar.ActKeep}
	if _, keeps := t.Erase.Reason(); !keeps || len(t.key) == 0 {
		return d, nil
	}
	q := rows.Concat("SELECT count(*) FROM ", l.s.j.Kept(), " AS k WHERE k.until <= "+l.micro()+" AND k.tbl = ", rows.Arg(t.Name))
	if err := tx.QueryRowxContext(ctx, tx.Rebind(q.SQL), q.Args...).Scan(&d.Rows); err != nil || d.Rows == 0 {
		return d, err
	}
	if l.holding(t.Name) || len(l.people) > 0 {
		d.Rows, d.Held = 0, d.Rows
		return d, nil
	}
	q = rows.Concat("SELECT count(*) FROM "+t.sql+" AS t WHERE ", l.mine("t", t.TenantColumn))
	err := tx.QueryRowxContext(ctx, tx.Rebind(q.SQL), q.Args...).Scan(&d.Of)
	d.Mass = l.s.mass(d)
	return d, err
}
