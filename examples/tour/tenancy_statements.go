package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

func forgottenWhere(ctx context.Context, d *desk) (outcome, error) {
	bodies, err := d.texts(ctx, alder, `SELECT body FROM message`)
	if err != nil {
		return outcome{}, err
	}
	return d.onlyOwn(bodies, len(d.org(alder).books.messages))
}

// onlyOwn is the outcome of a query of alder's that was to bring want rows, all its own.
func (d *desk) onlyOwn(texts []string, want int) (outcome, error) {
	switch n := foreign(d.org(alder), texts); {
	case n > 0:
		return outcome{}, fmt.Errorf("%s rows of other tenants came back", thousands(n))
	case len(texts) != want:
		return outcome{}, fmt.Errorf("%s rows came back, and alder has %s", thousands(len(texts)), thousands(want))
	}
	if want == 0 {
		return outcome{"0 rows", d.keeper}, nil
	}
	return outcome{fmt.Sprintf("%s rows, all alder's; 0 of the other tenants' %s", thousands(want), thousands(d.messages()-len(d.org(alder).books.messages))), d.keeper}, nil
}

func askByName(ctx context.Context, d *desk) (outcome, error) {
	bodies, err := d.texts(ctx, alder, `SELECT body FROM message WHERE tenant_id = ?`, birch)
	if err != nil {
		return outcome{}, err
	}
	return d.onlyOwn(bodies, 0)
}

const injection = `refund%' UNION ALL SELECT body FROM message WHERE tenant_id <> 'alder' --`

// searchBox is the mistake every scanner looks for: text of a visitor made part of a statement.
func searchBox(ctx context.Context, d *desk) (outcome, error) {
	subjects, err := d.texts(ctx, alder, `SELECT subject FROM conversation WHERE subject LIKE '%`+injection)
	if err != nil {
		return outcome{}, err
	}
	want := 0
	for _, c := range d.org(alder).books.conversations {
		if strings.HasSuffix(c.Subject, "refund") {
			want++
		}
	}
	return d.onlyOwn(subjects, want)
}

func forgottenWhereOfDelete(ctx context.Context, d *desk) (outcome, error) {
	n, err := d.exec(ctx, alder, `DELETE FROM api_connection`)
	if err != nil {
		return outcome{}, err
	}
	if own := len(d.org(alder).books.connections); n != int64(own) {
		return outcome{}, fmt.Errorf("%d rows would have gone, and alder has %d", n, own)
	}
	all := 0
	for _, o := range d.orgs {
		all += len(o.books.connections)
	}
	return outcome{fmt.Sprintf("%d of %d rows would have gone, all alder's (and rolled back)", n, all), d.keeper}, nil
}

const (
	insertAbroad = `INSERT INTO message (tenant_id, id, conversation_id, author, body, sent_at) VALUES ('birch', 900001, 1, 'member', 'hello', 0)`
	moveAbroad   = `UPDATE message SET tenant_id = 'birch', id = 900002 WHERE id = 1`
)

func insertIntoBirch(ctx context.Context, d *desk) (outcome, error) {
	return d.crossing(ctx, insertAbroad)
}

func moveIntoBirch(ctx context.Context, d *desk) (outcome, error) {
	return d.crossing(ctx, moveAbroad)
}

// crossing tries a statement of alder's that writes under birch's name. On Postgres row-level security
// refuses it. On SQLite birch's file is not even there; in alder's, the schema knows alder only.
func (d *desk) crossing(ctx context.Context, statement string) (outcome, error) {
	_, err := d.exec(ctx, alder, statement)
	if d.db.Dialect() == tenantdb.SQLite {
		if err != nil && strings.Contains(err.Error(), "FOREIGN KEY") {
			return outcome{err.Error(), "alder's file"}, d.unchanged(ctx, birch)
		}
	}
	return refused("Postgres", err, tenantdb.ErrIsolation)
}

// askByDuplicate inserts what birch has. Being told that it is there already would be an answer.
func askByDuplicate(ctx context.Context, d *desk) (outcome, error) {
	email := d.org(birch).books.customers[0].Email
	n, err := d.exec(ctx, alder, `INSERT INTO customer (tenant_id, id, email, name) VALUES (?, 900001, ?, 'x')`, alder, email)
	if err != nil {
		return outcome{}, fmt.Errorf("the answer tells: %w", err)
	}
	return outcome{fmt.Sprintf("%d row inserted, as if nobody had it (and rolled back)", n), "unique keys within a tenant"}, nil
}

