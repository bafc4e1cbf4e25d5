package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

func rewriteLedger(ctx context.Context, d *desk) (outcome, error) {
	var came strings.Builder
	for _, s := range []string{`UPDATE consent_row SET said = json_set(said, '$[1]', 15)`, `DELETE FROM consent_row`, `UPDATE consent_text SET language = 'xx'`, `DELETE FROM consent_text`} {
		rows, err := d.exec(ctx, larch, s)
		if err == nil {
			return outcome{}, fmt.Errorf("%s: %d rows", s, rows)
		}
		fmt.Fprintln(&came, err)
	}
	v, err := d.shop.m.Verify(tenancy.With(ctx, larch))
	if err == nil && (!v.OK() || v.Entries == 0) {
		err = fmt.Errorf("%d entries, broken: %v", v.Entries, v.Broken)
	}
	fmt.Fprintf(&came, "%d entries in a whole chain", v.Entries)
	return outcome{came.String(), "the database"}, err
}

func findForgotten(ctx context.Context, d *desk) (outcome, error) {
	const user = "silvius"
	if err := d.device(user).accept(ctx); err != nil {
		return outcome{}, err
	}
	ctx = tenancy.With(ctx, larch)
	entries := func() (n int, err error) {
		for _, e := range d.shop.m.History(ctx, user) {
			if err = errors.Join(err, e); e == nil {
				n++
			}
		}
		return n, err
	}
	before, err1 := entries()
	var receipt consent.Entry
	for e := range d.shop.m.History(ctx, user) {
		receipt = e
	}
	found, err2 := d.shop.m.Forget(ctx, user)
	after, err3 := entries()
	v, err4 := d.shop.m.Verify(ctx)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return outcome{}, err
	}
	if before != 1 || !found || after != 0 || !v.OK() {
		return outcome{}, fmt.Errorf("%d entries before and %d after, forgotten: %v, broken: %v", before, after, found, v.Broken)
	}
	return outcome{fmt.Sprintf("%d entry before, of subject %s; %d after; %d entries in a whole chain", before, receipt.Subject, after, v.Entries), byConsent}, nil
}
