package main

import (
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// privacy is what discovery proposed for shop.sql, with its questions answered: by whoever knows the shop and its duties.
var privacy = &dsar.Map{
	Application: "shop",
	Controller:  dsar.Party{Name: "Shop Pty Ltd", Contact: "privacy@shop.example"},
	Subjects: []dsar.Subject{{Kind: "customer", Table: "customer", Identifiers: []dsar.Identifier{
		{Name: "email", Column: "email", Form: dsar.Email}, {Name: "phone", Column: "phone", Form: dsar.Phone}}}},
	Purposes: []dsar.Purpose{
		{Name: "orders", Why: "to sell and deliver what people order", Basis: dsar.Contract},
		{Name: "news", Why: "to write to those who asked for news", Basis: dsar.Consent},
	},
	Processors: []dsar.Processor{{Party: dsar.Party{Name: "Mailer Inc."}, Does: "sends e-mail", Purposes: []string{"orders", "news"},
		Classes: []redact.Class{redact.ClassEmail}, Country: "US", Transfer: "standard contractual clauses", Erasure: "mailer"}},
	Tables: []dsar.Table{
		{
			Name: "customer", Key: []string{"id"}, Purpose: "orders",
			Columns: []dsar.Column{
				// The row stays for as long as a purchase does, and says nobody's name.
				{Name: "email text not null", Class: redact.ClassEmail, Erase: dsar.Pseudonym},
				{Name: "name text not null", Class: redact.ClassName, Erase: dsar.Constant("a former customer")},
				{Name: "phone text", Class: redact.ClassPhone, Erase: dsar.Null},
				{Name: "created_at text not null", Class: redact.ClassContent, Erase: dsar.Truncate(4)},
			},
			Plain: []string{"id integer"},
			Erase: dsar.Mask,
		},
		{
			Name: "address", Key: []string{"id"}, Purpose: "orders",
			Links: []dsar.Link{{Columns: []string{"customer_id"}, To: "customer"}},
			Columns: []dsar.Column{
				{Name: "street text not null", Class: redact.ClassAddress},
				{Name: "town text not null", Class: redact.ClassAddress},
			},
			Plain: []string{"id integer", "customer_id integer not null"},
		},
		{
			Name: "purchase", Key: []string{"id"}, Purpose: "orders",
			Links: []dsar.Link{{Columns: []string{"customer_id"}, To: "customer"}},
			Columns: []dsar.Column{
				{Name: "paid_at text not null", Class: redact.ClassContent},
				{Name: "note text", Class: redact.ClassContent},
			},
			Plain: []string{"id integer", "customer_id integer not null", "cents integer not null"},
			// Who keeps books keeps them for five years.
			Erase: dsar.Keep(dsar.Reason{Basis: dsar.LegalObligation, Law: "s 262A ITAA 1936", Since: "paid_at", For: dsar.Period{Years: 5}}),
		},
		{
			Name: "purchase_line", Key: []string{"id"}, Purpose: "orders",
			Links: []dsar.Link{
				{Columns: []string{"purchase_id"}, To: "purchase"},
				{Columns: []string{"product_id"}, To: "product", Role: dsar.Reference},
			},
			Plain: []string{"id integer", "purchase_id integer not null", "product_id integer not null", "pieces integer not null"},
			Erase: dsar.Keep(dsar.Reason{Basis: dsar.LegalObligation, Law: "s 262A ITAA 1936", Until: time.Date(2031, 12, 31, 0, 0, 0, 0, time.UTC)}),
		},
		{
			Name: "product", Key: []string{"id"}, NotPersonal: "what the shop sells",
			Plain: []string{"id integer", "name text not null", "cents integer not null"},
		},
		{
			Name: "review", Key: []string{"id"}, Purpose: "orders",
			Links: []dsar.Link{
				{Columns: []string{"author_id"}, To: "customer", Undeclared: true},
				{Columns: []string{"product_id"}, To: "product", Role: dsar.Reference},
			},
			Columns: []dsar.Column{{Name: "body text", Class: redact.ClassContent}},
			Plain:   []string{"id integer", "author_id integer", "product_id integer not null", "stars integer not null"},
		},
		{
			// A gift is of who gave it and of who got it: it goes when the last of them goes.
			Name: "gift", Key: []string{"id"}, Purpose: "orders",
			Links: []dsar.Link{
				{Columns: []string{"giver_id"}, To: "customer", Role: dsar.CoOwner, Then: dsar.Null},
				{Columns: []string{"receiver_id"}, To: "customer", Role: dsar.CoOwner, Then: dsar.Null},
			},
			Columns: []dsar.Column{{Name: "card text not null", Class: redact.ClassContent}},
			Plain:   []string{"id integer", "giver_id integer", "receiver_id integer"},
		},
		{
			Name: "newsletter", Purpose: "news",
			Links:   []dsar.Link{{Columns: []string{"email"}, Identifier: "email"}},
			Columns: []dsar.Column{{Name: "email text not null", Class: redact.ClassEmail}, {Name: "topic text not null", Class: redact.ClassContent}},
		},
		{
			Name: "mail_log", Key: []string{"id"}, Purpose: "orders",
			Links: []dsar.Link{{Columns: []string{"payload"}, Path: "to", Identifier: "email"}},
			Columns: []dsar.Column{{Name: "payload text not null", Class: redact.ClassContent,
				Inside: []dsar.Column{{Name: "to", Class: redact.ClassEmail}}}},
			Plain: []string{"id integer", "sent_at text not null"},
		},
	},
	Aside: dsar.Doors(),
}
