package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
)

// estate is two databases of one region and one of another, a directory, and a DB routed over them.
type estate struct {
	dir    *tenancy.Memory
	shards map[string]*shard
	routed *tenantdb.DB
}

type shard struct {
	*house
	db *postgres.DB
}

// What the tables hold is chosen to be hard to move: a table that refers to itself, a circle of two, children
// that go with their parents, a sequence, unique values that change hands, and types whose text can lose
// something.
const estateSQL = `
	ALTER TABLE customer ADD FOREIGN KEY (tenant_id, referrer) REFERENCES customer;
	ALTER TABLE ticket ADD FOREIGN KEY (tenant_id, customer) REFERENCES customer ON DELETE CASCADE;
	ALTER TABLE ticket ADD FOREIGN KEY (tenant_id, latest) REFERENCES entry DEFERRABLE;
	ALTER TABLE entry ADD FOREIGN KEY (tenant_id, ticket) REFERENCES ticket ON DELETE CASCADE DEFERRABLE;
	CREATE UNIQUE INDEX ON customer (tenant_id, email);
	GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO $app;
	GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO $sys;
	GRANT SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO $sys`

func newEstate(t *testing.T) *estate {
	t.Helper()
	e := &estate{dir: tenancy.NewMemory(), shards: map[string]*shard{}}
	var routes []tenantdb.Shard
	for name, region := range map[string]tenancy.Region{"one": "eu", "two": "eu", "far": "au"} {
		s := e.open(t, name, region)
		e.shards[name] = s
		routes = append(routes, tenantdb.Shard{Name: name, Region: region, Backend: s.db})
	}
	var err error
	e.routed, err = tenantdb.Route(e.dir, time.Hour, nil, routes...)
	require.NoError(t, err)
	for _, id := range []tenancy.ID{alpha, beta} {
		entry, err := e.dir.Create(t.Context(), tenancy.Tenant{ID: id, Region: "eu", Shard: "one"})
		require.NoError(t, err)
		require.NoError(t, e.shards["one"].sys.Provision(t.Context(), tenancy.Tenant{ID: id, State: tenancy.Active, Region: "eu", Epoch: entry.Epoch}))
		_, err = e.dir.Transition(t.Context(), entry, tenancy.Active)
		require.NoError(t, err)
	}
	return e
}

func (e *estate) open(t *testing.T, name string, region tenancy.Region) *shard {
	t.Helper()
	h := &house{PG: dbtest.Postgres(t), keys: tenancy.Keys{Current: testKey(t, "k1")}}
	o := h.setupOptions()
	o.Shard, o.Region = name, region
	h.setup(t, o)
	for _, table := range [][3]string{
		{"customer", "id uuid NOT NULL, email text, referrer uuid, seen timestamptz, score float8, extra jsonb, photo bytea, up int GENERATED ALWAYS AS (1) STORED", "id"},
		{"ticket", "id bigint GENERATED ALWAYS AS IDENTITY, customer uuid NOT NULL, latest bigint, tags text[], due interval", "id"},
		{"entry", "id bigserial NOT NULL, ticket bigint NOT NULL, body text, amount numeric(40,20)", "id"},
	} {
		h.exec(t, h.Owner.DSN, tableSQL(table[0], h.App.Role, table[1], table[2]))
	}
	h.exec(t, h.Owner.DSN, replace(estateSQL, "$app", h.App.Role, "$sys", h.System.Role))
	var err error
	h.sys, err = postgres.OpenSystem(t.Context(), h.System.DSN, postgres.SystemOptions{Audit: allow, AllowOldServer: true})
	require.NoError(t, err)
	t.Cleanup(h.sys.Close)
	h.owner, err = pgxpool.New(t.Context(), h.Admin.DSN)
	require.NoError(t, err)
	t.Cleanup(h.owner.Close)
	db, err := postgres.Open(t.Context(), h.App.DSN, h.keys, postgres.AllowOldServer(), postgres.WithSystem(h.sys))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return &shard{h, db}
}

