package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/archive"
	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
	"github.com/bailiwick-dev/bailiwick/dsar/engine"
	"github.com/bailiwick-dev/bailiwick/dsar/export"
	"github.com/bailiwick-dev/bailiwick/dsar/proof"
	"github.com/bailiwick-dev/bailiwick/dsar/tombstone"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"
)

// openRequests opens what answers people's requests about their data: exports and erasures over the application's own tables, by the map.
func (d *desk) openRequests(ctx context.Context, dir string, undo time.Duration) error {
	outside := filepath.Join(dir, "outside") // not where the database's backups are
	if err := os.MkdirAll(outside, 0o700); err != nil {
		return err
	}
	requestKey, err1 := key("r1", d.keys.People)
	stoneKey, err2 := key("t1", d.keys.Tombstones)
	signer, err3 := audit.NewSigner(d.keys.Signer)
	stones, err4 := tombstone.OpenFile(filepath.Join(outside, "tombstones"))
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return err
	}
	d.close = append(d.close, stones.Close)
	exporter, err := export.New(d.db, dataMap, export.Options{Signer: signer, Unencrypted: true, // who is signed in downloads it, by https
		Info: archive.Info{Authority: "the data protection authority of your country", Rights: []string{"to have it corrected, erased or restricted, to object, to complain"}}})
	if err != nil {
		return err
	}
	d.requests, err = engine.New(d.db, personalData, engine.Options{
		Options: dsar.Options{
			Key: requestKey, Sealer: requestSealer{d}, Recorder: d.trail, Law: "eu-gdpr", Calendar: deadline.Calendar{Zone: time.UTC}, Kinds: []dsar.Kind{dsar.Access, dsar.Erasure},
			Tell: d.tellPerson, Hide: d.hide, Show: d.letBack, Undo: undo, Exporter: exporter, Logger: d.log,
			Outside: []dsar.Outside{forgets{"team", d.forgetMember}, forgets{"consent", d.forgetConsent}, forgets{"audit", d.forgetTrail}},
		},
		Signer: signer, Stones: stones, StoneKeys: tombstone.Keys{stoneKey}, Proof: proof.Options{Backups: 30 * 24 * time.Hour},
	})
	if err != nil {
		return err
	}
	return d.requests.Guard.Start(ctx) // a database that was restored is not served before the erased are erased again
}

// hide takes somebody out of sight while their erasure can still be undone: who is suspended is let in by no session. The sessions' rows stay for
// the erasure, whose plan counts on them.
func (d *desk) hide(ctx context.Context, p dsar.Person) error {
	if p.Kind != "user" {
		return nil
	}
	system, err := d.team.System(ctx, "an erasure was approved")
	if err != nil {
		return err
	}
	if err := d.team.Suspend(ctx, system, rbac.User(p.Key[0])); !errors.Is(err, &rbac.Denied{Reason: rbac.NotMember}) {
		return err
	}
	return nil
}

func (d *desk) letBack(ctx context.Context, p dsar.Person) error {
	if p.Kind != "user" {
		return nil
	}
	system, err := d.team.System(ctx, "an erasure was taken back")
	if err != nil {
		return err
	}
	return d.team.Resume(ctx, system, rbac.User(p.Key[0]))
}

// forgets is a door that has something of people beside the application's rows, and forgets them when it is told.
type forgets struct {
	name   string
	forget func(ctx context.Context, p dsar.Person, request dsar.ID) error
}

// Name implements [dsar.Outside].
func (f forgets) Name() string { return f.name }

// Erase implements [dsar.Outside].
func (f forgets) Erase(ctx context.Context, t dsar.Telling) (dsar.Reply, error) {
	if err := f.forget(ctx, t.Person, t.Request.ID); err != nil {
		return dsar.Reply{}, err
	}
	return dsar.Reply{State: dsar.Confirmed}, nil
}

func (d *desk) forgetMember(ctx context.Context, p dsar.Person, _ dsar.ID) error {
	if p.Kind != "user" {
		return nil
	}
	system, err := d.team.System(ctx, "somebody is erased")
	if err == nil {
		_, err = d.team.Remove(ctx, system, rbac.User(p.Key[0]))
	}
	return err
}

func (d *desk) forgetConsent(ctx context.Context, p dsar.Person, _ dsar.ID) error {
	if p.Kind != "user" {
		return nil
	}
	_, err := d.answers.Forget(ctx, p.Key[0])
	return err
}

// forgetTrail takes a person out of the log.
func (d *desk) forgetTrail(ctx context.Context, p dsar.Person, request dsar.ID) error {
	return d.shred(ctx, audit.SubjectOf(p.Kind, p.Key[0]), request, "GDPR Art. 17(1)")
}

// shred destroys somebody's key, which reaches backups of the log too, and then has the log tell of it: without that it would not verify.
func (d *desk) shred(ctx context.Context, who audit.Subject, request dsar.ID, basis string) error {
	by := audit.Party{Type: "service", ID: "requests"}
	if _, err := d.vault.Shred(ctx, vault.Shredding{Subject: who, By: by, Basis: basis}); err != nil {
		return err
	}
	_, err := d.trail.Erase(ctx, audit.Erasure{ID: audit.IDFor(string(request) + " " + basis), Subject: who, Basis: basis, By: by})
	return err
}

// tellPerson tells somebody what became of their request.
func (d *desk) tellPerson(_ context.Context, n dsar.Notice) error {
	text := fmt.Sprintf("Your request (%s): %s %s %s", n.Request.Kind, n.Kind, n.Request.Outcome, n.Text)
	if n.Kind == dsar.NoticeReceived {
		text += fmt.Sprintf("You hear from us by %s.", n.Request.Clock.Due.Day)
	}
	if to := n.Person.Known["email"]; len(to) > 0 {
		d.mail(to[0], text)
	}
	return nil
}

// requestSealer seals who a request is about, under a key of the request's own.
type requestSealer struct{ d *desk }

func requestSubject(id dsar.ID) audit.Subject { return audit.SubjectOf("request", string(id)) }

// Seal implements [dsar.Sealer].
func (s requestSealer) Seal(ctx context.Context, id dsar.ID, plain []byte) ([]byte, error) {
	f, err := s.d.vault.Field(ctx, "requests")
	if err != nil {
		return nil, err
	}
	return f.AppendSeal(ctx, nil, string(id), requestSubject(id), plain)
}

// Open implements [dsar.Sealer].
func (s requestSealer) Open(ctx context.Context, id dsar.ID, sealed []byte) ([]byte, error) {
	f, err := s.d.vault.Field(ctx, "requests")
	if err != nil {
		return nil, err
	}
	return f.AppendOpen(ctx, nil, string(id), requestSubject(id), sealed)
}

// Shred implements [dsar.Sealer].
func (s requestSealer) Shred(ctx context.Context, id dsar.ID) error {
	return s.d.shred(ctx, requestSubject(id), id, "the request is closed")
}

// self is who a request's person is, by what the application knows.
func (d *desk) self(ctx context.Context, id string) (dsar.Person, error) {
	p, err := d.person(ctx, id)
	return dsar.Person{Kind: "user", Key: []string{id}, Known: map[string][]string{"email": {p.Email}}}, err
}

// tenantIDs are those that requests are worked on for.
func (d *desk) tenantIDs(ctx context.Context) (all []tenancy.ID, err error) {
	for id, err := range d.allTenants(ctx) {
		if err != nil {
			return nil, err
		}
		if id != operator {
			all = append(all, id)
		}
	}
	return all, nil
}
