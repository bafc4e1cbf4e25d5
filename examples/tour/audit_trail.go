package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/auditsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"golang.org/x/mod/sumdb/note"
)

// What can happen at the desk.
var (
	conversationRead   = audit.Define("conversation.read", audit.Read)
	conversationSolved = audit.Define("conversation.solved", audit.Update)
	customersExported  = audit.Define("customers.exported", audit.Read)
)

// trail is the desk's audit log, and what is kept of it outside the database.
type trail struct {
	store   audit.Store
	opts    audit.Options
	log     *audit.Log    // the application's
	public  note.Verifier // the log's key, as everybody may have it
	outside string        // a folder that stands for a machine of somebody else's

	signed audit.Checkpoint // of fir's log after its day; its note is kept outside too
	early  []byte           // a bundle of fir's log that an auditor had taken before the day was over

	// What an application does with it. The tests have worse ones.
	recorder   audit.Recorder
	middleware func(describe func(*http.Request) (audit.Event, bool)) func(http.Handler) http.Handler
	verify     func(ctx context.Context, bundle io.Reader, p audit.Policy) (*audit.Report, error)
}

// openTrail opens the logs in db, as an application does at its start. The tables are there: see openSQLite and release.
func openTrail(ctx context.Context, db *tenantdb.DB, outside string) (*trail, error) {
	store, err := auditsql.New(db)
	if err != nil {
		return nil, err
	}
	// An application has both keys from where its secrets are, the same in each process. They are not in the database.
	const origin = "desk.example/audit"
	secret, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, err
	}
	signer, err := audit.NewSigner(secret)
	if err != nil {
		return nil, err
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		return nil, err
	}
	key, err := tenancy.NewKey("a1", []byte(rand.Text()+rand.Text()))
	if err != nil {
		return nil, err
	}
	opts := audit.Options{Origin: origin, Signer: signer, Key: key,
		Anchors: []audit.Anchoring{{Anchor: audit.FolderAnchor(outside), Required: true}}}
	log, err := audit.Open(ctx, store, opts)
	if err != nil {
		return nil, err
	}
	return &trail{store: store, opts: opts, log: log, public: verifier, outside: outside,
		recorder: log, middleware: log.Middleware, verify: audit.Verify}, nil
}

// keepTrail opens the desk's trail, to be closed with it.
func (d *desk) keepTrail(ctx context.Context, c config) (err error) {
	outside, err := os.MkdirTemp(c.tmp, "bailiwick-tour-outside-")
	if err != nil {
		return err
	}
	d.close = append(d.close, func() error { return os.RemoveAll(outside) })
	if d.trail, err = openTrail(ctx, d.db, outside); err != nil {
		return err
	}
	d.close = append(d.close, func() error { return d.trail.log.Close(context.Background()) })
	return nil
}

// The cast of fir's day. Noor is in the log and nowhere else; the auditor is an account.
var (
	noor = audit.Party{Type: "visitor", ID: "v-81", Name: "Noor Rahimi-Lindqvist", Email: "noor.rl@post.example", Person: true}
	bot  = audit.Party{Type: "service", ID: "auditor"}
)

// Places in fir's log.
const (
	eventsOfDay = 300
	theRefusal  = 17 // a member wanted all customers, and was denied
)

func (d *desk) firsMember(i int) audit.Party {
	ms := d.org(fir).books.members
	m := ms[i%len(ms)]
	return audit.Party{Type: "member", ID: fmt.Sprint(m.ID), Name: m.Name, Email: m.Email, Person: true}
}

// day is what fir's people did on a day.
func (d *desk) day() []audit.Event {
	customers := d.org(fir).books.customers
	events := make([]audit.Event, eventsOfDay-1) // that a bundle is taken is an event too
	for i := range events {
		c := customers[i%len(customers)]
		e := audit.Event{
			Action: conversationRead, Actor: d.firsMember(i), Source: audit.Source{IP: office.Addr().Next(), RequestID: fmt.Sprintf("r-%d", i)},
			Targets: []audit.Party{{Type: "conversation", ID: fmt.Sprint(i)}, {Type: "customer", ID: fmt.Sprint(c.ID), Name: c.Name, Email: c.Email, Person: true}},
		}
		switch {
		case i == theRefusal:
			e.Action, e.Outcome, e.Targets = customersExported, audit.Denied, nil
		case i%10 == 3:
			e.Targets[1] = noor
			e.Data = map[string]any{"note": audit.Personal(noor.Subject(), "Noor Rahimi-Lindqvist rang from "+noorsPhone)}
		}
		events[i] = e
	}
	return events
}

// firsDay records the day, and has the log signed.
func firsDay(ctx context.Context, d *desk) (fact string, err error) {
	ctx = tenancy.With(ctx, fir)
	events := d.day()
	early := len(events) - 20
	if _, err := d.trail.log.Append(ctx, events[:early]...); err != nil {
		return "", err
	}
	if d.trail.early, err = d.bundle(ctx, d.trail.log); err != nil {
		return "", err
	}
	if _, err := d.trail.log.Append(ctx, events[early:]...); err != nil {
		return "", err
	}
	d.ops.Add(eventsOfDay)
	if d.trail.signed, err = d.trail.log.Checkpoint(ctx); err != nil {
		return "", err
	}
	if d.trail.signed.Size != eventsOfDay {
		return "", errors.New("fir's log is not as long as its day")
	}
	return fmt.Sprintf("fir's people work: %d events in its log, signed; the note of size %d is kept outside", eventsOfDay, d.trail.signed.Size), nil
}
