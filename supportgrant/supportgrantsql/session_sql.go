package supportgrantsql

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
)

// Sessions says who of the staff may read a Postgres database by SQL of their own.
type Sessions struct {
	// Role is what staff logs in as, with psql or another tool, and what nobody else does: it exists, LOGIN and NOINHERIT, is a member of nothing and owns nothing.
	Role    string
	AppRole string // the application's, which issues tokens
	// SystemRole is that of package rls; "" if there is none.
	SystemRole string
	// Registry is that of the service. Each table is named by one resource only: SQL cannot tell which of two is meant. Views cannot be named, and
	// what the registry lists of JSON by path is not read by SQL.
	Registry     []supportgrant.Resource
	TenantColumn string // "": tenant_id, of type text
}

//go:embed session.sql
var sessionText string

// SessionSQL returns the statements that let Role read, by any SQL, what a live grant gives, and nothing else. Run them as the owner of the
// tables after [Migrate] and after the tables are guarded by what package rls prints; they may be run again. A session is opened
// with a token of [Store.Session]:
//
//	SELECT supportgrant.bind('...');
//
// It is of this backend, for this grant, once. From then on each row that comes out of a table is asked for: when the grant is withdrawn or its time is over
// the next row is refused, in an open transaction, cursor or statement too. What the server had taken out before, for a sort, an aggregate or a
// cursor WITH HOLD, it still hands over: end the backend, by pg_terminate_backend, where that matters. Transactions are READ COMMITTED and on the primary. Beside SELECT on
// listed columns the role can do nothing: [InspectSessions] tells whether that is so still.
func SessionSQL(c Sessions) (string, error) {
	if err := c.check(); err != nil {
		return "", err
	}
	role, app := quoted(c.Role), quoted(c.AppRole)
	words := strings.NewReplacer("{role}", role, "{app}", app, "{users}", c.users(), "{role_text}", textLiteral(c.Role))
	var b strings.Builder
	b.WriteString(words.Replace(sessionText))
	var schemas []string
	for i := range c.Registry {
		if schema, _, ok := strings.Cut(c.Registry[i].Table, "."); ok && !slices.Contains(schemas, schema) {
			schemas = append(schemas, schema)
			fmt.Fprintf(&b, "GRANT USAGE ON SCHEMA %s TO %s;\nREVOKE CREATE ON SCHEMA %s FROM PUBLIC, %s;\n", quoted(schema), role, quoted(schema), role)
		}
	}
	for i := range c.Registry {
		r := &c.Registry[i]
		table := tableText(r.Table)
		fmt.Fprintf(&b, "\n-- +goose StatementBegin\nDO $sessions$\nBEGIN\n  IF (SELECT relkind FROM pg_catalog.pg_class WHERE oid = %s::pg_catalog.regclass) NOT IN ('r', 'p') THEN\n"+
			"    RAISE EXCEPTION 'supportgrant: a resource is no table';\n  END IF;\n", textLiteral(table))
		fmt.Fprintf(&b, "  REVOKE ALL ON TABLE %s FROM PUBLIC, %s;\n", table, role)
		if columns := c.columns(r); len(columns) > 0 {
			fmt.Fprintf(&b, "  GRANT SELECT (%s) ON TABLE %s TO %s;\n", strings.Join(columns, ", "), table, role)
		}
		fmt.Fprintf(&b, "  ALTER TABLE %s ENABLE ROW LEVEL SECURITY;\n  ALTER TABLE %s FORCE ROW LEVEL SECURITY;\n", table, table)
		fmt.Fprintf(&b, "  DROP POLICY IF EXISTS supportgrant_allow ON %s;\n  CREATE POLICY supportgrant_allow ON %s FOR SELECT TO %s USING (true);\n", table, table, role)
		fmt.Fprintf(&b, "  DROP POLICY IF EXISTS supportgrant_guard ON %s;\n  CREATE POLICY supportgrant_guard ON %s AS RESTRICTIVE FOR ALL TO %s USING (\n    %s) WITH CHECK (false);\n",
			table, table, role, c.condition(r))
		b.WriteString("END $sessions$;\n-- +goose StatementEnd\n")
	}
	return b.String(), nil
}

