package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jackc/pgx/v5"
)

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
