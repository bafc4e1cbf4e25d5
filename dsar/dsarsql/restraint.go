package dsarsql

import (
	"cmp"
	"context"
	"slices"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/internal/tables"
	"github.com/jmoiron/sqlx"
)

// One that comes again in the microsecond of another is a microsecond later: it is a row of its own.
const (
	addRestraint = `INSERT INTO dsar_restraint (ref, kind, purpose, request, since)
		SELECT ?, ?, ?, ?, CASE WHEN l.since >= n.now THEN l.since + 1 ELSE n.now END
		FROM (SELECT {now} AS now) n, (SELECT max(since) AS since FROM dsar_restraint WHERE ref = ? AND kind = ? AND purpose = ?) l
		WHERE NOT EXISTS (SELECT 1 FROM dsar_restraint WHERE ref = ? AND kind = ? AND purpose = ? AND lifted IS NULL) ON CONFLICT DO NOTHING`
	liftRestraint  = `UPDATE dsar_restraint SET lifted = {now} WHERE ref = ? AND kind = ? AND purpose = ? AND lifted IS NULL`
	readRestraints = `SELECT kind, purpose, request, since FROM dsar_restraint WHERE ref = ? AND lifted IS NULL`
)

// AddRestraint implements [dsar.Store].
func (s *Store) AddRestraint(ctx context.Context, r dsar.RestraintRow) error {
	return s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if !isID(r.Request) {
			return refused("a restraint of no request")
		}
		if err := texts(r.Purpose); err != nil {
			return err
		}
		ref, kind := r.Ref[:], r.Kind.String()
		_, err := s.exec(ctx, tx, addRestraint, ref, kind, r.Purpose, string(r.Request), ref, kind, r.Purpose, ref, kind, r.Purpose)
		return err
	})
}

// Lift implements [dsar.Store].
func (s *Store) Lift(ctx context.Context, ref dsar.Ref, k dsar.Kind, purpose string) error {
	return s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		n, err := s.exec(ctx, tx, liftRestraint, ref[:], k.String(), purpose)
		if err == nil && n == 0 {
			err = dsar.ErrNotFound
		}
		return err
	})
}

// Restraints implements [dsar.Store].
func (s *Store) Restraints(ctx context.Context, ref dsar.Ref) (out []dsar.RestraintRow, err error) {
	err = s.t.All(ctx, readRestraints, []any{ref[:]}, func() { out = nil }, func(scan func(...any) error) error {
		r := dsar.RestraintRow{Ref: ref}
		var kind string
		var since int64
		err := scan(&kind, &r.Purpose, &r.Request, &since)
		if err == nil {
			r.Since = tables.Micro(since)
			r.Kind, err = kindOf(kind)
		}
		out = append(out, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b dsar.RestraintRow) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Purpose, b.Purpose))
	})
	return out, nil
}
