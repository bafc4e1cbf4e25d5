package auditsql_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/auditsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow/ipallowsql"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenancysql"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
)

// service is an application that tells everything administrative to hook.
type service struct {
	db    *tenantdb.DB // asks the directory for each tenant
	life  *tenancy.Lifecycle
	guard *ipallow.Guard
	each  func(ctx context.Context, reason string, f func(context.Context, tenancy.ID) error) error
	pg    bool
}

func serviceOnSQLite(t *testing.T, hook tenancy.Hook) *service {
	var steps, system []sqlite.Migration
	read := func(to *[]sqlite.Migration, m []sqlite.Migration, err error) {
		require.NoError(t, err)
		*to = append(*to, m...)
	}
	m, err := sqlite.ReadMigrations("audit", auditsql.SQLite())
	read(&steps, m, err)
	m, err = sqlite.ReadMigrations("ipallow", ipallowsql.SQLite())
	read(&steps, m, err)
	m, err = sqlite.ReadMigrations("audit", auditsql.SQLiteSystem())
	read(&system, m, err)
	m, err = sqlite.ReadMigrations("directory", tenancysql.Migrations(tenantdb.SQLite))
	read(&system, m, err)
	files, err := sqlite.Open(filepath.Join(t.TempDir(), "data"), sqlite.Options{
		Migrations: steps, SystemMigrations: system, SystemAudit: hook, Shard: "main"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, files.Close()) })
	return newService(t, hook, files.TenantDB(), files, files, files.Each)
}

func serviceOnPostgres(t *testing.T, hook tenancy.Hook) *service {
	w := onPostgres(t)
	owner := openSQL(t, w.pg.Owner.DSN)
	conn, err := pgx.Connect(t.Context(), w.pg.Owner.DSN)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	require.NoError(t, postgres.Setup(t.Context(), conn, postgres.SetupOptions{AppRole: w.pg.App.Role, SystemRole: w.pg.System.Role, Keys: w.keys, Shard: "main"}))
	require.NoError(t, ipallowsql.Migrate(t.Context(), owner, w.pg.App.Role, w.pg.System.Role))
	require.NoError(t, tenancysql.Migrate(t.Context(), owner, w.pg.System.Role))
	sys, err := postgres.OpenSystem(t.Context(), w.pg.System.DSN, postgres.SystemOptions{Audit: hook, AllowOldServer: true})
	require.NoError(t, err)
	t.Cleanup(sys.Close)
	db, err := postgres.Open(t.Context(), w.pg.App.DSN, w.keys, postgres.AllowOldServer(), postgres.WithSystem(sys))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	s := newService(t, hook, db.TenantDB(), db, sys, sys.Each)
	s.pg = true
	return s
}

func newService(t *testing.T, hook tenancy.Hook, system *tenantdb.DB, b tenantdb.Backend, host tenancy.Host,
	each func(context.Context, string, func(context.Context, tenancy.ID) error) error) *service {
	dir, err := tenancysql.Open(t.Context(), system)
	require.NoError(t, err)
	routed, err := tenantdb.Route(dir, 0, system, tenantdb.Shard{Name: "main", Backend: b})
	require.NoError(t, err)
	policies, err := ipallowsql.New(routed, "admin")
	require.NoError(t, err)
	guard, err := ipallow.NewGuard(policies, ipallow.Options{Audit: hook})
	require.NoError(t, err)
	return &service{db: routed, guard: guard, each: each,
		life: &tenancy.Lifecycle{Store: dir, Shards: []tenancy.Shard{{Name: "main", Host: host}}, Audit: hook}}
}

// onBothServices runs f with acts that have not begun.
func onBothServices(t *testing.T, f func(*testing.T, *service, *audit.Acts)) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T, tenancy.Hook) *service{"sqlite": serviceOnSQLite, "postgres": serviceOnPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acts := &audit.Acts{Operator: operator, By: func(context.Context) audit.Party {
				return audit.Party{Type: "user", ID: "7", Name: "Root", Person: true}
			}}
			f(t, open(t, acts.Tell), acts)
		})
	}
}

var operator, rented = tenancy.MustParseID("operator"), tenancy.MustParseID("rented")

