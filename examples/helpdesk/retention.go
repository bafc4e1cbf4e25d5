package main

import (
	"context"
	"net/http"
	"strconv"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/jmoiron/sqlx"
)

type organisation struct {
	Name   string `db:"name"`
	Plan   string `db:"plan"`
	Months int    `db:"conversation_months"`
}

func (d *desk) organisation(ctx context.Context) (o organisation, err error) {
	err = d.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &o, `SELECT name, plan, conversation_months FROM organisation`)
	})
	return o, err
}

func (d *desk) retentionPage(w http.ResponseWriter, r *http.Request) error {
	o, err := d.organisation(r.Context())
	if err != nil {
		return err
	}
	return d.show(w, r, "retention", "Retention", o)
}

func (d *desk) saveRetention(w http.ResponseWriter, r *http.Request) error {
	months, err := strconv.Atoi(r.PostFormValue("months"))
	if err != nil || months < 1 || months > 120 {
		return badInput("Conversations are kept for 1 to 120 months.")
	}
	err = d.db.Tx(r.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, tx.Rebind(`UPDATE organisation SET conversation_months = ?`), months); err != nil {
			return err
		}
		return d.record(ctx, retentionSet, map[string]any{"conversations.months": months}, audit.Party{Type: "setting", ID: "retention"})
	})
	if err != nil {
		return err
	}
	return after(w, r, "/retention", "retention")
}
