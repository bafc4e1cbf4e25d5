package tenancytest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/internal/finding"
)

const roleRemedy = "REVOKE the role from the application's role; system work has a role and a pool of its own."

var (
	roleChange    = rule("role.set", "SET ROLE gives the application more than its own rights", roleRemedy)
	roleGrant     = rule("role.grant", "the application can grant itself the rights of others", "ALTER ROLE ... NOCREATEROLE, and REVOKE ... ADMIN OPTION.")
	sessionChange = rule("role.session", "the application can become another user", roleRemedy)
	replicaRole   = rule("role.replica", "the application can switch triggers and foreign keys off (session_replication_role)", "REVOKE SET ON PARAMETER session_replication_role, and superuser.")
	createObject  = rule("create.object", "a tenant can leave functions or tables behind in a schema that every tenant's statements look into", "REVOKE CREATE ON SCHEMA ... FROM the application's role and PUBLIC.")
	serverFiles   = rule("read.files", "the application can read files or run programs of the server", "REVOKE pg_read_server_files, pg_execute_server_program and superuser from the application's role.")
	directoryRead = rule("read.directory", "the application can read the tables that hold tenants and signing keys", "REVOKE ALL ON ALL TABLES IN SCHEMA tenancy FROM the application's role; tenancy.id() reads it as its owner.")
)

// attackSession tries what is not about one table.
func (k *kit) attackSession(ctx context.Context) error {
	if len(k.cat.tables) == 0 {
		return nil
	}
	return k.undone(ctx, k.A, func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, "SET LOCAL lock_timeout = '3s'"); err != nil {
			return err
		}
		h := &hand{kit: k, ctx: ctx, tx: tx}
		if _, err := tx.ExecContext(ctx, "SAVEPOINT tenancytest"); err != nil {
			return err
		}
		seen, err := h.roles("SET LOCAL ROLE ")
		err = errors.Join(err, k.tell(roleChange, Session, seen, nil))
		if err != nil {
			return err
		}
		seen, err = h.roles("SET LOCAL SESSION AUTHORIZATION ")
		err = errors.Join(err, k.tell(sessionChange, Session, seen, nil))
		if err != nil {
			return err
		}
		if err := h.accepted(replicaRole, "SET LOCAL session_replication_role = replica"); err != nil {
			return err
		}
		if err := h.undo(); err != nil {
			return err
		}
		var schemas []string
		if err := tx.SelectContext(ctx, &schemas, `SELECT pg_catalog.quote_ident(nspname) FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1`); err != nil {
			return err
		}
		create := []string{"CREATE SCHEMA tenancytest_s"}
		for _, s := range schemas {
			create = append(create, "CREATE FUNCTION "+s+".tenancytest_f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE TABLE "+s+".tenancytest_t (a int)")
		}
		if err := h.accepted(createObject, create...); err != nil {
			return err
		}
		if err := h.files(); err != nil {
			return err
		}
		var grants []string
		for _, r := range h.powers {
			grants = append(grants, "GRANT "+r+" TO CURRENT_USER")
		}
		if err := h.accepted(roleGrant, grants...); err != nil {
			return err
		}
		return h.accepted(directoryRead, "SELECT id FROM tenancy.tenant LIMIT 1", "SELECT count(*) FROM tenancy.tenant",
			"UPDATE tenancy.tenant SET state = state",
			"SELECT count(*) FROM tenancy.key", "SELECT count(*) FROM tenancy.shard")
	})
}

// accepted tells whether the database accepts one of the statements.
func (h *hand) accepted(r finding.Rule, statements ...string) error {
	var last error
	for _, s := range statements {
		_, err := h.alone(s)
		if err == nil {
			words := strings.Fields(s)
			return h.tell(r, Session, "accepted: "+strings.Join(words[:min(3, len(words))], " ")+" ...", nil)
		}
		if state(err) == "42P01" { // there is no such table here, and so nothing to be had
			err = nil
		}
		if err != nil && (last == nil || refused(last)) {
			last = err
		}
	}
	return h.tell(r, Session, "", last)
}

// files tries to reach files and programs of the server. COPY asks for the right before it looks at the
// table, and under row-level security goes no further.
func (h *hand) files() error {
	for _, s := range []string{" FROM '/tenancytest/none'", " FROM PROGRAM 'false'"} {
		_, err := h.alone("COPY " + h.cat.tables[0].Name + s)
		if st := state(err); err == nil || st == "0A000" || strings.HasPrefix(st, "58") || strings.HasPrefix(st, "38") {
			return h.tell(serverFiles, Session, "accepted: COPY ..."+s, nil)
		}
	}
	return h.accepted(serverFiles, "SELECT pg_catalog.length(pg_catalog.pg_read_file('PG_VERSION'))", "SELECT count(*) FROM pg_catalog.pg_ls_dir('.')")
}

// roles tries to become each role, and to do as that role what A may not.
func (h *hand) roles(set string) (string, error) {
	var roles []struct {
		Name  string `db:"name"`
		Power bool   `db:"power"`
	}
	if err := h.undo(); err != nil {
		return "", err
	}
	err := h.tx.SelectContext(h.ctx, &roles, `SELECT pg_catalog.quote_ident(r.rolname) AS name, r.rolsuper OR r.rolbypassrls OR r.rolcreaterole
		OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relowner = r.oid AND c.oid = ANY ($1::text::oid[])) AS power
		FROM pg_catalog.pg_roles r WHERE r.rolname <> current_user ORDER BY 2 DESC, 1 LIMIT 200`, h.oids())
	if err != nil {
		return "", err
	}
	h.powers = nil
	for _, r := range roles {
		if r.Power && len(h.powers) < 20 {
			h.powers = append(h.powers, r.Name)
		}
		var seen string
		_, err := h.alone(set + r.Name)
		if err == nil {
			err = func() error {
				if r.Power {
					seen = "it may become a role that owns tables, bypasses row-level security or makes roles"
					return nil
				}
				for _, t := range h.cat.tables {
					var n int64
					err := h.sub(func() (err error) {
						n, err = h.number("SELECT count(*) FROM " + t.Name + " x WHERE x." + t.tenant.Ident + "::text = " + lit(h.B.String()))
						return err
					})
					if errors.As(err, new(lost)) {
						return err
					}
					if n > 0 {
						seen = "as a role it may become, it reached rows of " + t.Name
						return nil
					}
				}
				return nil
			}()
		}
		if errors.As(err, new(lost)) {
			return "", err
		}
		if seen != "" {
			return seen, nil
		}
	}
	return "", nil
}

// oids are the tenant tables as the text of an array.
func (h *hand) oids() string {
	var out []string
	for _, t := range h.cat.tables {
		out = append(out, fmt.Sprint(t.OID))
	}
	return "{" + strings.Join(out, ",") + "}"
}
