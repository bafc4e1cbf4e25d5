package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/dsar/retention"
	"github.com/jmoiron/sqlx"
)

// keptConversations is the category of the map under which an organisation sets its own period.
const keptConversations = "conversations"

// openRetention opens what removes rows when their time is over, by the map's periods and the organisations' own.
func (d *desk) openRetention() (err error) {
	journal, err1 := dsarsql.NewJournal(d.db)
	store, err2 := dsarsql.New(d.db)
	marks, err3 := dsarsql.NewSweeps(d.db)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	d.sweeps, err = retention.New(d.db, dataMap, journal, store, marks, retention.Options{Recorder: d.trail, Expire: d.requests.Eraser.Expire, People: d.heldPeople})
	return err
}

// heldPeople are those whom legal holds are on. The holds know them by a keyed hash alone, and so everybody is looked at.
func (d *desk) heldPeople(ctx context.Context, held []dsar.HoldRow) (people []dsar.Person, err error) {
	wanted := map[dsar.Ref]bool{}
	for _, h := range held {
		wanted[h.Ref] = true
	}
	for kind, query := range map[string]string{"customer": `SELECT id FROM customer ORDER BY id`, "user": `SELECT id FROM person ORDER BY id`} {
		var ids []string
		if err := d.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error { return tx.SelectContext(ctx, &ids, query) }); err != nil {
			return nil, err
		}
		for _, id := range ids {
			p := dsar.Person{Kind: kind, Key: []string{id}}
			ref, err := d.requests.Ref(ctx, p)
			if err != nil {
				return nil, err
			}
			if wanted[ref] {
				people = append(people, p)
				delete(wanted, ref)
			}
		}
	}
	if len(wanted) > 0 { // nothing goes while it is not known whose rows must stay
		return nil, errors.New("helpdesk: a legal hold is on somebody who is not found")
	}
	return people, nil
}

// sweep removes what has been kept for long enough, once a day. So much that somebody has to look at it waits on the page until they do.
func (d *desk) sweep(ctx context.Context) error {
	_, err := d.sweeps.Sweep(ctx, retention.Job{ID: time.Now().UTC().Format(time.DateOnly)})
	if errors.Is(err, retention.ErrMass) {
		return nil
	}
	return err
}

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
	t, _ := dataMap.Table("conversation")
	return 12*t.Retention.For.Years + t.Retention.For.Months, nil
}

// retentionPage shows the period, and what a sweep would remove if it were now.
func (d *desk) retentionPage(w http.ResponseWriter, r *http.Request) error {
	months, err := d.conversationMonths(r.Context())
	if err != nil {
		return err
	}
	plan, err := d.sweeps.Plan(r.Context())
	if err != nil {
		return err
	}
	text, err := json.Marshal(plan)
	if err != nil {
		return err
	}
	return d.show(w, r, "retention", "Retention", struct {
		Months int
		Plan   *retention.Plan
		Text   string
		Any    bool
	}{months, plan, string(text), slices.ContainsFunc(plan.Tables, func(due retention.Due) bool { return due.Rows > 0 })})
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

// sweepNow removes what somebody looked at: the plan comes back with its hash, and no more goes than it says.
func (d *desk) sweepNow(w http.ResponseWriter, r *http.Request) error {
	plan := new(retention.Plan)
	if err := json.Unmarshal([]byte(r.PostFormValue("plan")), plan); err != nil {
		return badInput("The form cannot be read.")
	}
	confirmed := r.PostFormValue("confirmed")
	if err := d.record(r.Context(), retentionConfirmed, map[string]any{"plan": confirmed}); err != nil {
		return err
	}
	if _, err := d.sweeps.Sweep(r.Context(), retention.Job{ID: confirmed, Plan: plan, Confirmed: confirmed}); err != nil {
		return err
	}
	return after(w, r, "/retention", "swept")
}
