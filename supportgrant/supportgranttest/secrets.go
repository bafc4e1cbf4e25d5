package supportgranttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/finding"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// TB is what the kit needs of a *testing.T.
type TB interface {
	Helper()
	Context() context.Context
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
}

// Target is an application's registry over its own schema, in a database for tests: the kit makes grants there.
type Target struct {
	Store    supportgrant.Store
	Registry []supportgrant.Resource
	Tenant   tenancy.ID // with rows in its tables
	// Secrets are texts that rows of Tenant hold where support must not see them: put one of its own into every password hash, token, seed, card
	// and key, and into JSON. At least one; 8 characters or more.
	Secrets []string
	// Raw runs a statement as a support session of that reader and grant would, and returns all values of its rows as text; nil: there are no
	// such sessions.
	Raw func(ctx context.Context, g supportgrant.GrantID, staff supportgrant.Person, query string) ([]string, error)
}

// What [Secrets] tries.
var (
	ruleShown  = finding.Rule{ID: "secret.shown", Severity: finding.Error, Title: "a resource shows a secret", Remedy: "Take the column out of the registry; of a view, out of the view."}
	ruleColumn = finding.Rule{ID: "secret.column", Severity: finding.Error, Title: "a column that no resource lists can be read or asked about", Remedy: "Report it: the service must refuse this."}
	ruleName   = finding.Rule{ID: "secret.name", Severity: finding.Error, Title: "the registry takes what is no name, or names a secret", Remedy: "Report it: the service must refuse this."}
	ruleScope  = finding.Rule{ID: "secret.scope", Severity: finding.Error, Title: "a grant gives a resource whose category it does not have", Remedy: "Report it: the store must refuse this."}
	ruleRaw    = finding.Rule{ID: "secret.raw", Severity: finding.Error, Title: "a support session reaches a column that no resource lists", Remedy: "Take the privilege from the support role."}
	ruleError  = finding.Rule{ID: "secret.error", Severity: finding.Error, Title: "an error holds a secret", Remedy: "Report it: errors hold no values."}
)

// Secrets asks for a grant of everything that the registry has, with care, gets it approved, and tries to reach every column of every table and
// view that it finds in the database, through the service and, if there are such, through support sessions. It reports an error
// through t for each object where that succeeds; no error or report holds a value.
func Secrets(t TB, target Target) *supportgrant.Report {
	t.Helper()
	k := &kit{Target: target, ctx: tenancy.With(t.Context(), target.Tenant), objects: map[string]bool{}}
	if err := k.attack(); err != nil {
		t.Errorf("supportgranttest: the attack could not be made: %v", err)
	}
	for _, f := range k.found {
		t.Errorf("supportgranttest: %s: %s: %s", f.Rule, f.Object, f.Message)
	}
	t.Logf("supportgranttest: %d attempts, %d of them succeeded", k.attempts, len(k.found))
	rules := []finding.Rule{ruleShown, ruleColumn, ruleName, ruleScope, ruleRaw, ruleError}
	return finding.New("bailiwick/supportgranttest", target.Tenant.String(), rules, k.found, nil, time.Now())
}

type kit struct {
	Target
	ctx      context.Context
	s        *supportgrant.Service
	attempts int
	found    []finding.Finding
	objects  map[string]bool
}

// tell reports an attempt on an object that succeeded, once for each.
func (k *kit) tell(r finding.Rule, object, message string) {
	if key := r.ID + " " + object; !k.objects[key] {
		k.objects[key] = true
		k.found = append(k.found, finding.Finding{Rule: r.ID, Severity: r.Severity, Object: object, Message: message})
	}
}

// secret reports whether a text holds one of the secrets.
func (k *kit) secret(text string) bool {
	return slices.ContainsFunc(k.Secrets, func(s string) bool { return strings.Contains(text, s) })
}

