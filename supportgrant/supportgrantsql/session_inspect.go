package supportgrantsql

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/finding"
)

// What [InspectSessions] looks for.
var (
	RuleRole = finding.Rule{ID: "SGP010", Severity: finding.Error, Title: "the role of sessions is not there, or has attributes that policies do not hold for",
		Remedy: "ALTER ROLE ... NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION."}
	RuleMember = finding.Rule{ID: "SGP011", Severity: finding.Error, Title: "the role of sessions can act as another",
		Remedy: "REVOKE the membership."}
	RuleMakes = finding.Rule{ID: "SGP012", Severity: finding.Error, Title: "the role of sessions can make or owns something",
		Remedy: "REVOKE CREATE and TEMPORARY from it and from PUBLIC, and give what it owns to another."}
	RuleExtra = finding.Rule{ID: "SGP013", Severity: finding.Error, Title: "the role of sessions has a privilege that the registry does not give",
		Remedy: "REVOKE it, from PUBLIC too, and run what SessionSQL prints."}
	RulePolicy = finding.Rule{ID: "SGP014", Severity: finding.Error, Title: "a table of the registry does not have the policies of sessions",
		Remedy: "Run what SessionSQL prints."}
	RuleDefiner = finding.Rule{ID: "SGP015", Severity: finding.Error, Title: "the role of sessions can call a function that runs as another",
		Remedy: "REVOKE EXECUTE on it from PUBLIC, or make it SECURITY INVOKER."}
	RuleTrigger = finding.Rule{ID: "SGP016", Severity: finding.Error, Title: "the end of a grant does not end its sessions",
		Remedy: "Run what SessionSQL prints."}
)

