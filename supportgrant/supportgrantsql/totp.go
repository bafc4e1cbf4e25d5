package supportgrantsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/tables"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/totp"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// TOTP is a [totp.Store] in the tenant's database, beside the grants. Its calls commit by themselves, and are refused with
// [supportgrant.ErrInTransaction] in a transaction: a count that is undone with the caller's work would let them guess again.
type TOTP struct{ t *tables.Tables }

var _ totp.Store = (*TOTP)(nil)

// NewTOTP returns the store of codes in db, whose tables are those of [New].
func NewTOTP(db *tenantdb.DB) (*TOTP, error) {
	t, err := tables.New(db, door)
	if err != nil {
		return nil, err
	}
	return &TOTP{t}, nil
}

// Attempt implements [totp.Store].
func (s *TOTP) Attempt(ctx context.Context, authenticator string) (st totp.State, err error) {
	err = s.alone(ctx, authenticator, func(ctx context.Context, tx *sqlx.Tx) error {
		var now int64
		var step, failures, before sql.NullInt64
		get := func() error {
			return tx.QueryRowxContext(ctx, s.t.SQL(`SELECT {now}, o.last_step, o.failures, o.at FROM (SELECT 1) AS q
				LEFT JOIN (SELECT last_step, failures, at FROM supportgrant_totp WHERE authenticator = ?{lock}) AS o ON 1 = 1`), authenticator).Scan(&now, &step, &failures, &before)
		}
		if err := get(); err != nil {
			return err
		}
		if !step.Valid {
			done, err := tx.ExecContext(ctx, s.t.SQL(`INSERT INTO supportgrant_totp (authenticator, last_step, failures, at) VALUES (?, 0, 1, ?) ON CONFLICT DO NOTHING`), authenticator, now)
			if err := one(done, err, tenantdb.ErrConflict); err != nil {
				return err
			}
			st = totp.State{Failures: 1, Now: micro(now)}
			return nil
		}
		if _, err := tx.ExecContext(ctx, s.t.SQL(`UPDATE supportgrant_totp SET failures = failures + 1, at = ? WHERE authenticator = ?`), now, authenticator); err != nil {
			return err
		}
		st = totp.State{LastStep: uint64(step.Int64), Failures: int(failures.Int64) + 1, Now: micro(now), Since: max(0, time.Duration(now-before.Int64)*time.Microsecond)}
		return nil
	})
	if err != nil {
		st = totp.State{}
	}
	return st, err
}

// Succeed implements [totp.Store].
func (s *TOTP) Succeed(ctx context.Context, authenticator string, step uint64) error {
	late := false
	err := s.alone(ctx, authenticator, func(ctx context.Context, tx *sqlx.Tx) error {
		late = step > math.MaxInt64
		if late {
			return nil
		}
		done, err := tx.ExecContext(ctx, s.t.SQL(`UPDATE supportgrant_totp SET last_step = ?, failures = 0 WHERE authenticator = ? AND last_step < ?`), int64(step), authenticator, int64(step))
		if err := one(done, err, supportgrant.ErrMFA); !errors.Is(err, supportgrant.ErrMFA) {
			return err
		}
		late = true
		return nil
	})
	if err == nil && late {
		err = fmt.Errorf("supportgrantsql: a step that is not later than the last: %w", supportgrant.ErrMFA)
	}
	return err
}

// alone runs f in a transaction of its own.
func (s *TOTP) alone(ctx context.Context, authenticator string, f tenantdb.Func) error {
	if s.t.DB.InTx(ctx) {
		return supportgrant.ErrInTransaction
	}
	if err := texts(authenticator); err != nil {
		return err
	}
	return s.t.Write(ctx, f)
}
