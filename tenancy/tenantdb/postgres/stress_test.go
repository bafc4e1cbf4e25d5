package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
)

// TestNoRowOfAnotherTenantUnderStress mixes everything that can go wrong on shared connections, in each mode,
// with and without a pooler, and looks at the owner of every row that comes back. BAILIWICK_SOAK=1 makes
// it ten million operations.
func TestNoRowOfAnotherTenantUnderStress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const tenants = 8
	ids := make([]tenancy.ID, tenants)
	for i := range ids {
		ids[i] = tenancy.MustParseID(fmt.Sprintf("stress-%d", i))
		require.NoError(t, h.sys.Provision(t.Context(), tenancy.Tenant{ID: ids[i], State: tenancy.Active, Epoch: 1}))
	}
	h.exec(t, h.Admin.DSN, `INSERT INTO note SELECT t.id, i, t.id FROM tenancy.tenant t, generate_series(1, 20) i WHERE t.id LIKE 'stress-%'`)

	dsns := []string{h.App.DSN}
	if pooled := tryPgbouncer(t, h); pooled != "" {
		dsns = append(dsns, pooled)
	} else {
		t.Log("pgbouncer is not installed: only direct connections are tried")
	}
	var s stress
	s.h, s.ids = h, ids
	for range soak(1, 100) { // in rounds, so that a run that is stopped has tried every mode as often
		for _, dsn := range dsns {
			for _, mode := range modes {
				db := h.openDSN(t, with(dsn, "pool_max_conns=4&default_query_exec_mode=%s", mode))
				var wg sync.WaitGroup
				for range 8 {
					wg.Go(func() {
						for range soak(25, 10_000_000/100/len(dsns)/len(modes)/8) {
							s.step(db)
						}
					})
				}
				wg.Wait()
				db.Close()
			}
		}
		t.Logf("%d operations, %d of them answered; refusals and faults: %d; rows of another tenant: %d",
			s.ops.Load(), s.answers.Load(), s.errors.Load(), s.wrong.Load())
	}
	require.Zero(t, s.wrong.Load(), "rows of another tenant")
	require.Greater(t, s.answers.Load(), s.ops.Load()/3, "too little of it worked for the test to mean anything")
	var strays int
	require.NoError(t, h.owner.QueryRow(t.Context(), `SELECT count(*) FROM note WHERE tenant_id LIKE 'stress-%' AND body NOT LIKE tenant_id || '%'`).Scan(&strays))
	require.Zero(t, strays, "rows written for another tenant")
}

type stress struct {
	h                           *house
	ids                         []tenancy.ID
	ops, answers, errors, wrong atomic.Int64
}

const stressRead = `SELECT tenant_id FROM note WHERE id <> $1 ORDER BY random() LIMIT 5`

// step does one random thing as one random tenant.
func (s *stress) step(db *postgres.DB) {
	s.ops.Add(1)
	id := s.ids[rand.IntN(len(s.ids))]
	ctx, cancel := context.WithTimeout(tenancy.With(context.Background(), id), 10*time.Second)
	defer cancel()
	switch rand.IntN(12) {
	case 0, 1, 2:
		rows, err := db.Query(ctx, stressRead, 0)
		s.check(id, rows, err)
	case 3:
		var b pgx.Batch
		b.Queue(`SELECT 1`)
		b.Queue(stressRead, 1).Query(func(r pgx.Rows) error { s.check(id, r, nil); return nil })
		s.note(db.SendBatch(ctx, &b).Close())
	case 4:
		s.note(db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `UPDATE note SET body = $1 WHERE id = $2`, id.String()+" was here", 1+rand.IntN(20)); err != nil {
				return err
			}
			rows, err := tx.Query(ctx, stressRead, 0)
			s.check(id, rows, err)
			return nil
		}))
	case 5: // an error rolls back to a savepoint, and the scope stays
		s.note(db.TenantDB().Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			_ = db.TenantDB().Savepoint(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
				_, err := tx.ExecContext(ctx, `INSERT INTO note (id, body) VALUES (1, 'duplicate')`)
				return err
			})
			var got []string
			if err := tx.SelectContext(ctx, &got, stressRead, 0); err != nil {
				return err
			}
			s.owners(id, got)
			return nil
		}))
	case 6: // a panic in the middle
		func() {
			defer func() { _ = recover() }()
			_ = db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
				_, _ = tx.Exec(ctx, `UPDATE note SET body = 'half'`)
				panic("stress")
			})
		}()
	case 7: // cancelled at any moment
		short, stop := context.WithTimeout(ctx, time.Duration(rand.IntN(2000))*time.Microsecond)
		defer stop()
		rows, err := db.Query(short, stressRead, 0)
		s.check(id, rows, err)
		s.note(db.Tx(short, func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `SELECT pg_sleep(0.001)`)
			return err
		}))
	case 8: // killed by the operator, one time in a few
		s.note(db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			var pid int
			if err := tx.QueryRow(ctx, `SELECT pg_backend_pid()`).Scan(&pid); err != nil {
				return err
			}
			if rand.IntN(soak(4, 32)) == 0 { // 26,000 kills are enough of ten million
				_, _ = s.h.owner.Exec(ctx, `SELECT pg_terminate_backend($1)`, pid)
			}
			rows, err := tx.Query(ctx, stressRead, 0)
			s.check(id, rows, err)
			return nil
		}))
	case 9: // residue
		for _, r := range residues {
			_, err := db.Exec(ctx, r.leave)
			s.note(err)
			break // any of them: the order of a map is random
		}
	case 10: // forgery of another tenant's scope
		victim := s.ids[rand.IntN(len(s.ids))]
		if victim != id {
			scope := strings.Repeat("0", 64) + "1k1" + "9999999999" + "000000000000" + victim.String()
			for _, sql := range forgeries {
				rows, err := db.Query(ctx, strings.ReplaceAll(strings.ReplaceAll(sql, "count(*)", "min(tenant_id)"), "'beta'", "'"+victim.String()+"'"), scope)
				s.note(err)
				rows.Close()
				break
			}
		}
	case 11:
		var got []string
		err := db.SQLX().SelectContext(ctx, &got, stressRead, 0)
		s.note(err)
		s.owners(id, got)
	}
}

func (s *stress) check(id tenancy.ID, rows pgx.Rows, err error) {
	if err == nil {
		var got []string
		got, err = pgx.CollectRows(rows, pgx.RowTo[string])
		s.owners(id, got)
	}
	s.note(err)
}

func (s *stress) owners(id tenancy.ID, got []string) {
	for _, g := range got {
		if g != id.String() {
			s.wrong.Add(1)
		}
	}
	if len(got) > 0 {
		s.answers.Add(1)
	}
}

func (s *stress) note(err error) {
	if err != nil {
		s.errors.Add(1)
	}
}
