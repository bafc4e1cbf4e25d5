package rls

import "slices"

// Rules returns every rule of [Inspect]. Ids never change their meaning.
func Rules() []Rule { return slices.Clone(rules) }

// rules say what is looked for. Severity is the usual one; a finding may carry another, with the reason
// in its evidence. The table in doc.go is this one: a test compares them.
var rules = []Rule{
	// Tables.
	rule("RLS001", Error, "row-level security is off on a tenant table", "enable and force it, with a guard"),
	rule("RLS002", Warning, "row-level security does not hold for the table's owner", "force it"),
	rule("RLS003", Warning, "no permissive policy lets the app role in: the table is shut", "create the policies SQL prints"),
	rule("RLS004", Warning, "no restrictive guard: the next permissive policy opens the table", "add the guard"),
	rule("RLS005", Warning, "the restrictive guard leaves out commands the app may run", "make the guard FOR ALL"),
	rule("RLS006", Warning, "the restrictive guard is not TO PUBLIC: another role passes it", "make the guard TO PUBLIC"),
	rule("RLS007", Error, "the app reaches a table without tenant column that is not declared shared", "add a tenant column, or list it in Config.Shared"),
	rule("RLS008", Error, "the app can change a table all tenants read", "grant SELECT only"),
	rule("RLS009", Error, "the config and the database contradict each other", "correct the one that is wrong"),
	// What policies do.
	rule("RLS010", Error, "a tenant reaches rows of another tenant", "compare the tenant column with (SELECT tenancy.id())"),
	rule("RLS011", Error, "a tenant can write rows of another tenant", "give the guard a WITH CHECK like its USING"),
	rule("RLS012", Error, "rows are open to a session without tenant", "never treat a missing tenant as a match"),
	rule("RLS013", Error, "rows are open to a session with an empty or nonsensical tenant", "never treat an unreadable tenant as a match"),
	rule("RLS014", Error, "a magic value opens rows of other tenants", "give system work a role of its own"),
	rule("RLS015", Error, "rows whose tenant is NULL are open to every tenant", "drop the exception, or make the column NOT NULL"),
	rule("RLS016", Error, "some rows are open to every tenant", "move them to a shared table"),
	rule("RLS017", Warning, "the tenant comes from a setting that any statement can forge", "take it from tenancy.id(), which verifies a signature"),
	rule("RLS018", Warning, "a policy calls a function once per row", "wrap the call: (SELECT f())"),
	rule("RLS019", Warning, "a policy hands the row to a function: no index helps, and nothing shows what it does", "write the comparison out"),
	rule("RLS020", Warning, "a policy cannot be run or steered, so that little is known of it", "write the policy out, without functions that hide its sources"),
	rule("RLS021", Warning, "a policy converts the tenant column: no index on it helps", "convert the scope, not the column"),
	rule("RLS022", Error, "a plan scans a tenant table without looking at the tenant", "find out who runs it: the role, view or policy is not what it seems"),
	rule("RLS023", Warning, "what another table holds decides whether rows of another tenant are open", "add a guard that asks no table"),
	rule("RLS024", Warning, "no policy says that a row's tenant is the scope's: only what was tried is known", "add the guard"),
	// The tenant column and keys.
	rule("RLS030", Warning, "the tenant column may be NULL", "set it NOT NULL"),
	rule("RLS031", Warning, "the tenant column does not default to the scope", "set its default to tenancy.claimed()"),
	rule("RLS032", Warning, "the app may UPDATE the tenant column: the grant is on the whole table", "grant UPDATE column by column"),
	rule("RLS033", Warning, "the app may UPDATE the tenant column: it is granted by name", "revoke it"),
	rule("RLS034", Warning, "the primary key lacks the tenant: it tells what another tenant has", "put the tenant column first"),
	rule("RLS035", Warning, "a unique index lacks the tenant: it tells what another tenant has", "put the tenant column first"),
	rule("RLS036", Warning, "an exclusion constraint lacks the tenant: it tells what another tenant has", "add tenant_id WITH ="),
	rule("RLS037", Error, "a foreign key lacks the tenant: it tells of, and points at, rows of another tenant", "reference (tenant_id, id)"),
	rule("RLS038", Error, "a foreign key lacks the tenant and cascades: one tenant's delete changes another's rows", "reference (tenant_id, id)"),
	rule("RLS039", Warning, "no index begins with the tenant column", "create one"),
	rule("RLS040", Warning, "the write fence is missing: writes are not stopped while a tenant is moved or exported", "create the trigger tenancy_fence"),
	rule("RLS041", Warning, "the write fence does not cover every write", "recreate the trigger tenancy_fence and enable it"),
	rule("RLS042", Warning, "a sequence is shared by all tenants: it counts, or takes, what others do", "use an identity column or UUIDs, and revoke it"),
	rule("RLS043", Warning, "the tenant column has a type under which ids are not exact", "use text or uuid"),
	rule("RLS044", Info, "a table has the tenant column but is not in Config.Tables", "list it, or grant the system role what it needs there"),
	// Privileges.
	rule("RLS050", Error, "the app holds privileges that policies do not narrow", "revoke them"),
	rule("RLS051", Warning, "a tenant table is granted to PUBLIC", "revoke it"),
	rule("RLS052", Error, "the app can act as the owner of something", "let another role own it"),
	rule("RLS053", Error, "the app role is a superuser or bypasses row-level security", "take the attribute away"),
	rule("RLS054", Error, "the app role can act as a role that bypasses row-level security", "revoke the membership"),
	rule("RLS055", Error, "the app role can make roles or databases, or replicate", "take the attribute away"),
	rule("RLS056", Error, "the app role can act as one of the server's powerful roles", "revoke the membership"),
	rule("RLS057", Warning, "default privileges hand out tables that do not exist yet", "revoke them, and grant with the policies"),
	rule("RLS058", Warning, "the app can create temporary tables: they outlive a tenant's turn on a connection", "revoke TEMPORARY"),
	rule("RLS059", Warning, "the app can create objects", "revoke CREATE"),
	rule("RLS060", Warning, "the app can pass its privileges on", "revoke the grant option"),
	rule("RLS061", Error, "sessions begin with a setting that isolation depends on", "reset it"),
	rule("RLS062", Error, "the app can change a setting reserved to superusers", "revoke it"),
	rule("RLS063", Error, "the app reaches code without a sandbox", "revoke EXECUTE or USAGE"),
	rule("RLS064", Error, "the app can read or write the server's files", "revoke EXECUTE"),
	rule("RLS065", Warning, "the app reaches large objects, which have no tenant", "store the bytes in a tenant table"),
	rule("RLS066", Error, "the app can connect out of the database as someone else", "drop the mapping, or revoke EXECUTE"),
	rule("RLS067", Error, "the app reads a catalogue that holds samples of rows, or secrets", "revoke SELECT"),
	rule("RLS068", Info, "the system role cannot do its work on a tenant table: no move, no purge", "grant it what SQL grants"),
	// Other ways to the rows.
	rule("RLS070", Warning, "a view reads a tenant table as its owner", "set security_invoker = true"),
	rule("RLS071", Error, "a materialized view holds rows of all tenants", "revoke it, or make it a table with policies"),
	rule("RLS072", Error, "the app reaches a foreign table, which cannot have policies", "revoke it"),
	rule("RLS073", Warning, "the app can call a SECURITY DEFINER function", "make it SECURITY INVOKER, or revoke EXECUTE"),
	rule("RLS074", Warning, "a SECURITY DEFINER function takes its names from the caller's search_path", "set its search_path"),
	rule("RLS075", Warning, "a trigger on a tenant table runs as another role", "make its function SECURITY INVOKER"),
	rule("RLS076", Error, "a function is marked leakproof: it sees rows before policies hide them", "mark it NOT LEAKPROOF"),
	rule("RLS077", Warning, "a rewrite rule on a tenant table acts as the table's owner", "use a trigger"),
	rule("RLS078", Info, "an event trigger runs on every change of the schema", "see that its function is trusted"),
	rule("RLS080", Error, "a partition or child table is reached directly, past the policies of its parent", "revoke it"),
	rule("RLS081", Error, "a table without policies shows rows of a tenant table that inherits from it", "cut the inheritance"),
	rule("RLS082", Warning, "a publication sends out rows of all tenants", "give it a row filter, or see who subscribes"),
	rule("RLS083", Warning, "the app sees statements of other tenants' sessions", "revoke SELECT on pg_stat_statements"),
	// The server and the library's own schema.
	rule("RLS090", Error, "the server lacks fixes of holes in row-level security", "upgrade it"),
	rule("RLS091", Info, "one tenant holds more than a tenth of a table, which a guard hides from the planner", "add tenant_id = $1 to its hot queries"),
	rule("RLS092", Error, "tenancy.id() is not the function that guards rely on", "run postgres.Setup"),
	rule("RLS093", Error, "tenancy.fence() is not the function that fences rely on", "run postgres.Setup"),
	rule("RLS094", Error, "the app reaches the library's own tables", "revoke it"),
}

func rule(id string, severity Severity, title, remedy string) Rule {
	return Rule{ID: id, Severity: severity, Title: title, Remedy: remedy}
}
