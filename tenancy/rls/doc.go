// Package rls prints the row-level security that keeps tenants apart in
// Postgres, compares it with a live database, and inspects that database for
// every way around it that it knows.
//
//	cfg := rls.Config{AppRole: "app", Tables: []rls.Table{{Name: "note"}}}
//	statements, err := rls.SQL(cfg)
//	if err != nil {
//		panic(err)
//	}
//	fmt.Println(strings.Count(statements, "CREATE POLICY"), "policies, for a migration")
//
// [SQL] prints all that a migration needs, and [Diff] what a live database still lacks. [Inspect] says what is
// wrong with a database, and [Check] does so in a test, once the migrations have run. All four
// take the same [Config].
//
// # What is promised
//
// The statements of [SQL] make a table's rows visible and writable to the tenant
// whose scope the transaction carries (package tenantdb/postgres), to nobody
// without one, and keep it so when someone adds another policy, because the guard is
// restrictive and holds for everyone.
//
// [Inspect] does not stop at names and flags: it runs each policy's expressions over made-up rows,
// as the app role, with the tenant's scope set and not set, with each setting they
// read unset, empty, nonsense, another tenant's, and each constant they mention,
// and reports what gets through. Then it has Postgres plan a SELECT on each table and looks for the
// tenant in the plan. Every finding has a rule that does not change its meaning, what was
// seen, and, where a statement mends it, that statement. Connect as the owner of the tables or a superuser that
// may become the app role; otherwise policies are run as the role that connects, and plans are not tried.
//
// # What it cannot see
//
// What your functions do when the application calls them. What another database, reached through an
// extension, does. Timing, and what EXPLAIN or error messages that you pass on tell. What other
// sessions' statements in pg_stat_activity show: bind parameters, do not write values into
// statements. A policy's subquery is supposed to give any answer (RLS023); one that asks for the scope inside
// a function not written in plain SQL cannot be steered (RLS020).
//
// A finding you accept is waived in [Config], with a reason; an unused or expired waiver
// is a finding. Privileges that SQL does not print are yours: it takes back everything the app role and
// PUBLIC hold on a listed table, and grants what Table.Privileges says.
//
// # Rules
//
// A finding's severity may differ from its rule's where the evidence says why.
//
//	RLS001  error    row-level security is off on a tenant table
//	                 enable and force it, with a guard
//	RLS002  warning  row-level security does not hold for the table's owner
//	                 force it
//	RLS003  warning  no permissive policy lets the app role in: the table is shut
//	                 create the policies SQL prints
//	RLS004  warning  no restrictive guard: the next permissive policy opens the table
//	                 add the guard
//	RLS005  warning  the restrictive guard leaves out commands the app may run
//	                 make the guard FOR ALL
//	RLS006  warning  the restrictive guard is not TO PUBLIC: another role passes it
//	                 make the guard TO PUBLIC
//	RLS007  error    the app reaches a table without tenant column that is not declared shared
//	                 add a tenant column, or list it in Config.Shared
//	RLS008  error    the app can change a table all tenants read
//	                 grant SELECT only
//	RLS009  error    the config and the database contradict each other
//	                 correct the one that is wrong
//	RLS010  error    a tenant reaches rows of another tenant
//	                 compare the tenant column with (SELECT tenancy.id())
//	RLS011  error    a tenant can write rows of another tenant
//	                 give the guard a WITH CHECK like its USING
//	RLS012  error    rows are open to a session without tenant
//	                 never treat a missing tenant as a match
//	RLS013  error    rows are open to a session with an empty or nonsensical tenant
//	                 never treat an unreadable tenant as a match
//	RLS014  error    a magic value opens rows of other tenants
//	                 give system work a role of its own
//	RLS015  error    rows whose tenant is NULL are open to every tenant
//	                 drop the exception, or make the column NOT NULL
//	RLS016  error    some rows are open to every tenant
//	                 move them to a shared table
//	RLS017  warning  the tenant comes from a setting that any statement can forge
//	                 take it from tenancy.id(), which verifies a signature
//	RLS018  warning  a policy calls a function once per row
//	                 wrap the call: (SELECT f())
//	RLS019  warning  a policy hands the row to a function: no index helps, and nothing shows what it does
//	                 write the comparison out
//	RLS020  warning  a policy cannot be run or steered, so that little is known of it
//	                 write the policy out, without functions that hide its sources
//	RLS021  warning  a policy converts the tenant column: no index on it helps
//	                 convert the scope, not the column
//	RLS022  error    a plan scans a tenant table without looking at the tenant
//	                 find out who runs it: the role, view or policy is not what it seems
//	RLS023  warning  what another table holds decides whether rows of another tenant are open
//	                 add a guard that asks no table
//	RLS024  warning  no policy says that a row's tenant is the scope's: only what was tried is known
//	                 add the guard
//	RLS030  warning  the tenant column may be NULL
//	                 set it NOT NULL
//	RLS031  warning  the tenant column does not default to the scope
//	                 set its default to tenancy.claimed()
//	RLS032  warning  the app may UPDATE the tenant column: the grant is on the whole table
//	                 grant UPDATE column by column
//	RLS033  warning  the app may UPDATE the tenant column: it is granted by name
//	                 revoke it
//	RLS034  warning  the primary key lacks the tenant: it tells what another tenant has
//	                 put the tenant column first
//	RLS035  warning  a unique index lacks the tenant: it tells what another tenant has
//	                 put the tenant column first
//	RLS036  warning  an exclusion constraint lacks the tenant: it tells what another tenant has
//	                 add tenant_id WITH =
//	RLS037  error    a foreign key lacks the tenant: it tells of, and points at, rows of another tenant
//	                 reference (tenant_id, id)
//	RLS038  error    a foreign key lacks the tenant and cascades: one tenant's delete changes another's rows
//	                 reference (tenant_id, id)
//	RLS039  warning  no index begins with the tenant column
//	                 create one
//	RLS040  warning  the write fence is missing: writes are not stopped while a tenant is moved or exported
//	                 create the trigger tenancy_fence
//	RLS041  warning  the write fence does not cover every write
//	                 recreate the trigger tenancy_fence and enable it
//	RLS042  warning  a sequence is shared by all tenants: it counts, or takes, what others do
//	                 use an identity column or UUIDs, and revoke it
//	RLS043  warning  the tenant column has a type under which ids are not exact
//	                 use text or uuid
//	RLS044  info     a table has the tenant column but is not in Config.Tables
//	                 list it, or grant the system role what it needs there
//	RLS050  error    the app holds privileges that policies do not narrow
//	                 revoke them
//	RLS051  warning  a tenant table is granted to PUBLIC
//	                 revoke it
//	RLS052  error    the app can act as the owner of something
//	                 let another role own it
//	RLS053  error    the app role is a superuser or bypasses row-level security
//	                 take the attribute away
//	RLS054  error    the app role can act as a role that bypasses row-level security
//	                 revoke the membership
//	RLS055  error    the app role can make roles or databases, or replicate
//	                 take the attribute away
//	RLS056  error    the app role can act as one of the server's powerful roles
//	                 revoke the membership
//	RLS057  warning  default privileges hand out tables that do not exist yet
//	                 revoke them, and grant with the policies
//	RLS058  warning  the app can create temporary tables: they outlive a tenant's turn on a connection
//	                 revoke TEMPORARY
//	RLS059  warning  the app can create objects
//	                 revoke CREATE
//	RLS060  warning  the app can pass its privileges on
//	                 revoke the grant option
//	RLS061  error    sessions begin with a setting that isolation depends on
//	                 reset it
//	RLS062  error    the app can change a setting reserved to superusers
//	                 revoke it
//	RLS063  error    the app reaches code without a sandbox
//	                 revoke EXECUTE or USAGE
//	RLS064  error    the app can read or write the server's files
//	                 revoke EXECUTE
//	RLS065  warning  the app reaches large objects, which have no tenant
//	                 store the bytes in a tenant table
//	RLS066  error    the app can connect out of the database as someone else
//	                 drop the mapping, or revoke EXECUTE
//	RLS067  error    the app reads a catalogue that holds samples of rows, or secrets
//	                 revoke SELECT
//	RLS068  info     the system role cannot do its work on a tenant table: no move, no purge
//	                 grant it what SQL grants
//	RLS070  warning  a view reads a tenant table as its owner
//	                 set security_invoker = true
//	RLS071  error    a materialized view holds rows of all tenants
//	                 revoke it, or make it a table with policies
//	RLS072  error    the app reaches a foreign table, which cannot have policies
//	                 revoke it
//	RLS073  warning  the app can call a SECURITY DEFINER function
//	                 make it SECURITY INVOKER, or revoke EXECUTE
//	RLS074  warning  a SECURITY DEFINER function takes its names from the caller's search_path
//	                 set its search_path
//	RLS075  warning  a trigger on a tenant table runs as another role
//	                 make its function SECURITY INVOKER
//	RLS076  error    a function is marked leakproof: it sees rows before policies hide them
//	                 mark it NOT LEAKPROOF
//	RLS077  warning  a rewrite rule on a tenant table acts as the table's owner
//	                 use a trigger
//	RLS078  info     an event trigger runs on every change of the schema
//	                 see that its function is trusted
//	RLS080  error    a partition or child table is reached directly, past the policies of its parent
//	                 revoke it
//	RLS081  error    a table without policies shows rows of a tenant table that inherits from it
//	                 cut the inheritance
//	RLS082  warning  a publication sends out rows of all tenants
//	                 give it a row filter, or see who subscribes
//	RLS083  warning  the app sees statements of other tenants' sessions
//	                 revoke SELECT on pg_stat_statements
//	RLS090  error    the server lacks fixes of holes in row-level security
//	                 upgrade it
//	RLS091  info     one tenant holds more than a tenth of a table, which a guard hides from the planner
//	                 add tenant_id = $1 to its hot queries
//	RLS092  error    tenancy.id() is not the function that guards rely on
//	                 run postgres.Setup
//	RLS093  error    tenancy.fence() is not the function that fences rely on
//	                 run postgres.Setup
//	RLS094  error    the app reaches the library's own tables
//	                 revoke it
//
// WVR001 to WVR003 are about waivers: without a reason, expired, unused.
package rls