// logOf opens the log of the service.
func (s *service) log(t *testing.T) *audit.Log {
	store, err := auditsql.New(s.db)
	require.NoError(t, err)
	secret, _, err := note.GenerateKey(rand.Reader, "example.com/audit")
	require.NoError(t, err)
	l := openLog(t, store, secret)
	t.Cleanup(func() { require.NoError(t, l.Close(context.Background())) })
	return l
}

// actsIn returns what the tenant's log holds, oldest first: name, outcome, and the target where it is a tenant.
func actsIn(t *testing.T, l *audit.Log, of tenancy.ID) (all []string) {
	for r, err := range l.Events(tenancy.With(t.Context(), of), audit.Query{Oldest: true}) {
		require.NoError(t, err)
		require.Equal(t, "Root", r.Actor.Name)
		line := r.ActionName + " " + r.Outcome.String()
		if len(r.Targets) > 0 {
			line += " " + r.Targets[0].ID
		}
		if r.ActionName == "tenancy.system" {
			line += ": " + r.Reason
		}
		all = append(all, line)
	}
	return all
}

func TestAdministrativeActsAreInTheLogOfWhomTheyConcern(t *testing.T) {
	onBothServices(t, func(t *testing.T, s *service, acts *audit.Acts) {
		ctx := t.Context()
		l := s.log(t)
		_, err := s.life.Provision(ctx, rented, "")
		require.Error(t, err, "nobody can record it yet")
		_, err = s.life.Provision(ctx, operator, "")
		require.NoError(t, err)
		require.NoError(t, acts.Begin(ctx, l))
		_, err = s.life.Provision(ctx, rented, "")
		require.NoError(t, err)

		of := tenancy.With(ctx, rented)
		office, err := ipallow.ParseList("192.0.2.0/24")
		require.NoError(t, err)
		inside, outside := netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("203.0.113.1")
		_, err = s.guard.Replace(of, rented, ipallow.Change{Policy: ipallow.Policy{List: office}, Actor: outside})
		require.ErrorIs(t, err, ipallow.ErrLockOut)
		_, err = s.guard.Replace(of, rented, ipallow.Change{Policy: ipallow.Policy{List: office}, Actor: outside, Trial: time.Minute})
		require.NoError(t, err)
		_, err = s.guard.Confirm(of, rented, 1, outside)
		require.ErrorIs(t, err, ipallow.ErrLockOut)
		_, err = s.guard.Confirm(of, rented, 1, inside)
		require.NoError(t, err)
		_, err = s.guard.Replace(of, rented, ipallow.Change{Base: 1, Policy: ipallow.Policy{Open: true}, Actor: inside})
		require.ErrorIs(t, err, ipallow.ErrVersion)
		_, err = s.guard.Replace(tenancy.With(ctx, operator), rented, ipallow.Change{Base: 2, Policy: ipallow.Policy{Open: true}})
		require.ErrorIs(t, err, tenancy.ErrConflict, "from another tenant's request")
		boom := errors.New("boom")
		require.ErrorIs(t, s.db.Tx(of, func(ctx context.Context, _ *sqlx.Tx) error {
			if _, err := s.guard.Replace(ctx, rented, ipallow.Change{Base: 2, Policy: ipallow.Policy{Open: true}, Actor: inside}); err != nil {
				return err
			}
			return boom
		}), boom)
		require.NoError(t, l.Flush(of))
		require.Equal(t, []string{
			"tenancy.allowlist denied rented",
			"tenancy.allowlist_trial attempted rented", "tenancy.allowlist_trial success rented",
			"tenancy.allowlist_confirm denied rented",
			"tenancy.allowlist_confirm attempted rented", "tenancy.allowlist_confirm success rented",
			"tenancy.allowlist attempted rented", "tenancy.allowlist failure rented",
		}, actsIn(t, l, rented), "what was rolled back is not there")
		for r, err := range l.Events(of, audit.Query{Oldest: true}) {
			require.NoError(t, err)
			require.NotContains(t, string(r.Leaf), "192.0.2.", "an address may be a person's")
			require.NotContains(t, string(r.Leaf), "203.0.113.1")
		}

		require.NoError(t, s.db.System(ctx, "count the plans", func(context.Context, *sqlx.Tx) error { return nil }))
		require.NoError(t, s.each(ctx, "nightly", func(context.Context, tenancy.ID) error { return nil }))
		_, err = s.life.Suspend(ctx, rented)
		require.NoError(t, err)
		_, err = s.life.Purge(ctx, rented)
		require.NoError(t, err)
		_, err = s.life.Suspend(ctx, operator)
		require.ErrorContains(t, err, "operator's tenant")

		want := map[string]int{
			"tenancy.provision attempted operator": 1, "tenancy.provision success operator": 1,
			"tenancy.provision attempted rented": 1, "tenancy.provision success rented": 1,
			"tenancy.system success: count the plans": 1,
			"tenancy.suspend attempted rented":        1, "tenancy.suspend success rented": 1,
			"tenancy.purge attempted rented": 1, "tenancy.purge success rented": 1,
			"tenancy.destroy attempted rented": 1, "tenancy.destroy success rented": 1,
		}
		if s.pg { // its system role makes, changes and destroys tenants too
			for _, id := range []string{"operator", "rented"} {
				want["tenancy.system success "+id+": nightly"]++
				want["tenancy.system success "+id+": provision a tenant"]++
				want["tenancy.system success "+id+": set a tenant's state to active"]++
			}
			want["tenancy.system success rented: set a tenant's state to suspended"]++
			want["tenancy.system success rented: set a tenant's state to purging"]++
			want["tenancy.system success rented: purge a tenant"]++
		} else {
			want["tenancy.system success: nightly"]++
		}
		have := map[string]int{}
		for _, line := range actsIn(t, l, operator) {
			have[line]++
		}
		require.Equal(t, want, have)
	})
}

