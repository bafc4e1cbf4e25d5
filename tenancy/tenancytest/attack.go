package tenancytest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// TB is what the kit needs of a *testing.T.
type TB interface {
	Helper()
	Context() context.Context
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
}

// Target is a database and two tenants of it, both active. It should be one for tests: the kit
// commits rows of both tenants (and removes what it made itself where the role may delete).
type Target struct {
	// DB is what the application itself uses, logged in as its role: over Postgres or SQLite, one database or
	// several behind tenantdb.Route. Of several, the one in which A and B live is attacked, and they must
	// live in the same; attack once in each. On SQLite every tenant has a file of its own.
	DB *tenantdb.DB
	// A attacks, B is attacked.
	A, B tenancy.ID
	// Seed inserts rows of tenant into tx, some into every table. It is called for A and for B where a
	// table has none of theirs. Without it the kit makes rows itself from types, foreign keys and checks.
	Seed func(ctx context.Context, tx *sqlx.Tx, tenant tenancy.ID) error
	// Column is the name of the tenant column; "" means tenant_id. SQLite needs none.
	Column string
	// Only names the tables to attack; empty means all that have the tenant column.
	Only []string
	// Except names tables, views and functions that are not attacked, with the reason why that is right.
	// A function that does more than read and write this database belongs here.
	Except map[string]string
}

// Attack tries to reach tenant B's rows of target as tenant A, table by table, and reports an error
// through t for each object on which attacks succeed, naming them, for each table it could not attack for
// want of rows, when A and B live in different Postgres databases, and when nothing was attacked at
// all. No error or report holds the content of a row.
func Attack(t TB, target Target) *Report {
	t.Helper()
	r, err := attack(t.Context(), target)
	if err != nil {
		t.Errorf("%v", err)
	}
	told := map[string]bool{}
	for _, f := range r.Findings {
		if !told[f.Object] {
			told[f.Object] = true
			t.Errorf("%s", r.about(f.Object))
		}
	}
	total := 0
	for _, n := range r.Ran {
		total += n
	}
	t.Logf("tenancytest: %d attacks on %d objects, %d succeeded, %d could not be tried", total, len(r.Ran), r.succeeded, len(r.Skipped))
	return r
}

func attack(ctx context.Context, target Target) (*Report, error) {
	k, err := newKit(target)
	if err == nil {
		if target.DB.Dialect() == tenantdb.SQLite {
			err = k.attackFiles(ctx)
		} else {
			err = errors.Join(k.attackPostgres(ctx), k.cleanUp(ctx))
		}
	}
	return k.report(), err
}

// kit is one run of the attacks.
type kit struct {
	Target
	cat     *catalogue
	made    map[tenancy.ID][]placed
	found   []Finding
	ran     map[string]int
	skipped []Skip
	only    map[string]bool // what a mutation touched; nil: everything
	weak    []weakLink      // foreign keys found to cross tenants
	put     []placed        // what pointAt made last
}

func newKit(target Target) (*kit, error) {
	k := &kit{Target: target, made: map[tenancy.ID][]placed{}, ran: map[string]int{}}
	if k.Column == "" {
		k.Column = "tenant_id"
	}
	switch {
	case target.DB == nil:
		return k, errors.New("tenancytest: the target has no DB")
	case target.A.IsZero() || target.B.IsZero() || target.A == target.B:
		return k, errors.New("tenancytest: the target needs two different tenants")
	}
	for name, reason := range target.Except {
		if strings.TrimSpace(reason) == "" {
			return k, fmt.Errorf("tenancytest: Except gives no reason for %s", name)
		}
	}
	return k, nil
}

func (k *kit) attackPostgres(ctx context.Context) error {
	if err := k.prepare(ctx); err != nil {
		return err
	}
	var errs []error
	for _, t := range k.cat.tables {
		if !k.wanted(t.Name) {
			continue
		}
		if t.Readable && !t.Partition && t.count[k.B.String()] == 0 {
			errs = append(errs, fmt.Errorf("tenancytest: %s has no row of tenant B: give the target a Seed that inserts one", t.Name))
		}
		if err := k.attackTable(ctx, t); err != nil {
			errs = append(errs, err)
		}
		if k.ran[t.Name] == 0 {
			errs = append(errs, fmt.Errorf("tenancytest: no attack ran on %s", t.Name))
		}
	}
	errs = append(errs, k.attackTogether(ctx))
	if k.only == nil || k.only[Session] {
		errs = append(errs, k.attackSession(ctx), k.attackResidue(ctx))
	}
	if len(k.cat.tables) == 0 || len(k.ran) == 0 {
		errs = append(errs, fmt.Errorf("tenancytest: nothing was attacked: the application's role sees no table with a column %s", k.Column))
	}
	return errors.Join(errs...)
}

