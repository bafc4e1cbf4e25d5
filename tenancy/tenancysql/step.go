package tenancysql

import (
	"context"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
)

// note is a step as it is stored.
type note struct {
	Op     string `db:"op"`
	Name   string `db:"name"`
	At     int64  `db:"at"`
	Detail string `db:"detail"`
}

func (n note) step(id tenancy.ID) tenancy.Step {
	return tenancy.Step{Tenant: id, Op: n.Op, Name: n.Name, At: time.UnixMicro(n.At).UTC(), Detail: n.Detail}
}

// Record implements [tenancy.Store].
func (s *Store) Record(ctx context.Context, step tenancy.Step) (out tenancy.Step, err error) {
	if err := step.Check(); err != nil {
		return out, err
	}
	err = s.write(ctx, "record a step", func(ctx context.Context, tx *sqlx.Tx) error {
		id := step.Tenant.String()
		if _, err := s.get(ctx, tx, lockSQL, step.Tenant); err != nil { // one writer of a tenant's steps at a time
			return err
		}
		if _, err := tx.ExecContext(ctx, s.sql(tx, recordSQL), id, step.Op, step.Name, step.Detail, id, step.Op); err != nil {
			return err
		}
		var n note
		if err := tx.GetContext(ctx, &n, s.sql(tx, stepsSQL+` AND name = ?`), id, step.Op, step.Name); err != nil {
			return err
		}
		out = n.step(step.Tenant)
		return nil
	})
	return out, err
}

// Steps implements [tenancy.Store].
func (s *Store) Steps(ctx context.Context, id tenancy.ID, op string) (out []tenancy.Step, err error) {
	err = s.read(ctx, "read a tenant's steps", func(ctx context.Context, tx *sqlx.Tx) error {
		var notes []note
		if err := tx.SelectContext(ctx, &notes, s.sql(tx, stepsSQL+` ORDER BY seq`), id.String(), op); err != nil {
			return err
		}
		out = make([]tenancy.Step, len(notes))
		for i, n := range notes {
			out[i] = n.step(id)
		}
		return nil
	})
	return out, err
}
