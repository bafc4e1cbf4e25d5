package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

var errOops = errors.New("oops")

// solve is what an application does: change and event in one transaction. Then something may go wrong.
func (d *desk) solve(ctx context.Context, e audit.Event, then error) error {
	return d.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE conversation SET status = 'solved' WHERE id = 1`); err != nil {
			return err
		}
		if err := d.trail.recorder.Record(ctx, e); err != nil {
			return err
		}
		return then
	})
}

// happened tells whether fir's first conversation is solved, and whether that event is in its log.
func (d *desk) happened(ctx context.Context, event uuid.UUID) (changed, recorded bool, err error) {
	status, err := d.texts(ctx, fir, `SELECT status FROM conversation WHERE id = 1`)
	if err != nil {
		return false, false, err
	}
	if err := d.trail.log.Flush(ctx); err != nil {
		return false, false, err
	}
	_, err = d.trail.store.ByID(ctx, event)
	if errors.Is(err, audit.ErrNotFound) {
		return status[0] == "solved", false, nil
	}
	return status[0] == "solved", true, err
}

// reopen is where both tries begin.
func (d *desk) reopen(ctx context.Context) error {
	return d.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE conversation SET status = 'open' WHERE id = 1`)
		return err
	})
}

func (d *desk) solved(name string) audit.Event {
	return audit.Event{ID: audit.IDFor(name), Action: conversationSolved, Actor: d.firsMember(0), Targets: []audit.Party{{Type: "conversation", ID: "1"}}}
}

func rollBack(ctx context.Context, d *desk) (outcome, error) {
	ctx = tenancy.With(ctx, fir)
	if err := d.reopen(ctx); err != nil {
		return outcome{}, err
	}
	e := d.solved("rolled back")
	if err := d.solve(ctx, e, errOops); !errors.Is(err, errOops) {
		return outcome{}, errors.Join(errors.New("it was not rolled back"), err)
	}
	changed, recorded, err := d.happened(ctx, e.ID)
	if err != nil || changed || recorded {
		return outcome{}, errors.Join(fmt.Errorf("changed: %t, recorded: %t", changed, recorded), err)
	}
	e = d.solved("committed")
	if err := d.solve(ctx, e, nil); err != nil {
		return outcome{}, err
	}
	changed, recorded, err = d.happened(ctx, e.ID)
	if err != nil || !changed || !recorded {
		return outcome{}, errors.Join(fmt.Errorf("committed, and yet: changed: %t, recorded: %t", changed, recorded), err)
	}
	return outcome{"rolled back: the conversation is open, and the log has no such event\ncommitted: it is solved, and the log has it", "one transaction"}, nil
}

func unrecordable(ctx context.Context, d *desk) (outcome, error) {
	ctx = tenancy.With(ctx, fir)
	if err := d.reopen(ctx); err != nil {
		return outcome{}, err
	}
	e := d.solved("unrecordable")
	e.Reason = "\xff"
	o, err := refused("audit.Log", d.solve(ctx, e, nil), audit.ErrEvent)
	if err != nil {
		return outcome{}, err
	}
	changed, recorded, err := d.happened(ctx, e.ID)
	if err != nil || changed || recorded {
		return outcome{}, errors.Join(fmt.Errorf("changed: %t, recorded: %t", changed, recorded), err)
	}
	o.Came += "; the conversation is still open"
	return o, nil
}

// logIsGone takes the log's table away under a running web server.
func logIsGone(ctx context.Context, d *desk) (o outcome, err error) {
	seen := d.trail.middleware(func(r *http.Request) (audit.Event, bool) {
		return audit.Event{Action: conversationRead, Actor: d.firsMember(1), Source: audit.Source{UserAgent: r.UserAgent()}}, true
	})(http.HandlerFunc(d.inbox))
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // in the place of tenancy.Gate
		seen.ServeHTTP(w, r.WithContext(tenancy.With(ctx, fir)))
	})
	in, err := d.breakIn(ctx)
	if err != nil {
		return outcome{}, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	const host = "fir.desk.example"
	if err := d.welcome(fir, get(app, stranger, host)); err != nil {
		return outcome{}, err
	}
	if _, err := in.conn.ExecContext(ctx, `ALTER TABLE audit_event RENAME TO audit_event_lost`); err != nil {
		return outcome{}, err
	}
	w := get(app, stranger, host)
	if _, err := in.conn.ExecContext(ctx, `ALTER TABLE audit_event_lost RENAME TO audit_event`); err != nil {
		return outcome{}, err
	}
	if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), d.org(fir).mark) {
		return outcome{}, fmt.Errorf("the page was answered with %d: %.60q", w.Code, w.Body.String())
	}
	return outcome{fmt.Sprintf("%d %s, and no byte of the page; when the table is back: 200 OK", w.Code, strings.TrimSpace(w.Body.String())), "Log.Middleware"},
		d.welcome(fir, get(app, stranger, host))
}
