package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/archive"
	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
	"github.com/bailiwick-dev/bailiwick/dsar/engine"
	"github.com/bailiwick-dev/bailiwick/dsar/proof"
	"github.com/bailiwick-dev/bailiwick/dsar/receipt"
	"github.com/bailiwick-dev/bailiwick/dsar/tombstone"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"
)

// byOffice and the others are who keep this stop's promises.
const (
	byOffice    = "dsar.Service"
	byEraser    = "dsar/erase"
	byTombstone = "dsar/tombstone"
	byReceipt   = "dsar/receipt"
)

// people's data in the desk's tables, and what becomes of it.
var privacy = &dsar.Map{
	Application: "a support desk", Tenant: "tenant_id",
	Subjects: []dsar.Subject{{Kind: "customer", Table: "customer", Identifiers: []dsar.Identifier{{Name: "email", Column: "email", Form: dsar.Email}}}},
	Purposes: []dsar.Purpose{{Name: "support", Why: "to answer people who ask for help", Basis: dsar.Contract}},
	Tables: []dsar.Table{
		{Name: "customer", Key: []string{"tenant_id", "id"}, Purpose: "support",
			Columns: []dsar.Column{{Name: "email text not null", Class: redact.ClassEmail}, {Name: "name text not null", Class: redact.ClassName}},
			Plain:   []string{"tenant_id text not null", "id bigint not null | integer not null"}},
		{Name: "conversation", Key: []string{"tenant_id", "id"}, Purpose: "support",
			Links: []dsar.Link{{Columns: []string{"tenant_id", "customer_id"}, To: "customer"},
				{Columns: []string{"tenant_id", "member_id"}, To: "member", Role: dsar.Reference}},
			Columns: []dsar.Column{{Name: "subject text not null", Class: redact.ClassContent}},
			Plain: []string{"tenant_id text not null", "id bigint not null | integer not null", "customer_id bigint not null | integer not null",
				"member_id bigint not null | integer not null", "status text not null", "opened_at bigint not null | integer not null"}},
		{Name: "message", Key: []string{"tenant_id", "id"}, Purpose: "support",
			Links:   []dsar.Link{{Columns: []string{"tenant_id", "conversation_id"}, To: "conversation"}},
			Columns: []dsar.Column{{Name: "body text not null", Class: redact.ClassContent}},
			Plain: []string{"tenant_id text not null", "id bigint not null | integer not null", "conversation_id bigint not null | integer not null",
				"author text not null", "sent_at bigint not null | integer not null"}},
		{Name: "member", Key: []string{"tenant_id", "id"}, NotPersonal: "the desk's own people, of whom another map would tell",
			Plain: []string{"tenant_id text not null", "id bigint not null | integer not null", "email text not null", "name text not null", "role text not null"}},
		{Name: "organisation", Key: []string{"tenant_id"}, NotPersonal: "firms", Plain: []string{"tenant_id text not null", "name text not null", "plan text not null"}},
		{Name: "api_connection", Key: []string{"tenant_id", "id"}, NotPersonal: "what the firms connect",
			Columns: []dsar.Column{{Name: "secret_hash text not null", Class: redact.ClassSecret}},
			Plain:   []string{"tenant_id text not null", "id bigint not null | integer not null", "provider text not null"}},
	},
	Aside: dsar.Doors(),
}

// bureau is where oak's customers ask for their data. The tests have a worse one.
type bureau struct {
	e        *engine.Engine
	verifier note.Verifier

	export func(ctx context.Context, id dsar.ID, session dsar.Person) (rows int64, err error)
	erase  func(ctx context.Context, id dsar.ID) error // goes on with an approved erasure as far as it goes
	check  func(signed []byte) error                   // a receipt
	start  func(ctx context.Context) error             // before anything is served

	backup bytes.Buffer // of oak's file, from before somebody was erased
	signed []byte       // the receipt of that
}