// fill gives a tenant n customers, each with a ticket of three entries.
func (e *estate) fill(t *testing.T, id tenancy.ID, n int) {
	t.Helper()
	require.NoError(t, e.routed.Tx(as(t, id), func(ctx context.Context, tx *sqlx.Tx) error {
		for _, sql := range []string{
			`INSERT INTO customer (id, email, seen, score, extra, photo) SELECT gen_random_uuid(), i || '@x', '2026-01-01 01:02:03.456789+03', random(), '{"a": [1, null]}', '\x00ff'
			   FROM generate_series(1, $1::int) i`,
			`UPDATE customer c SET referrer = (SELECT id FROM customer WHERE email = '1@x') WHERE email <> '1@x'`,
			`INSERT INTO ticket (customer, tags, due) SELECT id, ARRAY['a,b', NULL, 'ü'], '1 mon 2 days 03:04:05.6' FROM customer WHERE $1::int > 0`,
			`INSERT INTO entry (ticket, body, amount) SELECT id, 'entry of ' || tenant_id, 1.00000000000000000001 FROM ticket, generate_series(1, 3) WHERE $1::int > 0`,
			`UPDATE ticket t SET latest = (SELECT max(id) FROM entry e WHERE e.ticket = t.id) WHERE $1::int > 0`,
		} {
			args := []any{n}
			if sql[:6] == "UPDATE" && sql[7] == 'c' {
				args = nil
			}
			if _, err := tx.ExecContext(ctx, sql, args...); err != nil {
				return err
			}
		}
		return nil
	}))
}