func (k *kit) attack() error {
	if len(k.Secrets) == 0 || slices.ContainsFunc(k.Secrets, func(s string) bool { return len(s) < 8 }) {
		return errors.New("there are no secrets to look for, or they are shorter than 8 characters")
	}
	var err error
	if k.s, err = k.service(k.Registry); err != nil {
		return err
	}
	var all []supportgrant.Category
	for _, r := range k.Registry {
		all = append(all, r.Category)
	}
	g, err := k.grant(supportgrant.ScopeOf(all...))
	if err != nil {
		return err
	}
	for i := range k.Registry {
		if err := k.read(g, &k.Registry[i]); err != nil {
			return err
		}
	}
	if err := k.scopes(all); err != nil {
		return err
	}
	c, err := k.Store.Catalogue(k.ctx, k.Registry)
	if err != nil {
		return err
	}
	if len(c.Tables) == 0 {
		return errors.New("the catalogue has no tables")
	}
	for _, t := range c.Tables {
		for _, col := range t.Columns {
			k.column(g, t, col)
		}
	}
	_, err = k.s.Withdraw(k.ctx, g.ID, "kit-olga", "the attack is over")
	return err
}

func (k *kit) service(registry []supportgrant.Resource) (*supportgrant.Service, error) {
	people := (&People{}).Hire("kit-sam").Appoint("kit-olga", "kit-otto")
	return supportgrant.New(k.Store, people, supportgrant.Options{Registry: registry, MFA: []supportgrant.MFA{&Factor{Resistant: true}}, Rate: 1 << 20, Budget: 1 << 40})
}

// grant is one with care.
func (k *kit) grant(scope supportgrant.Scope) (supportgrant.Grant, error) {
	g, err := k.s.Request(k.ctx, supportgrant.NewRequest{Staff: "kit-sam", Ticket: "supportgranttest", Reason: "What can be read under a grant of everything", Scope: scope, Life: time.Hour, Care: true})
	for _, by := range []supportgrant.Person{"kit-olga", "kit-otto"} {
		if err != nil {
			break
		}
		var p supportgrant.Pending
		if p, err = k.s.BeginApproval(k.ctx, g.ID, by, "test", 0); err == nil {
			g, err = k.s.Approve(k.ctx, g.ID, by, Answer(p))
		}
	}
	return g, err
}

func (k *kit) access(g supportgrant.Grant, resource string) supportgrant.Access {
	return supportgrant.Access{Grant: g.ID, Staff: g.Staff, Resource: resource, Limit: supportgrant.MaxPage}
}

// read looks for secrets in all that a resource shows.
func (k *kit) read(g supportgrant.Grant, r *supportgrant.Resource) error {
	for page, err := range supportgrant.Pages[supportgrant.Row](k.ctx, k.s, k.access(g, r.Name)) {
		if err != nil {
			return fmt.Errorf("reading %s: %w", r.Name, err)
		}
		for _, row := range page.Rows {
			for name, v := range row {
				k.attempts++
				if b, ok := v.([]byte); ok {
					v = string(b)
				}
				if !slices.Contains(r.Columns, name) {
					k.tell(ruleColumn, r.Name+"."+name, "it came with the rows")
				}
				if k.secret(fmt.Sprint(v)) {
					k.tell(ruleShown, r.Name+"."+name, "a value of it holds one of the secrets")
				}
			}
		}
	}
	return nil
}

// scopes reads each resource under grants of every other category.
func (k *kit) scopes(all []supportgrant.Category) error {
	slices.SortFunc(all, func(a, b supportgrant.Category) int { return strings.Compare(a.Name(), b.Name()) })
	for _, c := range slices.Compact(all) {
		g, err := k.grant(supportgrant.ScopeOf(c))
		if err != nil {
			return err
		}
		for _, r := range k.Registry {
			if r.Category == c {
				continue
			}
			k.attempts++
			if _, err := supportgrant.Read[supportgrant.Row](k.ctx, k.s, k.access(g, r.Name)); !errors.Is(err, supportgrant.ErrNotGranted) {
				k.tell(ruleScope, r.Name, "it was read under a grant of "+c.Name())
			}
		}
		if _, err := k.s.Withdraw(k.ctx, g.ID, "kit-olga", ""); err != nil {
			return err
		}
	}
	return nil
}

