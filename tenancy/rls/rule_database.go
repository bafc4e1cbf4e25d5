package rls

import (
	"fmt"
	"slices"
	"strings"
)

// The rules about the server and the database around the tables.

// patched are, for each major version, the first minor one with the fixes of the known holes in row-level
// security: CVE-2025-8713 (statistics), CVE-2024-10976 (roles in subqueries) and CVE-2024-10978 (SET ROLE).
var patched = map[int]int{13: 22, 14: 19, 15: 14, 16: 10, 17: 6}

// unpatched says what is wrong with a server version, as in server_version_num; "" if nothing is.
func unpatched(version int) string {
	major, minor := version/10000, version%10000
	need, ok := patched[major]
	switch {
	case ok && minor < need:
		return fmt.Sprintf("version %d.%d; the fixes are in %d.%d", major, minor, major, need)
	case !ok && major < 13:
		return fmt.Sprintf("version %d, which gets no fixes any more", major)
	}
	return ""
}

func (in *inspection) checkDatabase() {
	k, app, db := in.k, quote(in.c.app), quote(in.k.server.Database)
	if why := unpatched(k.server.Version); why != "" {
		in.report("RLS090", "server", why, "")
	}
	if !k.server.Super {
		if k.server.Temporary {
			in.report("RLS058", "database "+db, "", fmt.Sprintf("REVOKE TEMPORARY ON DATABASE %s FROM PUBLIC, %s;", db, app))
		}
		if k.server.Create {
			in.report("RLS059", "database "+db, "may create schemas", fmt.Sprintf("REVOKE CREATE ON DATABASE %s FROM PUBLIC, %s;", db, app))
		}
		for _, s := range k.schemas {
			if len(s.Creators) > 0 && k.acts(s.Owner) == nil {
				in.report("RLS059", "schema "+quote(s.Name), "granted to "+strings.Join(s.Creators, ", "),
					fmt.Sprintf("REVOKE CREATE ON SCHEMA %s FROM PUBLIC, %s;", quote(s.Name), app))
			}
		}
	}
	for _, d := range k.defaults {
		kind, where := "TABLES", ""
		if d.Kind == "S" {
			kind = "SEQUENCES"
		}
		if d.Schema != "" {
			where = " IN SCHEMA " + quote(d.Schema)
		}
		slices.Sort(d.Privileges)
		in.report("RLS057", strings.TrimSpace(kind+where), fmt.Sprintf("%s made by %s: %s to %s", strings.ToLower(kind), quote(d.Maker), strings.Join(d.Privileges, ", "), d.Grantee),
			fmt.Sprintf("ALTER DEFAULT PRIVILEGES FOR ROLE %s%s REVOKE ALL ON %s FROM %s;", quote(d.Maker), where, kind, grantee(d.Grantee)))
	}
	in.checkSettings()
	for _, l := range k.languages {
		in.report("RLS063", "language "+quote(l.Name), l.Grantee+" may write functions in it", fmt.Sprintf("REVOKE USAGE ON LANGUAGE %s FROM %s;", quote(l.Name), grantee(l.Grantee)))
	}
	var dblink []string
	for _, s := range k.system {
		switch s.Kind {
		case "files":
			in.report("RLS064", s.Object, "the app role may call it", fmt.Sprintf("REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC, %s;", s.Object, app))
		case "dblink":
			dblink = append(dblink, s.Object)
		case "catalogue":
			in.report("RLS067", s.Object, "the app role may read it", fmt.Sprintf("REVOKE SELECT ON TABLE %s FROM PUBLIC, %s;", s.Object, app))
		case "statements":
			in.report("RLS083", s.Object, "the app role may read it", fmt.Sprintf("REVOKE SELECT ON TABLE %s FROM PUBLIC, %s;", s.Object, app))
		}
	}
	if dblink != nil {
		in.report("RLS066", "extension dblink", "the app role may call "+strings.Join(dblink, ", "),
			fmt.Sprintf("REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC, %s;", strings.Join(dblink, ", "), app))
	}
	if k.largeObjects > 0 {
		in.report("RLS065", "large objects", fmt.Sprintf("%d can be read or changed", k.largeObjects), "")
	}
	for _, m := range k.foreign {
		in.report("RLS066", "server "+quote(m.Server), fmt.Sprintf("a user mapping of %s (%s)", m.Mapped, m.Wrapper),
			fmt.Sprintf("DROP USER MAPPING FOR %s SERVER %s;", grantee(m.Mapped), quote(m.Server)))
	}
	for _, p := range k.publications {
		r := k.byOID[p.Relation]
		switch {
		case p.Everything && p.Relation == 0:
			in.report("RLS082", "publication "+quote(p.Name), "FOR ALL TABLES, whatever tables come later", "")
		case r != nil && r.tenant != nil && p.Filter == nil && !p.Everything:
			in.report("RLS082", "publication "+quote(p.Name), fmt.Sprintf("%v without a row filter", r), "")
		case r != nil && r.tenant != nil && p.Filter != nil && !lex(*p.Filter).mentions(r.tenant.Name, 0, len(*p.Filter)):
			in.report("RLS082", "publication "+quote(p.Name), fmt.Sprintf("%v with a row filter that does not ask for the tenant", r), "")
		}
	}
	for _, e := range k.events {
		f := k.funcByID[e.Function]
		if f == nil {
			continue
		}
		sev := Info
		if k.acts(f.Owner) != nil {
			sev = Error
		}
		in.reportAs(sev, "RLS078", "event trigger "+quote(e.Name), fmt.Sprintf("on %s, runs %v of %s", e.Event, f, quote(f.OwnerName)), "")
	}
	for _, s := range k.skew {
		r := k.byName[name{s.Schema, s.Name}]
		if r != nil && r.tenant != nil && r.tenant.Name == s.Column && (r.declared != nil || in.reached(r)) {
			in.report("RLS091", r.String(), fmt.Sprintf("%.0f %% of the rows", s.Share*100), "")
		}
	}
}

