package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
)

var officer = audit.Party{Type: "member", ID: "officer"}

func numbered(customer int64) dsar.Person {
	return dsar.Person{Kind: "customer", Key: []string{oak.String(), strconv.FormatInt(customer, 10)}}
}

// oaksPeople shows that the door lets through what it is for: a customer gets her own data.
func oaksPeople(ctx context.Context, d *desk) (string, error) {
	ctx = tenancy.With(ctx, oak)
	if err := d.office.e.Guard.Start(ctx); err != nil {
		return "", err
	}
	r, err := d.office.e.Open(ctx, dsar.Intake{Kind: dsar.Access, Person: numbered(1)})
	if err != nil {
		return "", err
	}
	rows, err := d.office.exportTo(ctx, r.ID, numbered(1))
	if err != nil || rows == 0 {
		return "", fmt.Errorf("a customer got %d rows of her own: %w", rows, err)
	}
	return fmt.Sprintf("a customer of oak asked for her data, due on %s by law, and has %d rows, encrypted to her", r.Clock.Due.Day, rows), nil
}

// askForAnothers asks for the data of customer 1 as customer 2, and as nobody.
func askForAnothers(ctx context.Context, d *desk) (outcome, error) {
	ctx = tenancy.With(ctx, oak)
	var refusal error
	for _, session := range []dsar.Person{{}, numbered(2)} {
		r, err := d.office.e.Open(ctx, dsar.Intake{Kind: dsar.Portability, Person: numbered(1)})
		if err != nil {
			return outcome{}, err
		}
		rows, err := d.office.export(ctx, r.ID, session)
		if err == nil {
			return outcome{}, fmt.Errorf("somebody else got %d rows of hers", rows)
		}
		refusal = err
	}
	return outcome{Came: "0 rows; " + refusal.Error(), By: byOffice}, nil
}

// approved is an erasure of a customer that was approved, and what it would erase.
func (o *bureau) approved(ctx context.Context, customer int64) (dsar.Request, *dsar.Plan, error) {
	r, err := o.e.Open(ctx, dsar.Intake{Kind: dsar.Erasure, Person: numbered(customer)})
	if err != nil {
		return r, nil, err
	}
	if r, err = o.e.Verified(ctx, r.ID, dsar.Evidence{Request: r.ID, Method: "session", Person: numbered(customer)}); err != nil {
		return r, nil, err
	}
	plan, err := o.e.Plan(ctx, r.ID)
	if err != nil {
		return r, nil, err
	}
	r, err = o.e.Approve(ctx, r.ID, plan.Hash, officer)
	return r, plan, err
}

// approveAnother approves a plan that is not the one there is.
func approveAnother(ctx context.Context, d *desk) (outcome, error) {
	ctx = tenancy.With(ctx, oak)
	r, err := d.office.e.Open(ctx, dsar.Intake{Kind: dsar.Erasure, Person: numbered(2)})
	if err != nil {
		return outcome{}, err
	}
	defer func() { _, _ = d.office.e.Withdraw(ctx, r.ID, officer) }()
	if _, err := d.office.e.Approve(ctx, r.ID, "sha256:ffff", officer); err == nil {
		return outcome{}, errors.New("an erasure was approved of somebody who did not show who they are")
	}
	if _, err := d.office.e.Verified(ctx, r.ID, dsar.Evidence{Request: r.ID, Method: "session", Person: numbered(2)}); err != nil {
		return outcome{}, err
	}
	_, err = d.office.e.Approve(ctx, r.ID, "sha256:ffff", officer)
	return refused(byOffice, err, dsar.ErrPlan)
}

// holdOne erases a customer whom a court asked to keep.
func holdOne(ctx context.Context, d *desk) (o outcome, err error) {
	ctx = tenancy.With(ctx, oak)
	before, err := d.ofCustomer(ctx, 2)
	if err != nil {
		return o, err
	}
	hold, err := d.office.e.Hold(ctx, dsar.Hold{Person: numbered(2), Basis: "GDPR Art. 17(3)(e), case 17/2026", By: officer})
	if err != nil {
		return o, err
	}
	r, _, err := d.office.approved(ctx, 2) // and it begins, for nobody gets time to undo it here
	if err != nil {
		return o, err
	}
	if err := d.office.erase(ctx, r.ID); err != nil {
		return o, err
	}
	after, err2 := d.ofCustomer(ctx, 2)
	if err2 != nil {
		return o, err2
	}
	if after != before {
		return o, fmt.Errorf("%d of the %d rows of somebody under a legal hold are left", after, before)
	}
	_, err1 := d.office.e.Withdraw(ctx, r.ID, officer)
	_, err2 = d.office.e.Release(ctx, hold.ID, "settled", officer)
	return outcome{Came: fmt.Sprintf("all %d rows are there: a legal hold", after), By: byEraser}, errors.Join(err1, err2)
}

// ofCustomer counts a customer's conversations and messages.
func (d *desk) ofCustomer(ctx context.Context, customer int64) (n int, err error) {
	err = d.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &n, tx.Rebind(`SELECT (SELECT count(*) FROM conversation WHERE customer_id = ?) +
			(SELECT count(*) FROM message m JOIN conversation c ON c.tenant_id = m.tenant_id AND c.id = m.conversation_id WHERE c.customer_id = ?)`), customer, customer)
	})
	return n, err
}