// column tries to get at one column of the database.
func (k *kit) column(g supportgrant.Grant, t supportgrant.Table, c supportgrant.Column) {
	object, listed := t.Name+"."+c.Name, false
	for i := range k.Registry {
		r := &k.Registry[i]
		if r.Table == t.Name && k.needs(r, c.Name) {
			listed = true
		}
		if r.Table == t.Name && !slices.Contains(r.Columns, c.Name) {
			for _, secret := range k.Secrets {
				a := k.access(g, r.Name)
				a.Match = []supportgrant.Condition{supportgrant.Is(c.Name, secret)}
				k.attempts++
				if _, err := supportgrant.Read[supportgrant.Row](k.ctx, k.s, a); !errors.Is(err, supportgrant.ErrInvalid) {
					k.tell(ruleColumn, object, "rows could be picked by it")
				} else if k.secret(err.Error()) {
					k.tell(ruleError, object, "the refusal repeats it")
				}
			}
		}
		k.names(r, object, c.Name)
	}
	if k.Raw != nil && !listed {
		k.raw(g, t.Name, c.Name, object)
	}
}

// needs reports whether the database itself lets a support session see a column: it is shown, or rows are picked by it.
func (k *kit) needs(r *supportgrant.Resource, column string) bool {
	return r.Care == column || slices.ContainsFunc(r.Columns, func(c string) bool { base, _, _ := strings.Cut(c, "."); return base == column }) ||
		slices.ContainsFunc(r.Where, func(c supportgrant.Condition) bool { return c.Column == column })
}

// names tries to bring a column into the registry under names that are none, and what is plainly a secret under its own.
func (k *kit) names(r *supportgrant.Resource, object, column string) {
	hostile := []string{column + ", " + column, `"` + column + `"`, "(" + column + ")", column + " AS id", r.Table + ".\"" + column + "\"", "(SELECT " + column + " FROM " + r.Table + " LIMIT 1)", column + "--", column + "\x00", "*", ""}
	if supportgrant.Excluded(column) != "" {
		hostile = append(hostile, column, column+".value", strings.ToUpper(column))
	}
	for _, name := range hostile {
		bad := *r
		bad.Columns = append(slices.Clone(r.Columns), name)
		k.attempts++
		if _, err := k.service([]supportgrant.Resource{bad}); err == nil {
			k.tell(ruleName, object, "the registry took it as a column of "+r.Name)
		}
	}
	for _, table := range []string{r.Table + " JOIN x", r.Table + "; SELECT 1", "(SELECT * FROM " + r.Table + ")", `"` + r.Table + `"`} {
		bad := *r
		bad.Table = table
		k.attempts++
		if _, err := k.service([]supportgrant.Resource{bad}); err == nil {
			k.tell(ruleName, r.Name, "the registry took what is no table")
		}
	}
}

// raw asks for a column in every way in which SQL tells something of one.
func (k *kit) raw(g supportgrant.Grant, table, column, object string) {
	name := func(s string) string { return `"` + strings.ReplaceAll(s, ".", `"."`) + `"` }
	t, c := name(table), name(column)
	for _, q := range []string{
		"SELECT " + c + " FROM " + t, "SELECT count(" + c + ") FROM " + t, "SELECT 1 FROM " + t + " WHERE " + c + " IS NOT NULL",
		"SELECT 1 FROM " + t + " ORDER BY " + c, "SELECT 1 FROM " + t + " GROUP BY " + c, "SELECT x FROM " + t + " x", "SELECT * FROM " + t,
		"EXPLAIN SELECT " + c + " FROM " + t,
	} {
		k.attempts++
		values, err := k.Raw(k.ctx, g.ID, g.Staff, q)
		if err == nil {
			k.tell(ruleRaw, object, fmt.Sprintf("a statement of the form %.16s… was run; it had %d values", q, len(values)))
		} else if k.secret(err.Error()) {
			k.tell(ruleError, object, "the refusal repeats it")
		}
	}
}