func TestAnActThatCannotBeRecordedIsNotDone(t *testing.T) {
	onBothServices(t, func(t *testing.T, s *service, acts *audit.Acts) {
		ctx := t.Context()
		l := s.log(t)
		_, err := s.life.Provision(ctx, operator, "")
		require.NoError(t, err)
		full := errors.New("disk full")
		down := failing{Recorder: l, err: full}
		require.ErrorIs(t, acts.Begin(ctx, &down), full)
		down.err = nil
		require.NoError(t, acts.Begin(ctx, &down))
		_, err = s.life.Provision(ctx, rented, "")
		require.NoError(t, err)
		of := tenancy.With(ctx, rented)

		down.err = full
		_, err = s.life.Suspend(ctx, rented)
		require.ErrorIs(t, err, full)
		_, err = s.guard.Replace(of, rented, ipallow.Change{Policy: ipallow.Policy{Open: true}})
		require.ErrorIs(t, err, full)
		_, err = s.guard.Get(of, rented)
		require.ErrorIs(t, err, ipallow.ErrNoPolicy)
		never := func(context.Context, *sqlx.Tx) error { t.Error("it was done"); return nil }
		require.ErrorIs(t, s.db.System(ctx, "look around", never), full)
		require.ErrorIs(t, s.each(ctx, "look around", func(context.Context, tenancy.ID) error { t.Error("it was done"); return nil }), full)
		down.err = nil
		touch := func(ctx context.Context, tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE ipallow_policy SET is_open = is_open`)
			return err
		}
		require.NoError(t, s.db.Tx(of, touch), "the tenant is active")

		// The attempt is there, its end is not, and the caller knows.
		down.err, down.let = full, 1
		if s.pg {
			down.let = 2 // and the use of the system role
		}
		_, err = s.life.Suspend(ctx, rented)
		require.ErrorIs(t, err, full)
		require.ErrorIs(t, s.db.Tx(of, touch), tenancy.ErrNotActive)
		down.err = nil
		_, err = s.life.Suspend(ctx, rented)
		require.NoError(t, err)
		// A record that a transaction could take back is none.
		require.NoError(t, s.db.Tx(tenancy.With(ctx, operator), func(ctx context.Context, _ *sqlx.Tx) error {
			require.NoError(t, acts.Begin(ctx, l))
			require.ErrorContains(t, s.db.System(ctx, "look around", never), "forgotten")
			return nil
		}))
	})
}

// failing is a recorder that fails with err after let calls.
type failing struct {
	audit.Recorder
	err error
	let int
}

func (f *failing) Record(ctx context.Context, e audit.Event) error {
	if f.err != nil && f.let == 0 {
		return fmt.Errorf("no room: %w", f.err)
	}
	f.let = max(0, f.let-1)
	return f.Recorder.Record(ctx, e)
}
