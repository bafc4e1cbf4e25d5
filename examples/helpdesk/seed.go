package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/jmoiron/sqlx"
)

// The seeded organisations, and who is in them. Everything is made up; addresses end in .example.
type seeded struct {
	id         tenancy.ID
	name, what string
	people     []seededPerson
	products   []product
}

type seededPerson struct {
	person
	role rbac.Role
}

var seeds = []seeded{
	{tenancy.MustParseID("alder"), "Alder Bikes", "bicycle",
		[]seededPerson{{person{"ada", "Ada Abara", "ada@alder.example"}, roles.Admin}, {person{"edda", "Edda Evans", "edda@alder.example"}, roles.Editor}, {person{"vic", "Vic Costa", "vic@alder.example"}, roles.Viewer}},
		[]product{{"p1", "City bicycle", "Seven gears, mudguards, a basket.", 79900, 31100, "Sprocket & Sons, Tilburg"}, {"p2", "Cargo bicycle", "Carries two children or 80 kg.", 249000, 88000, "Freightwheel OÜ, Tallinn"}, {"p3", "Bell", "Brass. Rings.", 1900, 1400, "Sprocket & Sons, Tilburg"}}},
	{tenancy.MustParseID("birch"), "Birch Books", "book",
		[]seededPerson{{person{"bea", "Bea Lindqvist", "bea@birch.example"}, roles.Admin}, {person{"emil", "Emil Moreau", "emil@birch.example"}, roles.Editor}},
		[]product{{"p1", "Atlas of bark", "240 pages, in colour.", 4900, 2100, "Papier Nord AB, Umeå"}, {"p2", "Field notes", "Ruled, 96 pages.", 900, 610, "Papier Nord AB, Umeå"}}},
}

var seededStaff = []seededPerson{{person{"sam", "Sam Novak", "sam@helpdesk.example"}, supporter}, {person{"lena", "Lena Rossi", "lena@helpdesk.example"}, supportLead}}

// customerRow is a customer as it is stored: the phone number sealed under the customer's own key, beside an index to find it by.
type customerRow struct {
	ID         string       `db:"id"`
	Name       string       `db:"name"`
	Email      string       `db:"email"`
	Phone      string       `db:"-" vault:"customer.phone,id=ID,into=Sealed,subject=customer:ID,index=PhoneIndex"`
	Sealed     vault.Sealed `db:"phone"`
	PhoneIndex []byte       `db:"phone_index"`
	Since      time.Time    `db:"since_at"`
}

// seed makes the organisations, once: who finds them there leaves them.
func (d *desk) seed(ctx context.Context) error {
	if err := d.seedStaff(tenancy.With(ctx, operator)); err != nil {
		return err
	}
	for _, s := range seeds {
		if err := d.seedOrganisation(ctx, s); err != nil {
			return fmt.Errorf("seeding %s: %w", s.id, err)
		}
	}
	return nil
}

// seedOrganisation makes one: its tenant, its people and their roles, and some rows.
func (d *desk) seedOrganisation(ctx context.Context, s seeded) error {
	if _, err := d.life.Provision(ctx, s.id, ""); err != nil && !errors.Is(err, tenancy.ErrExists) {
		return err
	}
	ctx = tenancy.With(ctx, s.id)
	if _, err := d.organisation(ctx); !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return d.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := d.seedPeople(ctx, tx, d.team, s.people); err != nil {
			return err
		}
		return d.seedRows(ctx, tx, s)
	})
}

func (d *desk) seedStaff(ctx context.Context) error {
	if _, err := d.person(ctx, seededStaff[0].ID); !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return d.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return d.seedPeople(ctx, tx, d.staff, seededStaff)
	})
}

// seedPeople founds ctx's tenant with the owner among people, and adds the others.
func (d *desk) seedPeople(ctx context.Context, tx *sqlx.Tx, a *rbac.Authorizer, people []seededPerson) error {
	system, err := a.System(ctx, "the desk is seeded")
	if err != nil {
		return err
	}
	for _, p := range people {
		if _, err := tx.ExecContext(ctx, tx.Rebind(`INSERT INTO person (id, name, email, joined_at) VALUES (?, ?, ?, ?)`), p.ID, p.Name, p.Email, time.Now()); err != nil {
			return err
		}
		if p.role == roles.Admin || p.role == supportLead {
			if err := a.Found(ctx, system, rbac.User(p.ID), p.role.ID()); err != nil {
				return err
			}
		}
	}
	for _, p := range people {
		if p.role == roles.Admin || p.role == supportLead {
			continue
		}
		if err := a.Add(ctx, system, rbac.User(p.ID), p.role.ID()); err != nil {
			return err
		}
	}
	return nil
}

