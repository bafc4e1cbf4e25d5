package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jackc/pgx/v5"
)

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