// prepare reads the catalogue and sees to it that both tenants have rows.
func (k *kit) prepare(ctx context.Context) error {
	if err := k.read(ctx, k.A, func(ctx context.Context, tx *sqlx.Tx) (err error) {
		k.cat, err = readCatalogue(ctx, tx, k.Column)
		return err
	}); err != nil {
		return err
	}
	if err := k.together(ctx); err != nil {
		return err
	}
	for _, name := range k.Only {
		if k.cat.named(name) == nil {
			return fmt.Errorf("tenancytest: there is no table %s with a column %s", name, k.Column)
		}
	}
	for _, id := range []tenancy.ID{k.A, k.B} {
		if err := k.load(ctx, id); err != nil {
			return err
		}
		if k.full(id) {
			continue
		}
		if err := k.seed(ctx, id); err != nil {
			return err
		}
		if err := k.load(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// placeSQL tells one database of one server from others. A copy of a server has its identifier, so
// the start of the server is asked for too.
const placeSQL = `SELECT pg_catalog.concat_ws(' ', d.oid, d.datname, pg_catalog.pg_postmaster_start_time())
	FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()`

// together refuses tenants of two databases: there, no attack could succeed, whatever the schema.
func (k *kit) together(ctx context.Context) error {
	var places [2]string
	for i, id := range []tenancy.ID{k.A, k.B} {
		err := k.read(ctx, id, func(ctx context.Context, tx *sqlx.Tx) error {
			if err := tx.GetContext(ctx, &places[i], placeSQL); err != nil {
				return err
			}
			var server string // not everywhere may the application ask for it
			err := savepoint(ctx, tx, true, func() error {
				return tx.GetContext(ctx, &server, "SELECT system_identifier::text FROM pg_catalog.pg_control_system()")
			})
			if errors.As(err, new(lost)) {
				return err
			}
			places[i] += " " + server
			return nil
		})
		if err != nil {
			return err
		}
	}
	if places[0] != places[1] {
		return errors.New("tenancytest: A and B do not live in the same database: attack two tenants of one")
	}
	return nil
}

// full reports whether tenant id has a row wherever it could have one.
func (k *kit) full(id tenancy.ID) bool {
	return !slices.ContainsFunc(k.cat.tables, func(t *table) bool {
		return !t.Partition && t.Readable && k.listed(t.Name) && t.count[id.String()] == 0
	})
}

func (k *kit) load(ctx context.Context, id tenancy.ID) error {
	return k.read(ctx, id, func(ctx context.Context, tx *sqlx.Tx) error {
		var loaded int
		var first error
		for _, t := range k.cat.tables {
			err := savepoint(ctx, tx, true, func() error { return t.load(ctx, tx, k.cat, id) })
			if errors.As(err, new(lost)) {
				return err
			}
			if err != nil { // what cannot be read cannot be leaked by reading; attackTable says so
				k.skip("load", t.Name, reason(err))
				if first == nil {
					first = err
				}
				continue
			}
			loaded++
		}
		if loaded == 0 { // it is not the tables: the tenant is unknown, or suspended
			return first
		}
		return nil
	})
}

func (k *kit) seed(ctx context.Context, id tenancy.ID) error {
	ctx = tenancy.Switch(ctx, id)
	if k.Seed != nil {
		if err := k.DB.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error { return k.Seed(ctx, tx, id) }); err != nil {
			return fmt.Errorf("tenancytest: Seed: %w", err)
		}
		return nil
	}
	var m *maker
	err := k.DB.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		m = &maker{ctx: ctx, tx: tx, cat: k.cat, id: id}
		for _, t := range k.cat.parentsFirst() {
			if t.Partition || !t.Readable || t.count[id.String()] > 0 { // also what is not attacked may be a parent
				continue
			}
			if err := m.invent(t); errors.As(err, new(lost)) {
				return err
			} else if err != nil {
				k.skip("seed", t.Name, reason(err))
			}
		}
		return nil
	})
	if err == nil {
		k.made[id] = append(k.made[id], m.made...)
	}
	return err
}

// cleanUp removes the rows that the kit made, as far as the application's role may.
func (k *kit) cleanUp(ctx context.Context) error {
	var errs []error
	for id, made := range k.made {
		errs = append(errs, k.DB.Tx(tenancy.Switch(ctx, id), func(ctx context.Context, tx *sqlx.Tx) error {
			return remove(ctx, tx, made)
		}))
	}
	clear(k.made)
	return errors.Join(errs...)
}

// remove deletes rows, the last made first. What may not be deleted stays.
func remove(ctx context.Context, tx *sqlx.Tx, made []placed) error {
	for _, p := range slices.Backward(made) {
		err := savepoint(ctx, tx, true, func() error {
			_, err := tx.ExecContext(ctx, "DELETE FROM "+p.t.Name+" WHERE "+p.t.key("", p.r))
			return err
		})
		if errors.As(err, new(lost)) {
			return err
		}
	}
	return nil
}

// listed reports whether the user wants the object attacked.
func (k *kit) listed(name string) bool {
	for except := range k.Except {
		if sameName(name, except) {
			return false
		}
	}
	return len(k.Only) == 0 || slices.ContainsFunc(k.Only, func(o string) bool { return sameName(name, o) })
}

// wanted is listed, and no mutation has narrowed it.
func (k *kit) wanted(name string) bool { return k.listed(name) && (k.only == nil || k.only[name]) }

func (k *kit) read(ctx context.Context, id tenancy.ID, f tenantdb.Func) error {
	return k.DB.Read(tenancy.Switch(ctx, id), f)
}

// errUndo ends a transaction that must leave nothing behind.
var errUndo = errors.New("tenancytest: rolled back")

// undone runs f in a transaction of tenant id that is rolled back.
func (k *kit) undone(ctx context.Context, id tenancy.ID, f tenantdb.Func) error {
	err := k.DB.Tx(tenancy.Switch(ctx, id), func(ctx context.Context, tx *sqlx.Tx) error {
		if err := f(ctx, tx); err != nil {
			return err
		}
		return errUndo
	})
	if errors.Is(err, errUndo) {
		return nil
	}
	return err
}
