package rls

import (
	"fmt"
	"slices"
	"strings"
)

// The rules about the app role and the roles it can act as.

// reading are the server's own roles that see or do what no tenant's session should.
var reading = map[string]string{
	"pg_read_all_data": "reads every table", "pg_write_all_data": "writes every table",
	"pg_read_server_files": "reads the server's files", "pg_write_server_files": "writes the server's files",
	"pg_execute_server_program": "runs programs on the server", "pg_monitor": "sees other sessions' statements",
	"pg_read_all_stats": "sees other sessions' statements", "pg_read_all_settings": "sees every setting",
	"pg_signal_backend": "ends other sessions", "pg_create_subscription": "opens connections out",
	"pg_maintain": "locks every table", "pg_stat_scan_tables": "locks and scans every table",
	"pg_database_owner": "owns the database", "pg_checkpoint": "forces checkpoints",
}

func (in *inspection) checkRoles() {
	app := in.k.app()
	if app.Super || app.Bypass {
		in.report("RLS053", quote(app.Name), attributes(app), fmt.Sprintf("ALTER ROLE %s NOSUPERUSER NOBYPASSRLS;", quote(app.Name)))
	}
	if app.Super { // it can do the rest too
		return
	}
	for i := range in.k.roles {
		r := &in.k.roles[i]
		revoke := ""
		for _, via := range r.Via {
			revoke += fmt.Sprintf("REVOKE %s FROM %s;\n", quote(via), quote(app.Name))
		}
		how := "through memberships"
		if r == app {
			how, revoke = "itself", fmt.Sprintf("ALTER ROLE %s NOCREATEROLE NOCREATEDB NOREPLICATION;", quote(app.Name))
		}
		if r != app && (r.Super || r.Bypass) {
			in.report("RLS054", quote(r.Name), quote(app.Name)+" can act as it; it has "+attributes(r), revoke)
		}
		var extra []string
		for has, word := range map[*bool]string{&r.CreateRole: "CREATEROLE", &r.CreateDB: "CREATEDB", &r.Replication: "REPLICATION"} {
			if *has {
				extra = append(extra, word)
			}
		}
		if extra != nil && !r.Super {
			slices.Sort(extra)
			in.report("RLS055", quote(r.Name), strings.Join(extra, ", ")+", "+how, revoke)
		}
		if why, ok := reading[r.Name]; ok && r.Predefined {
			in.report("RLS056", quote(r.Name), quote(app.Name)+" can act as it: it "+why, revoke)
		} else if r != app && in.c.system != "" && r.Name == in.c.system && !r.Super && !r.Bypass {
			in.report("RLS054", quote(r.Name), quote(app.Name)+" can act as the system role", revoke)
		}
	}
	if in.k.acts(in.k.server.Owner) != nil {
		in.report("RLS052", "database "+quote(in.k.server.Database), "owned by "+quote(in.k.server.OwnerName)+", which the app can act as", "")
	}
	for _, s := range in.k.schemas {
		if in.k.acts(s.Owner) != nil {
			in.report("RLS052", "schema "+quote(s.Name), "owned by a role the app can act as", "")
		}
	}
	for _, o := range in.k.owned {
		in.report("RLS052", o.Kind+" "+o.Name, "owned by a role the app can act as", "")
	}
}

func attributes(r *role) string {
	var out []string
	if r.Super {
		out = append(out, "SUPERUSER")
	}
	if r.Bypass {
		out = append(out, "BYPASSRLS")
	}
	return strings.Join(out, ", ")
}