// askByForeignKey points, as the smallest tenant, at a conversation that birch has and at one that
// nobody has. The two answers must not differ.
func askByForeignKey(ctx context.Context, d *desk) (outcome, error) {
	smallest := d.orgs[len(d.orgs)-1]
	last := d.org(birch).books.conversations[len(d.org(birch).books.conversations)-1].ID
	if n := len(smallest.books.conversations); int64(n) >= last {
		return outcome{}, fmt.Errorf("%s has a conversation %d of its own", smallest.id, last)
	}
	var answers [2]error
	for i, conversation := range []int64{last, 1e9} {
		_, answers[i] = d.exec(ctx, smallest.id, `INSERT INTO message (tenant_id, id, conversation_id, author, body, sent_at) VALUES (?, 900003, ?, 'member', 'x', 0)`, smallest.id, conversation)
		if answers[i] == nil {
			return outcome{}, errors.New("nothing refused it")
		}
	}
	if answers[0].Error() != answers[1].Error() {
		return outcome{}, fmt.Errorf("the answers tell: %w, and %w", answers[0], answers[1])
	}
	return outcome{"the same as for one that nobody has: " + answers[0].Error(), "foreign keys within a tenant"}, nil
}

// lookAtBirch is not an attack but the look at the damage.
func lookAtBirch(ctx context.Context, d *desk) (outcome, error) {
	if err := d.unchanged(ctx, birch); err != nil {
		return outcome{}, err
	}
	kept := "the hash of birch's " + thousands(d.org(birch).books.rows()) + " rows is what it was"
	if d.db.Dialect() == tenantdb.SQLite {
		kept = "birch's file is the same, byte for byte"
	}
	return outcome{kept + ": " + d.org(birch).print[:16] + "…", "a look from outside the library"}, nil
}

func noTenant(ctx context.Context, d *desk) (outcome, error) {
	return refused("tenantdb", d.db.Tx(ctx, readEverything), tenancy.ErrNoTenant)
}

// forgeCarrier changes what a queue holds, as somebody who can write to it would.
func forgeCarrier(ctx context.Context, d *desk) (outcome, error) {
	key, err := tenancy.NewKey("k1", []byte(rand.Text()+rand.Text()))
	if err != nil {
		return outcome{}, err
	}
	courier, err := tenancy.NewCourier(tenancy.Keys{Current: key}, "mails", time.Hour)
	if err != nil {
		return outcome{}, err
	}
	carrier, err := courier.Detach(tenancy.With(ctx, alder))
	if err != nil {
		return outcome{}, err
	}
	ctx, err = courier.Attach(ctx, tenancy.Carrier(strings.Replace(string(carrier), "alder", "birch", 1)))
	if err := d.db.Tx(ctx, readEverything); !errors.Is(err, tenancy.ErrCarrierForged) {
		return outcome{}, fmt.Errorf("the job went on: %w", errors.Join(err))
	}
	return refused("tenancy.Courier", err, tenancy.ErrCarrierForged)
}

func unknownTenant(ctx context.Context, d *desk) (outcome, error) {
	err := d.db.Tx(tenancy.With(ctx, tenancy.MustParseID("nobody")), readEverything)
	return refused("the database", err, tenancy.ErrUnknownTenant)
}

func switchInside(ctx context.Context, d *desk) (outcome, error) {
	return refused("tenantdb", d.db.Tx(tenancy.With(ctx, alder), func(ctx context.Context, _ *sqlx.Tx) error {
		return d.db.Tx(tenancy.Switch(ctx, birch), readEverything)
	}), tenantdb.ErrMismatch)
}

// readEverything is the work of somebody who should not have got that far.
func readEverything(ctx context.Context, tx *sqlx.Tx) error {
	var n int
	if err := tx.GetContext(ctx, &n, `SELECT count(*) FROM message`); err != nil {
		return err
	}
	return errors.Join(errRan, fmt.Errorf("it saw %s messages", thousands(n)))
}

var errRan = errors.New("the work ran")
