package tenancytest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/finding"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
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

// Finding is an attack that succeeded: Rule is the attack, Object the table.
type Finding = finding.Finding

// Report says what was tried. Its findings are the attacks that succeeded, and it can be written as
// text, JSON or SARIF.
type Report struct {
	*finding.Report
	Ran     map[string]int // how many attacks ran, by table, view or function, and under Session
	Skipped []Skip
}

// Session is the object of attacks that are not about one table.
const Session = "(session)"

// Skip is an attack that could not be tried, and why.
type Skip struct{ Attack, Object, Reason string }

// Attack tries to reach tenant B's rows of target as tenant A, table by table, and reports an error
// through t for each attack that succeeds, for each table it could not attack for want of rows, and
// when nothing was attacked at all. No error or report holds the content of a row.
func Attack(t TB, target Target) *Report {
	t.Helper()
	r, err := attack(t.Context(), target)
	if err != nil {
		t.Errorf("%v", err)
	}
	for _, f := range r.Findings {
		t.Errorf("%s on %s: %s\n\tseen: %s\n\tfix:  %s", f.Rule, f.Object, f.Message, f.Evidence, f.Fix)
	}
	total := 0
	for _, n := range r.Ran {
		total += n
	}
	t.Logf("tenancytest: %d attacks on %d objects, %d succeeded, %d could not be tried", total, len(r.Ran), len(r.Findings), len(r.Skipped))
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

// full reports whether tenant id has a row wherever it could have one.
func (k *kit) full(id tenancy.ID) bool {
	return !slices.ContainsFunc(k.cat.tables, func(t *table) bool {
		return !t.Partition && t.Readable && k.listed(t.Name) && t.count[id.String()] == 0
	})
}

func (k *kit) load(ctx context.Context, id tenancy.ID) error {
	return k.read(ctx, id, func(ctx context.Context, tx *sqlx.Tx) error {
		for _, t := range k.cat.tables {
			err := savepoint(ctx, tx, true, func() error { return t.load(ctx, tx, k.cat, id) })
			if errors.As(err, new(lost)) {
				return err
			}
			if err != nil { // what cannot be read cannot be leaked by reading; attackTable says so
				k.skip("load", t.Name, reason(err))
			}
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
			if t.Partition || !t.Readable || t.count[id.String()] > 0 || !k.listed(t.Name) {
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

// rule is an attack as the reports know it.
func rule(id, title, remedy string) finding.Rule {
	return finding.Rule{ID: id, Severity: finding.Error, Title: title, Remedy: remedy}
}

// tell records the outcome of one attack: seen is what shows that it succeeded, "" that it did not.
func (k *kit) tell(r finding.Rule, object, seen string, err error) error {
	var s skipped
	switch {
	case errors.As(err, new(lost)):
		return fmt.Errorf("tenancytest: %s on %s: the transaction was lost: %w", r.ID, object, err)
	case errors.As(err, &s):
		k.skip(r.ID, object, s.why)
		return nil
	case err != nil && seen == "" && !refused(err):
		k.skip(r.ID, object, reason(err))
		return nil
	}
	k.ran[object]++
	if seen != "" {
		k.found = append(k.found, Finding{Rule: r.ID, Severity: r.Severity, Object: object, Message: r.Title, Evidence: seen, Fix: r.Remedy})
	}
	return nil
}

// skipped is the error of an attack that does not fit the table.
type skipped struct{ why string }

func (e skipped) Error() string { return e.why }

func (k *kit) skip(attack, object, why string) {
	k.skipped = append(k.skipped, Skip{Attack: attack, Object: object, Reason: why})
}

// refused reports whether the database said no, in a way that tells nothing about rows: it was not
// allowed (42501 and class 0L, 0P, 28), not under row security (0A000), or the object is not there for
// this role (3F000, 42704).
func refused(err error) bool {
	switch s := state(err); s {
	case "42501", "0A000", "3F000", "42704", "25006":
		return true
	default:
		return strings.HasPrefix(s, "28") || strings.HasPrefix(s, "0L") || strings.HasPrefix(s, "0P")
	}
}

// reason is why something could not be done, without the values a message may hold.
func reason(err error) string {
	var n noRow
	if errors.As(err, &n) {
		return n.why
	}
	if s := state(err); s != "" {
		return "SQLSTATE " + s
	}
	return "the driver failed"
}

func (k *kit) report() *Report {
	target := "?"
	if k.DB != nil {
		target = string(k.DB.Dialect())
	}
	return &Report{
		Report:  finding.New("bailiwick/tenancytest", target, slices.Collect(rules()), k.found, nil, time.Now()),
		Ran:     maps.Clone(k.ran),
		Skipped: k.skipped,
	}
}