// rows counts all rows of a tenant in a database, as a superuser.
func (s *shard) rows(t *testing.T, id tenancy.ID) (n int) {
	t.Helper()
	require.NoError(t, s.owner.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM customer WHERE tenant_id = $1)
		+ (SELECT count(*) FROM ticket WHERE tenant_id = $1) + (SELECT count(*) FROM entry WHERE tenant_id = $1)`, id.String()).Scan(&n))
	return n
}

func (s *shard) hash(t *testing.T, id tenancy.ID) (h string) {
	t.Helper()
	require.NoError(t, s.owner.QueryRow(t.Context(), `SELECT md5(string_agg(x, '|' ORDER BY x COLLATE "C")) FROM (
		SELECT c::text AS x FROM customer c WHERE tenant_id = $1 UNION ALL SELECT t::text FROM ticket t WHERE tenant_id = $1
		UNION ALL SELECT e::text FROM entry e WHERE tenant_id = $1) s`, id.String()).Scan(&h))
	return h
}

func (e *estate) move(t *testing.T, ctx context.Context, id tenancy.ID, from, to string) (postgres.MoveReport, error) {
	return postgres.Move(ctx, e.dir, id, e.shards[from].sys, e.shards[to].sys, postgres.MoveOptions{})
}

func TestAMovedTenantIsWholeInTheNewPlaceAndGoneFromTheOld(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.fill(t, alpha, 50)
	e.fill(t, beta, 20)
	one, two := e.shards["one"], e.shards["two"]
	want, others := one.hash(t, alpha), one.hash(t, beta)

	r, err := e.move(t, deadline(t), alpha, "one", "two")
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"public.customer": 50, "public.ticket": 50, "public.entry": 150}, r.Rows)
	require.EqualValues(t, 250, r.Leftover)
	require.Equal(t, "two", r.Tenant.Shard)
	require.EqualValues(t, 2, r.Tenant.Epoch)
	require.Equal(t, want, two.hash(t, alpha))
	require.Zero(t, one.rows(t, alpha))
	require.Equal(t, others, one.hash(t, beta), "a bystander changed")

	// A repeat finds nothing to do.
	r, err = e.move(t, deadline(t), alpha, "one", "two")
	require.NoError(t, err)
	require.Zero(t, r.Leftover)
	require.Equal(t, want, two.hash(t, alpha))

	// Sequences go on past what came along: new rows do not collide.
	e.fill2(t, alpha)
	// And back again.
	want = two.hash(t, alpha)
	_, err = e.move(t, deadline(t), alpha, "two", "one")
	require.NoError(t, err)
	require.Equal(t, want, one.hash(t, alpha))
	require.Zero(t, two.rows(t, alpha))
	e.fill2(t, alpha)
}

// fill2 adds a ticket and an entry with keys from the sequences.
func (e *estate) fill2(t *testing.T, id tenancy.ID) {
	t.Helper()
	require.NoError(t, e.routed.Tx(as(t, id), func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `WITH t AS (INSERT INTO ticket (customer) SELECT id FROM customer LIMIT 5 RETURNING id)
			INSERT INTO entry (ticket, body) SELECT id, 'new' FROM t`)
		return err
	}))
}

func TestAStaleRouterIsRefusedByTheOldDatabase(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.fill(t, alpha, 5)
	one := e.shards["one"]
	_, err := e.move(t, deadline(t), alpha, "one", "two")
	require.NoError(t, err)
	count := func(ctx context.Context, tx *sqlx.Tx) error {
		var n int
		return tx.GetContext(ctx, &n, `SELECT count(*) FROM customer`)
	}
	// Straight to the old database: unrouted, and with the old epoch.
	require.ErrorIs(t, one.db.TenantDB().Read(as(t, alpha), count), tenancy.ErrStaleEpoch)
	for _, epoch := range []int64{1, 2} {
		b, err := one.db.Begin(as(t, alpha), tenantdb.Scope{Tenant: alpha, Epoch: epoch}, tenantdb.TxOptions{})
		require.NoError(t, err)
		require.ErrorIs(t, count(as(t, alpha), b.Tx), tenancy.ErrStaleEpoch)
		require.NoError(t, b.Tx.Rollback())
	}
	// To the new database with the old epoch.
	b, err := e.shards["two"].db.Begin(as(t, alpha), tenantdb.Scope{Tenant: alpha, Epoch: 1}, tenantdb.TxOptions{})
	require.NoError(t, err)
	require.ErrorIs(t, count(as(t, alpha), b.Tx), tenancy.ErrStaleEpoch)
	require.NoError(t, b.Tx.Rollback())
	// The router remembers the old place for an hour, is refused there, and finds the new one.
	require.NoError(t, e.routed.Read(as(t, alpha), count))
}

func TestAMoveToAnotherRegionIsRefused(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.fill(t, alpha, 3)
	want := e.shards["one"].hash(t, alpha)
	_, err := e.move(t, deadline(t), alpha, "one", "far")
	require.ErrorIs(t, err, tenancy.ErrWrongRegion)
	require.Equal(t, want, e.shards["one"].hash(t, alpha))
	require.Zero(t, e.shards["far"].rows(t, alpha))
	e.fill2(t, alpha) // still writable
}

// Writers insert, update, delete and swap unique values through the router while the tenant moves there
// and back. Each acknowledged insert must be there once, and nothing else.
func TestNoWriteIsLostOrDoubledWhileATenantMoves(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.fill(t, alpha, 200)
	const writers = 4
	ctx, stop := context.WithCancel(as(t, alpha))
	defer stop()
	var wg sync.WaitGroup
	var acked [writers][]string
	var unknown atomic.Int64
	for w := range writers {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				mine := fmt.Sprintf("w%d-%d@x", w, i)
				err := e.routed.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
					for _, sql := range []string{
						`INSERT INTO customer (id, email) VALUES (gen_random_uuid(), $1)`,
						`INSERT INTO ticket (customer) SELECT id FROM customer WHERE email = $1`,
						`INSERT INTO entry (ticket, body) SELECT t.id, $1 FROM ticket t JOIN customer c ON c.id = t.customer WHERE c.email = $1`,
						`UPDATE customer SET score = coalesce(score, 0) + 1 WHERE email = '7@x' AND $1 <> ''`,
					} {
						if _, err := tx.ExecContext(ctx, sql, mine); err != nil {
							return err
						}
					}
					return nil
				}, tenantdb.Retry(10))
				if err == nil && i%3 == 0 { // delete it again, so that deletes are caught up with too
					err = e.routed.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
						_, err := tx.ExecContext(ctx, `DELETE FROM customer WHERE email = $1`, mine)
						return err
					}, tenantdb.Retry(10))
					mine = ""
				}
				switch {
				case ctx.Err() != nil:
					unknown.Add(1) // the last one of a writer may be in or out
				case err != nil:
					t.Errorf("writer %d: %v", w, err)
					return
				case mine != "":
					acked[w] = append(acked[w], mine)
				}
				time.Sleep(2 * time.Millisecond)
			}
		})
	}
	at := "one"
	for range 4 {
		time.Sleep(100 * time.Millisecond)
		to := map[string]string{"one": "two", "two": "one"}[at]
		r, err := e.move(t, deadline(t), alpha, at, to)
		require.NoError(t, err)
		t.Logf("moved to %s: %d rounds, writes paused %v", to, r.Rounds, r.Pause)
		at = to
	}
	stop()
	wg.Wait()
	s := e.shards[at]
	var there []string
	rows, err := s.owner.Query(t.Context(), `SELECT c.email FROM customer c JOIN ticket t ON t.customer = c.id JOIN entry e ON e.ticket = t.id
		WHERE c.tenant_id = 'alpha' AND c.email LIKE 'w%' ORDER BY 1`)
	require.NoError(t, err)
	for rows.Next() {
		var m string
		require.NoError(t, rows.Scan(&m))
		there = append(there, m)
	}
	require.NoError(t, rows.Err())
	seen := map[string]int{}
	for _, m := range there {
		seen[m]++
		require.Equal(t, 1, seen[m], "doubled")
	}
	n := 0
	for w := range acked {
		for _, m := range acked[w] {
			n++
			require.Equal(t, 1, seen[m], "an acknowledged write is lost")
		}
	}
	require.Greater(t, n, 20)
	require.LessOrEqual(t, len(there)-n, int(unknown.Load()), "a write appeared that was not acknowledged, or a deleted one came back")
	for name, s := range e.shards {
		if name != at {
			require.Zero(t, s.rows(t, alpha))
		}
	}
}

var errPulled = errors.New("the plug was pulled")

// puller stops a move at its n-th look at the directory or step, as a crash would.
type puller struct {
	*tenancy.Memory
	cancel context.CancelFunc
}

func (p *puller) Place(ctx context.Context, t tenancy.Tenant, shard string, r tenancy.Region) (tenancy.Tenant, error) {
	if p.cancel != nil {
		p.cancel()
		return t, errPulled
	}
	return p.Memory.Place(ctx, t, shard, r)
}

func TestAMoveThatStoppedAnywhereGoesOn(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"copied", "caught up", "place", "switched"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			e := newEstate(t)
			e.fill(t, alpha, 30)
			want := e.shards["one"].hash(t, alpha)
			ctx, cancel := context.WithCancel(deadline(t))
			p := &puller{Memory: e.dir}
			if step == "place" {
				p.cancel = cancel
			}
			_, err := postgres.Move(ctx, p, alpha, e.shards["one"].sys, e.shards["two"].sys, postgres.MoveOptions{
				Progress: func(s string, _ int64) {
					if s == step {
						cancel()
					}
				},
			})
			require.Error(t, err)
			if step == "copied" || step == "caught up" {
				e.fill2(t, alpha) // nothing has happened: writes go on
				want = e.shards["one"].hash(t, alpha)
			}
			r, err := e.move(t, deadline(t), alpha, "one", "two")
			require.NoError(t, err)
			require.Equal(t, "two", r.Tenant.Shard)
			require.Equal(t, want, e.shards["two"].hash(t, alpha))
			require.Zero(t, e.shards["one"].rows(t, alpha))
			e.fill2(t, alpha)
		})
	}
}

func TestACopyThatDiffersIsNotSwitchedTo(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.fill(t, alpha, 10)
	two := e.shards["two"]
	// A trigger that changes rows as they arrive, and fires in whatever replication role.
	two.exec(t, two.Admin.DSN, `CREATE FUNCTION tamper() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.email := upper(NEW.email); RETURN NEW; END $$;
		CREATE TRIGGER tamper BEFORE INSERT ON customer FOR EACH ROW EXECUTE FUNCTION tamper();
		ALTER TABLE customer ENABLE ALWAYS TRIGGER tamper`)
	want := e.shards["one"].hash(t, alpha)
	_, err := e.move(t, deadline(t), alpha, "one", "two")
	require.ErrorIs(t, err, postgres.ErrNotSame)
	require.Zero(t, two.rows(t, alpha), "the copy was left behind")
	require.Equal(t, want, e.shards["one"].hash(t, alpha))
	e.fill2(t, alpha)
}

func TestATableWithoutAFenceStopsMovesAndPurges(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	one := e.shards["one"]
	one.exec(t, one.Owner.DSN, `CREATE TABLE forgotten (tenant_id text, x int)`)
	_, err := e.move(t, deadline(t), alpha, "one", "two")
	require.ErrorContains(t, err, "public.forgotten")
	_, err = one.sys.Purge(deadline(t), tenancy.Tenant{ID: alpha, Epoch: 1})
	require.ErrorContains(t, err, "public.forgotten")
}

func TestAWriterThatDoesNotEndMakesTheMoveGiveUp(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.fill(t, alpha, 3)
	err := e.routed.Tx(as(t, alpha), func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE customer SET score = 1`); err != nil {
			return err
		}
		_, err := postgres.Move(deadline(t), e.dir, alpha, e.shards["one"].sys, e.shards["two"].sys, postgres.MoveOptions{MaxPause: 300 * time.Millisecond})
		require.Error(t, err)
		return nil
	})
	require.NoError(t, err)
	e.fill2(t, alpha)
}