func (c *Sessions) check() error {
	for _, name := range []string{c.Role, c.AppRole, c.tenantColumn()} {
		if !isName(name) {
			return fmt.Errorf("supportgrantsql: %q is not a name of letters, digits and \"_\"", name)
		}
	}
	if c.SystemRole != "" && !isName(c.SystemRole) || c.Role == c.AppRole || c.Role == c.SystemRole {
		return fmt.Errorf("supportgrantsql: the roles of sessions, the application and the system are three")
	}
	if len(c.Registry) == 0 {
		return fmt.Errorf("supportgrantsql: the registry is empty")
	}
	for i := range c.Registry {
		r := &c.Registry[i]
		if r.Category.IsZero() {
			return fmt.Errorf("supportgrantsql: resource %q has no category", r.Name)
		}
		names := append(strings.Split(r.Table, "."), r.Key...)
		for _, column := range r.Columns {
			names = append(names, strings.Split(column, ".")...)
		}
		for _, w := range r.Where {
			names = append(names, w.Column)
		}
		if r.Care != "" && r.Care != "*" {
			names = append(names, r.Care)
		}
		for _, name := range names {
			if !isName(name) {
				return fmt.Errorf("supportgrantsql: resource %q: %q is not a name of letters, digits and \"_\"", r.Name, name)
			}
		}
		for _, name := range append([]string{r.Table}, r.Columns...) {
			if family := supportgrant.Excluded(name); family != "" {
				return fmt.Errorf("supportgrantsql: resource %q: %q is of a family that no grant can give: %s", r.Name, name, family)
			}
		}
		for j := range i {
			if c.Registry[j].Table == r.Table {
				return fmt.Errorf("supportgrantsql: resources %q and %q are of one table, and SQL cannot tell which is meant", c.Registry[j].Name, r.Name)
			}
		}
		for _, w := range r.Where {
			if _, err := literal(w); err != nil {
				return fmt.Errorf("supportgrantsql: resource %q: %w", r.Name, err)
			}
		}
	}
	return nil
}

func (c *Sessions) tenantColumn() string {
	if c.TenantColumn == "" {
		return "tenant_id"
	}
	return c.TenantColumn
}

func (c *Sessions) users() string {
	if c.SystemRole == "" {
		return quoted(c.AppRole)
	}
	return quoted(c.AppRole) + ", " + quoted(c.SystemRole)
}

// columns are those that the registry lists whole.
func (c *Sessions) columns(r *supportgrant.Resource) (out []string) {
	for _, name := range r.Columns {
		if !strings.Contains(name, ".") {
			out = append(out, quoted(name))
		}
	}
	return out
}

// condition is what rows fulfil. Who is bound is asked once a statement, and whether the grant is live for each row that fulfils the rest.
func (c *Sessions) condition(r *supportgrant.Resource) string {
	all := []string{quoted(c.tenantColumn()) + ` = (SELECT supportgrant.tenant(supportgrant.started()))`}
	for _, w := range r.Where {
		text, _ := literal(w)
		all = append(all, text)
	}
	careful := `false`
	switch r.Care {
	case "":
	case "*":
		careful = `true`
	default:
		careful = quoted(r.Care) + ` IS NOT FALSE`
	}
	return strings.Join(append(all, `supportgrant.live((SELECT supportgrant.session(supportgrant.started())), `+textLiteral(r.Category.Name())+`, `+careful+`)`), "\n    AND ")
}

// literal is a condition as SQL without parameters.
func literal(w supportgrant.Condition) (string, error) {
	column := quoted(w.Column)
	switch w.Op {
	case supportgrant.Null:
		return column + ` IS NULL`, nil
	case supportgrant.NotNull:
		return column + ` IS NOT NULL`, nil
	}
	switch v := w.Value.(type) {
	case string:
		if strings.ContainsRune(v, 0) {
			break
		}
		return column + ` = ` + textLiteral(v), nil
	case bool:
		return column + ` = ` + strconv.FormatBool(v), nil
	case int:
		return column + ` = ` + strconv.Itoa(v), nil
	case int64:
		return column + ` = ` + strconv.FormatInt(v, 10), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			break
		}
		return column + ` = ` + strconv.FormatFloat(v, 'g', -1, 64) + `::float8`, nil
	case time.Time:
		return column + ` = '` + v.UTC().Format("2006-01-02 15:04:05.999999") + `+00'::timestamptz`, nil
	}
	return "", fmt.Errorf("condition on %q has a value that the SQL of a policy is not made of", w.Column)
}

// textLiteral is text in quotes, whatever standard_conforming_strings is.
func textLiteral(s string) string {
	q := `'` + strings.ReplaceAll(s, `'`, `''`) + `'`
	if strings.Contains(s, `\`) {
		q = ` E` + strings.ReplaceAll(q, `\`, `\\`)
	}
	return q
}

func isName(s string) bool {
	if s == "" || len(s) > 63 || s[0] >= '0' && s[0] <= '9' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_'
	})
}