// InspectSessions compares a database with what [SessionSQL] prints for c, connected as a role that can see it all: its owner.
// Run it when the program starts and in a schedule, for what a migration gives away is not refused by anything else.
func InspectSessions(ctx context.Context, owner *sql.DB, c Sessions) (*finding.Report, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	var found []finding.Finding
	add := func(rule finding.Rule, object, message string) {
		found = append(found, finding.Finding{Rule: rule.ID, Severity: rule.Severity, Object: object, Message: message})
	}
	ask := func(rule finding.Rule, message, text string, args ...any) error {
		rows, err := owner.QueryContext(ctx, text, args...)
		if err != nil {
			return fmt.Errorf("supportgrantsql: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var object string
			if err := rows.Scan(&object); err != nil {
				return err
			}
			add(rule, object, message)
		}
		return rows.Err()
	}
	var there bool
	if err := owner.QueryRowContext(ctx, `SELECT count(*) = 1 FROM pg_roles WHERE rolname = $1`, c.Role).Scan(&there); err != nil {
		return nil, fmt.Errorf("supportgrantsql: %w", err)
	}
	rules := []finding.Rule{RuleRole, RuleMember, RuleMakes, RuleExtra, RulePolicy, RuleDefiner, RuleTrigger}
	if !there {
		add(RuleRole, c.Role, "there is no such role")
		return finding.New("bailiwick/supportgrant", "sessions", rules, found, nil, time.Now()), nil
	}
	for _, q := range []struct {
		rule          finding.Rule
		message, text string
	}{
		{RuleRole, "policies do not hold for it, or it makes roles", `SELECT rolname FROM pg_roles WHERE rolname = $1 AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)`},
		{RuleMember, "it can act as this role", `SELECT b.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member JOIN pg_roles b ON b.oid = m.roleid WHERE r.rolname = $1`},
		{RuleMakes, "it can make tables here", `SELECT datname FROM pg_database WHERE datname = current_database() AND (has_database_privilege($1, oid, 'CREATE') OR has_database_privilege($1, oid, 'TEMPORARY'))`},
		{RuleMakes, "it can make objects here", `SELECT nspname FROM pg_namespace WHERE has_schema_privilege($1, oid, 'CREATE')`},
		{RuleMakes, "it owns this", `SELECT c.oid::regclass::text FROM pg_class c WHERE pg_get_userbyid(c.relowner) = $1 UNION ALL SELECT p.oid::regprocedure::text FROM pg_proc p WHERE pg_get_userbyid(p.proowner) = $1
			UNION ALL SELECT nspname FROM pg_namespace WHERE pg_get_userbyid(nspowner) = $1`},
		{RuleExtra, "it can write or refer to this", `SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
			AND (has_table_privilege($1, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') OR has_any_column_privilege($1, c.oid, 'INSERT, UPDATE, REFERENCES'))`},
		{RuleExtra, "it can use this sequence", `SELECT c.oid::regclass::text FROM pg_class c WHERE CASE WHEN c.relkind = 'S' THEN has_sequence_privilege($1, c.oid, 'USAGE, SELECT, UPDATE') ELSE false END`},
		{RuleDefiner, "it can call this function", `SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prosecdef AND has_function_privilege($1, p.oid, 'EXECUTE') AND has_schema_privilege($1, n.oid, 'USAGE')
			AND n.nspname || '.' || p.proname NOT IN ('tenancy.id', 'tenancy.about', 'tenancy.fence', 'supportgrant.bind', 'supportgrant.session', 'supportgrant.tenant', 'supportgrant.live')`},
	} {
		if err := ask(q.rule, q.message, q.text, c.Role); err != nil {
			return nil, err
		}
	}
	if err := ask(RuleTrigger, "it has no trigger of sessions that is enabled", `SELECT 'supportgrant_grant' WHERE NOT EXISTS (SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace n ON n.oid = p.pronamespace
		WHERE t.tgrelid = 'public.supportgrant_grant'::regclass AND n.nspname = 'supportgrant' AND p.proname = 'follow' AND t.tgenabled IN ('O', 'A') AND t.tgtype = 17 AND t.tgqual IS NULL AND t.tgattr = '')`); err != nil {
		return nil, err
	}
	listed := map[string][]string{} // columns, by the table's oid
	for i := range c.Registry {
		r := &c.Registry[i]
		var oid string
		var guarded bool
		err := owner.QueryRowContext(ctx, `SELECT c.oid::text, c.relkind IN ('r', 'p') AND c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'supportgrant_guard' AND NOT p.polpermissive
				AND p.polcmd = '*' AND p.polroles = ARRAY[$2::regrole::oid] AND pg_get_expr(p.polqual, c.oid) LIKE '%supportgrant.tenant(supportgrant.started())%AND%supportgrant.live(( SELECT supportgrant.session(supportgrant.started())%' || $3 || '%'
				AND pg_get_expr(p.polqual, c.oid) NOT LIKE '% OR true%' AND pg_get_expr(p.polwithcheck, c.oid) = 'false')
			FROM pg_class c WHERE c.oid = to_regclass($1)`, tableText(r.Table), quoted(c.Role), textLiteral(r.Category.Name())).Scan(&oid, &guarded)
		if err == sql.ErrNoRows {
			add(RulePolicy, r.Table, "the table is not there")
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("supportgrantsql: %w", err)
		}
		if !guarded {
			add(RulePolicy, r.Table, "its policy of sessions is missing or another, or row-level security is not forced")
		}
		for _, column := range c.columns(r) {
			listed[oid] = append(listed[oid], strings.Trim(column, `"`))
		}
	}
	rows, err := owner.QueryContext(ctx, `SELECT c.oid::text, c.oid::regclass::text, a.attname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND has_column_privilege($1, c.oid, a.attnum, 'SELECT')`, c.Role)
	if err != nil {
		return nil, fmt.Errorf("supportgrantsql: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var oid, table, column string
		if err := rows.Scan(&oid, &table, &column); err != nil {
			return nil, err
		}
		if !slices.Contains(listed[oid], column) {
			add(RuleExtra, table+"."+column, "it can read this column")
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return finding.New("bailiwick/supportgrant", "sessions", rules, found, nil, time.Now()), nil
}