// seedRows makes what an organisation works with.
func (d *desk) seedRows(ctx context.Context, tx *sqlx.Tx, s seeded) error {
	exec := func(query string, args ...any) error {
		_, err := tx.ExecContext(ctx, tx.Rebind(query), args...)
		return err
	}
	if err := exec(`INSERT INTO organisation (id, name, plan) VALUES ('us', ?, 'team')`, s.name); err != nil {
		return err
	}
	for _, p := range s.products {
		if err := exec(`INSERT INTO product (id, name, about, price, margin, supplier) VALUES (?, ?, ?, ?, ?, ?)`, p.ID, p.Name, p.About, p.Price, p.Margin, p.Supplier); err != nil {
			return err
		}
	}
	for i, f := range [][2]string{
		{"How long does delivery take?", "Three working days within the country, six elsewhere."},
		{"Can I return a " + s.what + " that I do not like?", "Yes, within 30 days. We pay for the way back."},
		{"What are your opening hours?", "Monday to Friday, nine to five."},
	} {
		if err := exec(`INSERT INTO faq (id, question, answer) VALUES (?, ?, ?)`, fmt.Sprint(i+1), f[0], f[1]); err != nil {
			return err
		}
	}
	now := time.Now()
	for i, name := range []string{"Rosalind Arden", "Celia Duke", "Orlando Boyd"} {
		first := strings.ToLower(strings.Fields(name)[0])
		c := customerRow{ID: fmt.Sprintf("c%d", i+1), Name: name, Email: first + "@post.example", Phone: fmt.Sprintf("+46 70 555 01 %02d", 10*i+11), Since: now.AddDate(0, -i-1, 0)}
		if err := d.vault.SealRow(ctx, &c); err != nil { // new keys are stored with the row, or not at all
			return err
		}
		if _, err := tx.NamedExecContext(ctx, `INSERT INTO customer (id, name, email, phone, phone_index, since_at) VALUES (:id, :name, :email, :phone, :phone_index, :since_at)`, c); err != nil {
			return err
		}
		number := fmt.Sprint(1001 + i)
		if err := exec(`INSERT INTO purchase (number, customer_id, product_id, status, address, remark, placed_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			number, c.ID, s.products[i%len(s.products)].ID, []string{"sent", "packed", "delivered"}[i], fmt.Sprintf("%d Forest Road, %s", i+1, s.name), "complains a lot, be nice", now); err != nil {
			return err
		}
		for j, subject := range []string{"A question about my " + s.what, "Where is order " + number + "?"} {
			id := fmt.Sprintf("%s-%d-%d", s.id, i+1, j+1)
			at := now.Add(-time.Duration(24*i+5*j+1) * time.Hour)
			if err := exec(`INSERT INTO conversation (id, customer_id, assignee_id, subject, status, opened_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
				id, c.ID, s.people[1].ID, subject, []string{"open", "waiting", "solved"}[(i+j)%3], at, at.Add(time.Hour)); err != nil {
				return err
			}
			for k, m := range []struct {
				author any
				kind   string
				body   string
			}{
				{nil, "asked", "Hello, " + strings.ToLower(subject[:1]) + subject[1:] + ": can you help? Thank you, " + name},
				{s.people[1].ID, "note", "Margin is good on this one, offer a discount if need be."},
				{s.people[1].ID, "message", "Thanks for writing in. I am on it and will be back today."},
			} {
				if err := exec(`INSERT INTO message (id, conversation_id, author_id, kind, body, sent_at) VALUES (?, ?, ?, ?, ?, ?)`,
					fmt.Sprintf("%s-%d", id, k+1), id, m.author, m.kind, m.body, at.Add(time.Duration(20*k)*time.Minute)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// printLinks prints how to come in.
func (d *desk) printLinks(ctx context.Context, out io.Writer) error {
	fmt.Fprintf(out, "helpdesk: %s\n\nEach link signs in once, within %s:\n\n", d.base(), linkLife)
	for _, s := range append([]seeded{{id: operator, name: "the provider's support staff", people: seededStaff}}, seeds...) {
		fmt.Fprintf(out, "%s\n", s.name)
		for _, p := range s.people {
			link, err := d.signInLink(ctx, s.id, p.ID)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "  %-14s %-13s %s\n", p.Name, p.role, link)
		}
		if s.id != operator {
			fmt.Fprintf(out, "  %-14s %-13s %s/\n", "customers", "nobody", d.chatAt(s.id))
			fmt.Fprintf(out, "  %-14s %-13s %s/\n", "", "in a frame", d.shopAt(s.id))
		}
		fmt.Fprintln(out)
	}
	_, err := fmt.Fprintf(out, "The audit logs' public key: %s\n", d.keys.Public)
	return err
}
