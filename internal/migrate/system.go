package migrate

import "strings"

// SystemSchema is the SQL that gives what a package keeps for no tenant, in a Postgres schema of its own, to the system role and to
// nobody else. grants are those on its tables, such as "SELECT, INSERT ON audit_heads.event". Without a role nobody has any.
func SystemSchema(schema, role string, grants ...string) string {
	out := `
		REVOKE ALL ON SCHEMA ` + schema + ` FROM PUBLIC;
		REVOKE ALL ON ALL TABLES IN SCHEMA ` + schema + ` FROM PUBLIC;`
	if role == "" {
		return out
	}
	role = `"` + strings.ReplaceAll(role, `"`, `""`) + `"`
	out += `
		REVOKE ALL ON ALL TABLES IN SCHEMA ` + schema + ` FROM ` + role + `;
		GRANT USAGE ON SCHEMA ` + schema + ` TO ` + role + `;`
	for _, g := range grants {
		out += `
		GRANT ` + g + ` TO ` + role + `;`
	}
	return out
}
