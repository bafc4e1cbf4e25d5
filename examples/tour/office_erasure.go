package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/tombstone"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
)

// forgotten is the customer who is erased, and restored.
const forgotten = 3

// eraseOne erases a customer, looks for her from outside, and at everybody else.
func eraseOne(ctx context.Context, d *desk) (outcome, error) {
	ctx = tenancy.With(ctx, oak)
	email, err := d.texts(ctx, oak, `SELECT email FROM customer WHERE id = ?`, forgotten)
	if err != nil || len(email) != 1 {
		return outcome{}, fmt.Errorf("there is no customer %d: %w", forgotten, err)
	}
	if err := d.backUp(ctx); err != nil {
		return outcome{}, err
	}
	others, err := d.othersThan(ctx, forgotten)
	if err != nil {
		return outcome{}, err
	}
	r, plan, err := d.office.approved(ctx, forgotten)
	if err != nil {
		return outcome{}, err
	}
	if err := d.office.erase(ctx, r.ID); err != nil {
		return outcome{}, err
	}
	left, err1 := d.ofCustomer(ctx, forgotten)
	now, err2 := d.othersThan(ctx, forgotten)
	found, looked, err3 := d.witness.Traces(ctx, email[0])
	switch err := errors.Join(err1, err2, err3); {
	case err != nil:
		return outcome{}, err
	case left != 0 || found != 0:
		return outcome{}, fmt.Errorf("%d rows and %d copies of the address of an erased customer are left; the erasure stands %s", left, found, d.office.stands(ctx, r.ID))
	case now != others:
		return outcome{}, errors.New("other people's rows changed")
	}
	rows := int64(0)
	for _, t := range plan.Tables {
		rows += t.Rows
	}
	if d.office.signed, err = d.office.e.Receipt(ctx, r.ID); err != nil {
		return outcome{}, fmt.Errorf("%w: %s", err, d.office.stands(ctx, r.ID))
	}
	return outcome{Came: fmt.Sprintf("%d rows gone, 0 copies of the address in %s; other rows as they were", rows, looked), By: byEraser + ", dsar/proof"}, nil
}

// stands says where an erasure stands that is not done, and what was found of the person.
func (o *bureau) stands(ctx context.Context, id dsar.ID) string {
	_, steps, err := o.e.History(ctx, id)
	if err != nil || len(steps) == 0 {
		return fmt.Sprint(err)
	}
	last := steps[len(steps)-1]
	var proof dsar.Proof
	_ = json.Unmarshal(last.Result, &proof) // of other steps there is none
	return fmt.Sprintf("at %s, %s; found %+v", last.Name, last.Why, proof.Found)
}

// othersThan is a fingerprint of the rows of all other customers of oak.
func (d *desk) othersThan(ctx context.Context, customer int64) (sum [32]byte, err error) {
	h := sha256.New()
	for _, query := range []string{
		`SELECT id || ' ' || email || ' ' || name FROM customer WHERE id <> ? ORDER BY id`,
		`SELECT id || ' ' || subject || ' ' || status FROM conversation WHERE customer_id <> ? ORDER BY id`,
		`SELECT m.id || ' ' || m.body FROM message m JOIN conversation c ON c.tenant_id = m.tenant_id AND c.id = m.conversation_id WHERE c.customer_id <> ? ORDER BY m.id`,
	} {
		rows, err := d.texts(ctx, oak, query, customer)
		if err != nil {
			return sum, err
		}
		for _, r := range rows {
			h.Write([]byte(r + "\n"))
		}
	}
	h.Sum(sum[:0])
	return sum, nil
}

// editReceipt makes a receipt say more than it did.
func editReceipt(_ context.Context, d *desk) (outcome, error) {
	signed := d.office.signed
	if err := d.office.check(signed); err != nil {
		return outcome{}, fmt.Errorf("the receipt itself does not open: %w", err)
	}
	edited := bytes.Replace(signed, []byte(`"rows":`), []byte(`"rows":1`), 1)
	if bytes.Equal(edited, signed) {
		return outcome{}, errors.New("the receipt has no counts")
	}
	err := d.office.check(edited)
	if err == nil {
		return outcome{}, errors.New("an edited receipt is taken for the real one")
	}
	return outcome{Came: err.Error(), By: byReceipt}, nil
}

// backUp copies oak's file, where there is one.
func (d *desk) backUp(ctx context.Context) error {
	files, ok := d.backend.(*sqlite.DB)
	if !ok {
		return nil
	}
	d.office.backup.Reset()
	_, err := files.Export(ctx, oak, &d.office.backup)
	return err
}

// restoreBackup puts the copy from before the erasure back.
func restoreBackup(ctx context.Context, d *desk) (outcome, error) {
	ctx = tenancy.With(ctx, oak)
	if err := d.putBack(ctx); err != nil {
		return outcome{}, err
	}
	back, err := d.ofCustomer(ctx, forgotten)
	if err != nil {
		return outcome{}, err
	}
	if err := d.office.start(ctx); !errors.Is(err, tombstone.ErrRestored) {
		return outcome{}, fmt.Errorf("a database with %d rows of an erased customer is served: %v", back, err)
	}
	if _, err := d.office.e.Guard.Replay(ctx); err != nil {
		return outcome{}, err
	}
	left, err := d.ofCustomer(ctx, forgotten)
	if err != nil || left != 0 {
		return outcome{}, fmt.Errorf("%d rows are back after the replay: %w", left, err)
	}
	return outcome{Came: fmt.Sprintf("%v; %d rows erased again", tombstone.ErrRestored, back), By: byTombstone}, d.office.start(ctx)
}

func (d *desk) putBack(ctx context.Context) error {
	files, ok := d.backend.(*sqlite.DB)
	if !ok {
		return errors.New("there are no files to restore")
	}
	t, err := d.dir.Lookup(ctx, oak)
	if err != nil {
		return err
	}
	t.State = tenancy.Suspended
	if err := files.SetState(ctx, t); err != nil {
		return err
	}
	t.State = tenancy.Active
	return files.Restore(ctx, t, &d.office.backup)
}