// standing are settings that must not be given to whole roles or databases.
var standing = map[string]string{
	"row_security":             "policies raise errors instead of hiding rows",
	"role":                     "sessions begin as another role",
	"session_replication_role": "the write fence does not fire",
}

func (in *inspection) checkSettings() {
	used := map[string]bool{}
	for _, r := range in.k.rels {
		for _, p := range r.policies {
			for _, x := range []*string{p.Using, p.Check} {
				names, _ := lex(text(x)).settings()
				for _, n := range names {
					used[n] = true
				}
			}
		}
	}
	for _, s := range in.k.settings {
		why, bad := standing[s.Name]
		switch {
		case s.Name == "row_security" && s.Value == "on", s.Name == "session_replication_role" && s.Value == "origin":
			continue
		case strings.HasPrefix(s.Name, "tenancy."):
			why, bad = "a scope nobody set for this session", true
		case used[s.Name]:
			why, bad = "a policy reads it", true
		case s.Name == "search_path":
			for _, part := range strings.Split(s.Value, ",") {
				n := strings.Trim(strings.TrimSpace(part), `"`)
				if in.k.mayCreateIn(n) {
					why, bad = "the app may create objects in "+quote(n), true
				}
			}
		}
		if !bad {
			continue
		}
		object, alter := "database "+quote(in.k.server.Database), "ALTER DATABASE "+quote(in.k.server.Database)
		switch {
		case s.Role != "" && s.Database:
			object, alter = "role "+quote(s.Role), fmt.Sprintf("ALTER ROLE %s IN DATABASE %s", quote(s.Role), quote(in.k.server.Database))
		case s.Role != "":
			object, alter = "role "+quote(s.Role), "ALTER ROLE "+quote(s.Role)
		case !s.Database:
			object, alter = "every role", "ALTER ROLE ALL"
		}
		in.report("RLS061", object, s.Name+" is set: "+why, fmt.Sprintf("%s RESET %s;", alter, s.Name))
	}
	for _, p := range in.k.parameters {
		in.report("RLS062", "parameter "+p.Name, fmt.Sprintf("%s on it is granted to %s", p.Privilege, p.Grantee),
			fmt.Sprintf("REVOKE %s ON PARAMETER %s FROM %s;", p.Privilege, p.Name, grantee(p.Grantee)))
	}
}
