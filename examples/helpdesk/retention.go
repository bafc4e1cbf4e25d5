package main

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/jmoiron/sqlx"
)

// keptConversations is the category of the map under which an organisation sets its own period.
const keptConversations = "conversations"

// conversationMonths is how long solved conversations are kept: as the organisation says, or else as the map does.
func (d *desk) conversationMonths(ctx context.Context) (int, error) {
	own, err := d.requests.Retentions(ctx)
	if err != nil {
		return 0, err
	}
	for _, row := range own {
		if row.Category == keptConversations {
			return 12*row.For.Years + row.For.Months, nil
		}
	}
	for _, t := range personalData.Tables {
		if r := t.Retention; r != nil && r.Category == keptConversations {
			return 12*r.For.Years + r.For.Months, nil
		}
	}
	return 0, errors.New("helpdesk: the map says nothing of how long conversations are kept")
}

func (d *desk) retentionPage(w http.ResponseWriter, r *http.Request) error {
	months, err := d.conversationMonths(r.Context())
	if err != nil {
		return err
	}
	return d.show(w, r, "retention", "Retention", months)
}

func (d *desk) saveRetention(w http.ResponseWriter, r *http.Request) error {
	months, err := strconv.Atoi(r.PostFormValue("months"))
	if err != nil || months < 1 || months > 120 {
		return badInput("Conversations are kept for 1 to 120 months.")
	}
	if err := d.requests.SetRetention(r.Context(), keptConversations, dsar.Period{Months: months}, actor(r.Context())); err != nil {
		return err
	}
	return after(w, r, "/retention", "retention")
}

// forgetOld deletes solved conversations that have been kept for long enough, a hundred at a time, but those of customers whom a legal hold is on.
func (d *desk) forgetOld(ctx context.Context) error {
	months, err := d.conversationMonths(ctx)
	if err != nil {
		return err
	}
	return d.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var old []struct {
			ID       string `db:"id"`
			Customer string `db:"customer_id"`
		}
		if err := tx.SelectContext(ctx, &old, tx.Rebind(`SELECT id, customer_id FROM conversation WHERE status = 'solved' AND changed_at < ? ORDER BY changed_at LIMIT 100`), time.Now().AddDate(0, -months, 0)); err != nil {
			return err
		}
		var gone int64
		for _, c := range old {
			switch err := d.requests.Held(ctx, dsar.Person{Kind: "customer", Key: []string{c.Customer}}, "conversation"); {
			case errors.Is(err, dsar.ErrHeld):
				continue
			case err != nil:
				return err
			}
			for _, q := range []string{`DELETE FROM message WHERE conversation_id = ?`, `DELETE FROM conversation WHERE id = ?`} {
				if _, err := tx.ExecContext(ctx, tx.Rebind(q), c.ID); err != nil {
					return err
				}
			}
			gone++
		}
		if gone == 0 {
			return nil
		}
		return d.trail.Record(ctx, audit.Event{Action: retentionApplied, Actor: audit.Party{Type: "service", ID: "retention"}, Data: map[string]any{"conversations": gone, "months": int64(months)}})
	})
}
