package main

import (
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

var tenancyStop = stop{
	Name: "tenancy",
	Promises: []promise{
		{"A tenant's statement reaches that tenant's rows, however wrong the statement is.", []attack{
			{Name: "A query forgets its WHERE", Sends: "SELECT body FROM message", Try: forgottenWhere},
			{Name: "A query asks for birch by name", Sends: "SELECT body FROM message WHERE tenant_id = 'birch'", Try: askByName},
			{Name: "SQL injected into a search box", Sends: injection, Try: searchBox},
			{Name: "A delete forgets its WHERE", Sends: "DELETE FROM api_connection", Try: forgottenWhereOfDelete},
			{Name: "A row is inserted into birch", Sends: insertAbroad, Try: insertIntoBirch},
			{Name: "Rows are moved into birch", Sends: moveAbroad, Try: moveIntoBirch},
			{Name: "A duplicate asks whether birch has a customer", Sends: "INSERT INTO customer (…, email) VALUES (…, 'a customer of birch')", Try: askByDuplicate},
			{Name: "The signed tenant of the transaction is rewritten", Sends: "SELECT " + forgery, On: tenantdb.Postgres, Try: forgeScope},
			{Name: "A foreign key asks which conversations birch has", Sends: "INSERT INTO message (conversation_id, …) VALUES (one that only birch has, …)", Try: askByForeignKey},
			{Name: "Birch's file is attached", Sends: "ATTACH 'birch.db' AS birch; ATTACH ? AS birch", On: tenantdb.SQLite, Try: attach},
			{Name: "A copy is written elsewhere", Sends: "COMMIT; VACUUM INTO 'stolen.db'", On: tenantdb.SQLite, Try: vacuumInto},
			{Name: "After all that, a witness looks at birch", Try: lookAtBirch},
		}},
		{"Work for nobody, or for the wrong one, does not run.", []attack{
			{Name: "A background job without a tenant", Sends: "db.Tx(context.Background(), …)", Try: noTenant},
			{Name: "A job's carrier is readdressed", Sends: "the signed text that carries alder to a job, with birch written into it", Try: forgeCarrier},
			{Name: "A tenant that does not exist", Sends: "db.Tx(tenancy.With(ctx, nobody), …)", Try: unknownTenant},
			{Name: "The tenant is switched inside a transaction", Sends: "db.Tx(tenancy.Switch(ctx, birch), …) inside alder's transaction", Try: switchInside},
			{Name: "A tenant is suspended while its clients work", Sends: "suspend cedar, then go on reading and writing", Try: suspendMidFlight},
			{Name: "A router that missed a move", Sends: "elm is placed anew; an old router writes to where it was", Try: staleRouter},
			{Name: "Data is brought to the wrong region", Sends: "provision a tenant of region \"us\" in the database of region \"eu\"", Try: wrongRegion},
		}},
		{"A crowd of clients that fail in every way leaks nothing from one to another.", []attack{
			{Name: "Leave something behind on a pooled connection", Sends: strings.Join(residueSQL, "; "), On: tenantdb.Postgres, Try: residue},
			{Name: "Clients of ten tenants, with errors, cancels and panics", Sends: "reads without WHERE, writes, and everything that can go wrong with them", Try: crowd},
		}},
		{"A request reaches the tenant it is for, from where that tenant allows it.", []attack{
			{Name: "A host name that is no tenant's", Sends: "GET / · Host: birch'--.desk.example, and others like it", Try: oddHosts},
			{Name: "Subdomain and header disagree", Sends: "GET / · Host: alder.desk.example · X-Tenant: birch", Try: hostAgainstHeader},
			{Name: "Alder's login at birch's subdomain", Sends: "GET / · Host: birch.desk.example · Authorization: Bearer a-login-of-alder", Try: loginElsewhere},
			{Name: "A made-up address in front of an allowlist", Sends: "GET / · Host: birch.desk.example · X-Forwarded-For: 192.0.2.7 (birch's office)", Try: spoofedAddress},
		}},
		{"A purged tenant is gone, its id with it, and nobody else notices.", []attack{
			{Name: "Dogwood is purged, and looked for everywhere", Sends: "suspend, purge; then search what is stored for dogwood's mark", Try: purge},
		}},
		{"A hole in the database's own rules is found before somebody else finds it.", []attack{
			{Name: "The live schema is inspected", Sends: "rls.Inspect(ctx, owner, rules)", On: tenantdb.Postgres, Try: inspect},
			{Name: "A migration switches a rule off", Sends: hole, On: tenantdb.Postgres, Try: inspectHole},
		}},
	},
}