func replace(s string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(s) }

// What the documentation tells a newcomer to do is enough for a move.
func TestATableGuardedByWhatRLSPrintsMovesAndIsPurged(t *testing.T) {
	t.Parallel()
	e := &estate{dir: tenancy.NewMemory(), shards: map[string]*shard{}}
	for _, name := range []string{"one", "two"} {
		h := &house{PG: dbtest.Postgres(t), keys: tenancy.Keys{Current: testKey(t, "k1")}}
		o := h.setupOptions()
		o.Shard = name
		h.setup(t, o)
		guard, err := rls.SQL(rls.Config{AppRole: h.App.Role, SystemRole: h.System.Role, Tables: []rls.Table{{Name: "note"}}})
		require.NoError(t, err)
		h.exec(t, h.Owner.DSN, `CREATE TABLE note (tenant_id text NOT NULL DEFAULT tenancy.claimed(),
			id bigint GENERATED ALWAYS AS IDENTITY, body text NOT NULL, PRIMARY KEY (tenant_id, id));`+guard)
		h.sys, err = postgres.OpenSystem(t.Context(), h.System.DSN, postgres.SystemOptions{Audit: allow, AllowOldServer: true})
		require.NoError(t, err)
		t.Cleanup(h.sys.Close)
		e.shards[name] = &shard{h, h.open(t)}
	}
	entry, err := e.dir.Create(t.Context(), tenancy.Tenant{ID: alpha, Region: "eu", Shard: "one"})
	require.NoError(t, err)
	one, two := e.shards["one"], e.shards["two"]
	require.NoError(t, one.sys.Provision(t.Context(), tenancy.Tenant{ID: alpha, State: tenancy.Active, Region: "eu", Epoch: 1}))
	_, err = e.dir.Transition(t.Context(), entry, tenancy.Active)
	require.NoError(t, err)
	add := func(s *shard) {
		_, err := s.db.Exec(as(t, alpha), `INSERT INTO note (body) SELECT 'mine' FROM generate_series(1, 100)`)
		require.NoError(t, err)
	}
	add(one)
	_, err = e.move(t, deadline(t), alpha, "one", "two")
	require.NoError(t, err)
	add(two) // with keys after those that came along
	r, err := two.sys.Purge(deadline(t), tenancy.Tenant{ID: alpha, Epoch: 2})
	require.NoError(t, err)
	require.EqualValues(t, 200, r.Erased["public.note"])
}

