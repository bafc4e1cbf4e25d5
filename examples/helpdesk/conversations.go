package main

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

type conversation struct {
	ID       string    `db:"id" json:"id"`
	Subject  string    `db:"subject" json:"subject"`
	Status   string    `db:"status" json:"status"`
	Customer string    `db:"customer" json:"customer"`
	Changed  time.Time `db:"changed_at" json:"changed"`
}

type message struct {
	Author string    `db:"author" json:"author"` // "": the customer who asked, or a program
	Kind   string    `db:"kind" json:"kind"`
	Body   string    `db:"body" json:"body"`
	Sent   time.Time `db:"sent_at" json:"sent"`
}

const pageOf = 50

// conversations lists a page of them, the one that changed last first, behind one that the page before ended with.
func (d *desk) conversations(ctx context.Context, status string, before time.Time, id string) (out []conversation, err error) {
	if before.IsZero() {
		before = time.Now().AddDate(10, 0, 0)
	}
	err = d.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &out, tx.Rebind(`SELECT c.id, c.subject, c.status, c.changed_at, k.name AS customer FROM conversation c JOIN customer k ON k.id = c.customer_id
			WHERE (? = '' OR c.status = ?) AND (c.changed_at < ? OR c.changed_at = ? AND c.id > ?) ORDER BY c.changed_at DESC, c.id LIMIT ?`),
			status, status, before, before, id, pageOf) // no tenant in it: the database knows
	})
	return out, err
}

// conversation is one, with its messages. Notes are for those who may answer.
func (d *desk) conversation(ctx context.Context, id string, notes bool) (c conversation, all []message, err error) {
	err = d.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := tx.GetContext(ctx, &c, tx.Rebind(`SELECT c.id, c.subject, c.status, c.changed_at, k.name AS customer FROM conversation c JOIN customer k ON k.id = c.customer_id WHERE c.id = ?`), id); err != nil {
			return err
		}
		return tx.SelectContext(ctx, &all, tx.Rebind(`SELECT coalesce(p.name, '') AS author, m.kind, m.body, m.sent_at FROM message m LEFT JOIN person p ON p.id = m.author_id
			WHERE m.conversation_id = ? AND (m.kind <> 'note' OR ?) ORDER BY m.sent_at, m.id`), id, notes)
	})
	return c, all, err
}

func (d *desk) conversationsPage(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	before, _ := time.Parse(time.RFC3339Nano, q.Get("before")) // without one: from the newest
	list, err := d.conversations(r.Context(), q.Get("status"), before, q.Get("id"))
	if err != nil {
		return err
	}
	data := struct {
		List         []conversation
		Status, Next string
		States       []string
	}{List: list, Status: q.Get("status"), States: []string{"open", "waiting", "solved"}}
	if len(list) == pageOf {
		last := list[len(list)-1]
		data.Next = last.Changed.UTC().Format(time.RFC3339Nano) + "&id=" + last.ID
	}
	return d.show(w, r, "conversations", "Conversations", data)
}

func (d *desk) conversationPage(w http.ResponseWriter, r *http.Request) error {
	c, messages, err := d.conversation(r.Context(), r.PathValue("id"), may(r, answerChats))
	if err != nil {
		return err
	}
	orders, err := d.ordersOf(r.Context(), c.ID, may(r, seeMargins))
	if err != nil {
		return err
	}
	return d.show(w, r, "conversation", c.Subject, struct {
		conversation
		Messages []message
		Orders   []customerOrder
		States   []string
	}{c, messages, orders, []string{"open", "waiting", "solved"}})
}

type customerOrder struct {
	Number  string `db:"number"`
	Product string `db:"product"`
	Status  string `db:"status"`
	Margin  int64  `db:"margin"` // 0 for who may not see it
}

// ordersOf lists what a conversation's customer bought. A margin leaves the database for those alone who may see it.
func (d *desk) ordersOf(ctx context.Context, conversation string, margins bool) (all []customerOrder, err error) {
	err = d.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &all, tx.Rebind(`SELECT o.number, p.name AS product, o.status, CASE WHEN ? THEN p.margin ELSE 0 END AS margin
			FROM conversation c JOIN purchase o ON o.customer_id = c.customer_id JOIN product p ON p.id = o.product_id WHERE c.id = ? ORDER BY o.number`), margins, conversation)
	})
	return all, err
}

// say adds a message or a note: what is said, and the record that it was.
func (d *desk) say(ctx context.Context, id, kind, body, author string) (string, error) {
	if body = strings.TrimSpace(body); body == "" || len(body) > 10_000 {
		return "", badInput("A message has 1 to 10,000 letters.")
	}
	said, now := uuid.Must(uuid.NewV7()).String(), time.Now()
	what := conversationAnswered
	if kind == "note" {
		what = conversationNoted
	}
	return said, d.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		done, err := tx.ExecContext(ctx, tx.Rebind(`UPDATE conversation SET changed_at = ? WHERE id = ?`), now, id)
		if err := one(done, err); err != nil {
			return err
		}
		var by any
		if author != "" {
			by = author
		}
		if _, err := tx.ExecContext(ctx, tx.Rebind(`INSERT INTO message (id, conversation_id, author_id, kind, body, sent_at) VALUES (?, ?, ?, ?, ?, ?)`), said, id, by, kind, body, now); err != nil {
			return err
		}
		return d.record(ctx, what, nil, audit.Party{Type: "conversation", ID: id})
	})
}

func (d *desk) answer(w http.ResponseWriter, r *http.Request) error {
	kind, what := "message", "answered"
	if r.PostFormValue("kind") == "note" {
		kind, what = "note", "noted"
	}
	if _, err := d.say(r.Context(), r.PathValue("id"), kind, r.PostFormValue("body"), userOf(r)); err != nil {
		return err
	}
	return after(w, r, "/conversations/"+r.PathValue("id"), what)
}

func (d *desk) setStatus(w http.ResponseWriter, r *http.Request) error {
	id, status := r.PathValue("id"), r.PostFormValue("status")
	if status != "open" && status != "waiting" && status != "solved" {
		return badInput("A conversation is open, waiting or solved.")
	}
	err := d.db.Tx(r.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		done, err := tx.ExecContext(ctx, tx.Rebind(`UPDATE conversation SET status = ?, changed_at = ? WHERE id = ?`), status, time.Now(), id)
		if err := one(done, err); err != nil {
			return err
		}
		return d.record(ctx, conversationMoved, map[string]any{"status": status}, audit.Party{Type: "conversation", ID: id})
	})
	if err != nil {
		return err
	}
	return after(w, r, "/conversations/"+id, "status")
}

// one is sql.ErrNoRows unless a statement changed a row.
func one(done sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, sql.ErrNoRows)
	}
	return nil
}

// may reports whether a request's principal may do x, for what a page leaves out.
func may(r *http.Request, x rbac.Permission) bool { return rbac.From(r.Context()).Can(x) }