// keepOffice opens it. The tombstones are outside of the desk's folder.
func (d *desk) keepOffice(c config, sealer dsar.Sealer) error {
	outside, err := os.MkdirTemp(c.tmp, "bailiwick-tour-stones-")
	if err != nil {
		return err
	}
	d.close = append(d.close, func() error { return os.RemoveAll(outside) })
	stones, err := tombstone.OpenFile(filepath.Join(outside, "tombstones"))
	if err != nil {
		return err
	}
	private, public, err := note.GenerateKey(rand.Reader, "desk.example/privacy")
	if err != nil {
		return err
	}
	signer, err1 := note.NewSigner(private)
	verifier, err2 := note.NewVerifier(public)
	key, err3 := tenancy.NewKey("k1", []byte(rand.Text()+rand.Text()))
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	nothing := func(context.Context, dsar.Person) error { return nil }
	o := &bureau{verifier: verifier}
	var looks proof.Options
	if d.pg != nil {
		looks.Owner = d.pg.owner.DB // the planner's statistics hold values of columns: who owns the tables makes them anew
	}
	o.e, err = engine.New(d.db, privacy, engine.Options{
		Options: dsar.Options{Key: key, Sealer: sealer, Recorder: d.trail.recorder, Law: "eu-gdpr", Calendar: deadline.Calendar{Zone: time.UTC},
			Kinds: []dsar.Kind{dsar.Access, dsar.Portability, dsar.Erasure}, Tell: func(context.Context, dsar.Notice) error { return nil }, Hide: nothing, Show: nothing, Undo: -1},
		Signer: signer, Proof: looks, Stones: stones, StoneKeys: tombstone.Keys{key},
		Recipients: func(context.Context, dsar.Person) ([]age.Recipient, error) {
			r, err := archive.Passphrase(archive.NewPassphrase())
			return []age.Recipient{r}, err
		},
	})
	if err != nil {
		return err
	}
	o.export = o.exportTo
	o.erase = o.goOn
	o.check = func(signed []byte) error { _, err := receipt.Open(signed, verifier); return err }
	o.start = o.e.Guard.Start
	d.office = o
	return nil
}

// inBox seals who a request is about in the desk's vault.
type inBox struct{ b *box }

func (s inBox) Seal(ctx context.Context, id dsar.ID, plain []byte) ([]byte, error) {
	f, err := s.b.v.Field(ctx, "request")
	if err != nil {
		return nil, err
	}
	return f.AppendSeal(ctx, nil, string(id), audit.SubjectOf("request", string(id)), plain)
}

func (s inBox) Open(ctx context.Context, id dsar.ID, sealed []byte) ([]byte, error) {
	f, err := s.b.v.Field(ctx, "request")
	if err != nil {
		return nil, err
	}
	return f.AppendOpen(ctx, nil, string(id), audit.SubjectOf("request", string(id)), sealed)
}

func (s inBox) Shred(ctx context.Context, id dsar.ID) error {
	_, err := s.b.v.Shred(ctx, vault.Shredding{Subject: audit.SubjectOf("request", string(id)), Basis: "the request is closed"})
	return err
}

// exportTo hands out the data a request is about, to who shows by their session who they are.
func (o *bureau) exportTo(ctx context.Context, id dsar.ID, session dsar.Person) (int64, error) {
	if len(session.Key) > 0 {
		if _, err := o.e.Verified(ctx, id, dsar.Evidence{Request: id, Method: "session", Person: session}); err != nil {
			return 0, err
		}
	}
	x, err := o.e.Export(ctx, id, new(counter))
	if err != nil {
		return 0, err
	}
	return x.Rows, nil
}

// counter is where exports go that nobody reads.
type counter int64

func (c *counter) Write(b []byte) (int, error) { *c += counter(len(b)); return len(b), nil }

// goOn does what is due, until nothing is.
func (o *bureau) goOn(ctx context.Context, _ dsar.ID) error {
	for {
		n, err := o.e.Step(ctx)
		if err != nil || n == 0 {
			return err
		}
	}
}