// afterCopy moves alpha from one to two, and does something when the first copy is there.
func (e *estate) afterCopy(t *testing.T, do func()) (postgres.MoveReport, error) {
	t.Helper()
	var once sync.Once
	return postgres.Move(deadline(t), e.dir, alpha, e.shards["one"].sys, e.shards["two"].sys,
		postgres.MoveOptions{Progress: func(string, int64) { once.Do(do) }})
}

func TestUniqueValuesThatChangeHandsWhileATenantMoves(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.fill(t, alpha, 5)
	_, err := e.afterCopy(t, func() {
		require.NoError(t, e.routed.Tx(as(t, alpha), func(ctx context.Context, tx *sqlx.Tx) error {
			for _, sql := range []string{
				`UPDATE customer SET email = 'between' WHERE email = '1@x'`,
				`UPDATE customer SET email = '1@x' WHERE email = '2@x'`,
				`UPDATE customer SET email = '2@x' WHERE email = 'between'`,
			} {
				if _, err := tx.ExecContext(ctx, sql); err != nil {
					return err
				}
			}
			return nil
		}))
	})
	require.NoError(t, err)
	require.Equal(t, 25, e.shards["two"].rows(t, alpha))
}

// A key without the tenant can be another tenant's in the new place: the move gives up and takes nobody's row.
func TestAMoveTakesNoRowOfATenantThatHasTheSameKey(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	for _, s := range e.shards {
		s.exec(t, s.Owner.DSN, replace(tableSQL("loose", s.App.Role, "id bigint NOT NULL, body text", "id")+`
			ALTER TABLE loose DROP CONSTRAINT loose_pkey, ADD PRIMARY KEY (id);
			GRANT SELECT, INSERT, UPDATE, DELETE ON loose TO "$sys"`, "$sys", s.System.Role))
	}
	e.fill(t, alpha, 1)
	e.fill(t, beta, 1)
	_, err := e.move(t, deadline(t), beta, "one", "two")
	require.NoError(t, err)
	add := func(id tenancy.ID) {
		require.NoError(t, e.routed.Tx(as(t, id), func(ctx context.Context, tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO loose (id, body) VALUES (1, 'of ' || tenancy.id())`)
			return err
		}))
	}
	_, err = e.afterCopy(t, func() { add(alpha); add(beta) })
	require.ErrorIs(t, err, postgres.ErrNotSame)
	for shard, want := range map[string]string{"one": "of alpha", "two": "of beta"} {
		var got string
		require.NoError(t, e.shards[shard].owner.QueryRow(t.Context(), `SELECT body FROM loose`).Scan(&got))
		require.Equal(t, want, got)
	}
}

// A move that crashed after its source was switched off is called again with another target, where an earlier
// attempt left the tenant waiting: the real copy is elsewhere.
func TestAMoveThatGoesOnElsewhereIsRefused(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	e.fill(t, alpha, 3)
	one, two := e.shards["one"], e.shards["two"]
	require.NoError(t, two.sys.Provision(deadline(t), tenancy.Tenant{ID: alpha, State: tenancy.Provisioning, Region: "eu", Epoch: 2}))
	one.exec(t, one.Admin.DSN, `UPDATE tenancy.tenant SET state = 'moved', epoch = 2 WHERE id = 'alpha'`)
	_, err := e.move(t, deadline(t), alpha, "one", "two")
	require.ErrorIs(t, err, postgres.ErrNotSame)
	require.Equal(t, 15, one.rows(t, alpha), "nothing was removed")
}
