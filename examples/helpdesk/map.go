package main

import (
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// personalData says of every table and column of a tenant's file what it is about, why it is there, and what becomes of it when the
// person goes. A test compares it with what the migrations made, so that a column nobody thought about breaks the build.
var personalData = &dsar.Map{
	Application: "Helpdesk",
	Controller:  dsar.Party{Name: "The organisation that uses the desk", Contact: "privacy@helpdesk.example", Officer: "Dana Okafor, dpo@helpdesk.example"},
	Subjects: []dsar.Subject{
		{Kind: "user", Table: "person", Identifiers: []dsar.Identifier{{Name: "email", Column: "email", Form: dsar.Email}}},
		{Kind: "customer", Table: "customer", Identifiers: []dsar.Identifier{{Name: "customer email", Column: "email", Form: dsar.Email}}},
	},
	Purposes: []dsar.Purpose{
		{Name: "work", Why: "to let the team sign in and answer", Basis: dsar.Contract},
		{Name: "help", Why: "to answer customers who ask", Basis: dsar.Contract},
		{Name: "orders", Why: "to deliver what was bought, and to keep books", Basis: dsar.Contract, Recipients: []string{"carriers"}},
	},
	Processors: []dsar.Processor{
		{Party: dsar.Party{Name: "Helpdesk Ltd", Contact: "privacy@helpdesk.example"}, Does: "runs the desk", Purposes: []string{"work", "help", "orders"}, Country: "IE",
			Classes: []redact.Class{redact.ClassName, redact.ClassContact, redact.ClassContent}, Contract: "data processing agreement of 1 January 2026", Erasure: "with the desk's own data"},
		{Party: dsar.Party{Name: "Post & Relay GmbH", Contact: "dpo@relay.example"}, Does: "sends e-mail", Purposes: []string{"help"}, Country: "DE",
			Classes: []redact.Class{redact.ClassContact, redact.ClassContent}, Contract: "order of 3 February 2026", Erasure: "deletes after 30 days by itself"},
		{Party: dsar.Party{Name: "Nimbus Hosting Inc"}, Does: "hosts the servers", Purposes: []string{"work", "help", "orders"}, Country: "US", Transfer: "standard contractual clauses",
			Classes: []redact.Class{redact.ClassName, redact.ClassContact, redact.ClassContent}, Contract: "master agreement of 12 January 2026", Erasure: "with the desk's own data"},
	},
	Measures: []string{"a database file or row-level security for each organisation", "sealed columns, under a key of each person", "support access by a grant of the organisation's only", "an audit log that cannot be changed unnoticed"},
	Tables: []dsar.Table{
		{Name: "person", Key: []string{"id"}, Purpose: "work", Erase: dsar.Mask,
			Columns: []dsar.Column{{Name: "name text not null", Class: redact.ClassName, Erase: dsar.Constant("Somebody who left")}, {Name: "email text not null", Class: redact.ClassEmail, Erase: dsar.Pseudonym}},
			Plain:   []string{"id text not null", "joined_at timestamp not null"}},
		{Name: "session", Key: []string{"id"}, Purpose: "work", Links: []dsar.Link{{Columns: []string{"person_id"}, To: "person"}},
			Columns: []dsar.Column{{Name: "id blob not null", Class: redact.ClassAccessToken}},
			Plain:   []string{"person_id text not null", "created_at timestamp not null", "expires_at timestamp not null"}},
		{Name: "sign_in", Key: []string{"id"}, Purpose: "work", Links: []dsar.Link{{Columns: []string{"person_id"}, To: "person"}},
			Columns: []dsar.Column{{Name: "id blob not null", Class: redact.ClassAccessToken}},
			Plain:   []string{"person_id text not null", "expires_at timestamp not null", "used_at timestamp"}},
		{Name: "passkey", Key: []string{"id"}, Purpose: "work", Links: []dsar.Link{{Columns: []string{"person_id"}, To: "person"}},
			Columns: []dsar.Column{{Name: "public_key text not null", Class: redact.ClassMFA}},
			Plain:   []string{"id blob not null", "person_id text not null", "counter integer not null", "added_at timestamp not null"}},
		{Name: "customer", Key: []string{"id"}, Purpose: "help", Erase: dsar.Mask,
			Columns: []dsar.Column{{Name: "name text not null", Class: redact.ClassName, Erase: dsar.Constant("A former customer")}, {Name: "email text not null", Class: redact.ClassEmail, Erase: dsar.Pseudonym},
				{Name: "phone blob", Class: redact.ClassPhone, Erase: dsar.Null}, {Name: "phone_index blob", Class: redact.ClassPhone, Erase: dsar.Null}},
			Plain: []string{"id text not null", "since_at timestamp not null"}},
		{Name: "conversation", Key: []string{"id"}, Purpose: "help",
			Links:     []dsar.Link{{Columns: []string{"customer_id"}, To: "customer"}, {Columns: []string{"assignee_id"}, To: "person", Role: dsar.Accessor, Then: dsar.Null}},
			Columns:   []dsar.Column{{Name: "subject text not null", Class: redact.ClassContent}},
			Plain:     []string{"id text not null", "customer_id text not null", "assignee_id text", "status text not null", "opened_at timestamp not null", "changed_at timestamp not null"},
			Retention: &dsar.Retention{Category: "conversations", For: dsar.Period{Years: 2}, Since: "changed_at", When: []dsar.When{{Column: "status", Value: "solved"}}, Then: dsar.Delete}},
		{Name: "message", Key: []string{"id"}, Purpose: "help",
			Links:   []dsar.Link{{Columns: []string{"conversation_id"}, To: "conversation"}, {Columns: []string{"author_id"}, To: "person", Role: dsar.Accessor, Then: dsar.Null}},
			Columns: []dsar.Column{{Name: "body text not null", Class: redact.ClassContent}},
			Plain:   []string{"id text not null", "conversation_id text not null", "author_id text", "kind text not null", "sent_at timestamp not null"}},
		{Name: "purchase", Key: []string{"number"}, Purpose: "orders",
			Erase:   dsar.Keep(dsar.Reason{Basis: dsar.LegalObligation, Law: "commercial and tax law: books of account", For: dsar.Period{Years: 10}, Since: "placed_at", Restricted: true}),
			Links:   []dsar.Link{{Columns: []string{"customer_id"}, To: "customer"}, {Columns: []string{"product_id"}, To: "product", Role: dsar.Reference}},
			Columns: []dsar.Column{{Name: "address text not null", Class: redact.ClassAddress}, {Name: "remark text not null", Class: redact.ClassContent}},
			Plain:   []string{"number text not null", "customer_id text not null", "product_id text not null", "status text not null", "placed_at timestamp not null"}},
		{Name: "organisation", Key: []string{"id"}, NotPersonal: "the organisation itself", Plain: []string{"id text not null", "name text not null", "plan text not null"}},
		{Name: "product", Key: []string{"id"}, NotPersonal: "what is sold", Plain: []string{"id text not null", "name text not null", "about text not null", "price integer not null", "margin integer not null", "supplier text not null"}},
		{Name: "faq", Key: []string{"id"}, NotPersonal: "answers for everybody", Plain: []string{"id text not null", "question text not null", "answer text not null"}},
	},
	Aside: dsar.Doors(), // the library's own tables
}
