package supportgrant

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/finding"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// The shape in which [Service.Inspect] reports, as all doors do.
type (
	Report   = finding.Report
	Finding  = finding.Finding
	Rule     = finding.Rule
	Severity = finding.Severity
)

// The severities of findings, for Report.Err.
const (
	Info    = finding.Info
	Warning = finding.Warning
	Error   = finding.Error // keeps guarded reads from beginning
)

// What [Service.Inspect] looks for itself. A store adds rules of its own.
var (
	RuleTable = Rule{ID: "SGR001", Severity: finding.Error, Title: "a resource of the registry has no table",
		Remedy: "Correct the registry, or migrate the database."}
	RuleColumn = Rule{ID: "SGR002", Severity: finding.Error, Title: "a resource names a column that its table does not have",
		Remedy: "Correct the registry, or migrate the database."}
	RuleJSON = Rule{ID: "SGR003", Severity: finding.Error, Title: "a column of JSON would be read whole, whatever is put into it",
		Remedy: "List what is to be seen of it by its path, as column.name."}
	RulePath = Rule{ID: "SGR004", Severity: finding.Error, Title: "a path leads into a column that is not JSON",
		Remedy: "List the column itself, or make it JSON."}
)

// Inspect compares the registry with the tables of ctx's tenant as they are: whatever is an error keeps all guarded reads from beginning,
// with [ErrSchema]. Reads look for themselves, once for each tenant and process; call it when the program starts, and in your tests, to
// know before: report.Err(supportgrant.Error) is nil if all is well.
func (s *Service) Inspect(ctx context.Context) (*Report, error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return nil, err
	}
	c, err := s.store.Catalogue(ctx, slices.Clone(s.ordered))
	if err != nil {
		return nil, err
	}
	found := c.Findings
	for i := range s.ordered {
		r := &s.ordered[i]
		at := slices.IndexFunc(c.Tables, func(t Table) bool { return t.Name == r.Table })
		if at < 0 {
			found = append(found, of(RuleTable, r, r.Table, "the registry names a table that is not there"))
			continue
		}
		found = append(found, compare(r, &c.Tables[at])...)
	}
	rules := append([]Rule{RuleTable, RuleColumn, RuleJSON, RulePath}, c.Rules...)
	return finding.New("bailiwick/supportgrant", tenant.String(), rules, found, nil, time.Now()), nil
}

// compare says what the registry has and the table does not, or otherwise.
func compare(r *Resource, t *Table) (found []Finding) {
	names := slices.Concat(r.Columns, r.Key)
	for _, w := range r.Where {
		names = append(names, w.Column)
	}
	if r.Care != "" && r.Care != "*" {
		names = append(names, r.Care)
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			continue
		}
		base, _, path := strings.Cut(name, ".")
		at := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == base })
		switch {
		case at < 0:
			found = append(found, of(RuleColumn, r, base, "the registry names a column that is not there"))
		case t.Columns[at].JSON && !path:
			found = append(found, of(RuleJSON, r, base, "the registry lists a column of JSON whole"))
		case !t.Columns[at].JSON && path:
			found = append(found, of(RulePath, r, name, "the registry lists a path in a column that is not JSON"))
		}
	}
	return found
}

func of(rule Rule, r *Resource, object, message string) Finding {
	return Finding{Rule: rule.ID, Severity: rule.Severity, Object: r.Name + ": " + object, Message: message}
}

// fit is nil if nothing keeps ctx's tenant's reads from beginning.
func (s *Service) fit(ctx context.Context, tenant tenancy.ID) error {
	s.mu.Lock()
	fits := s.fitted[tenant]
	s.mu.Unlock()
	if fits {
		return nil
	}
	rep, err := s.Inspect(ctx)
	if err != nil {
		return err
	}
	if err := rep.Err(finding.Error); err != nil {
		return fmt.Errorf("%w: %w", ErrSchema, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.fitted) >= 100_000 { // look at those in use again
		clear(s.fitted)
	}
	s.fitted[tenant] = true
	return nil
}
