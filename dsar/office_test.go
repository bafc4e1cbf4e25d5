package dsar_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsartest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// office is a service over a store whose clock can be moved, for an application in which Jane has ten rows.
type office struct {
	*dsar.Service
	app   *dsartest.App
	store *dsar.Memory
	ctx   context.Context
	mu    sync.Mutex
	at    time.Time
}

var officer = audit.Party{Type: "staff", ID: "dpo-1", Person: true}

func newOffice(t require.TestingT, change func(*dsar.Options)) *office {
	d := &office{app: &dsartest.App{}, at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	d.store = dsar.NewMemory(func() time.Time { d.mu.Lock(); defer d.mu.Unlock(); return d.at })
	d.ctx = tenancy.With(context.Background(), tenancy.NewID())
	d.open(t, d.store, change)
	d.app.Add(d.ctx, dsartest.Jane(), 10)
	return d
}

// open opens the service anew, over that store.
func (d *office) open(t require.TestingT, st dsar.Store, change func(*dsar.Options)) {
	o := d.app.Options()
	if change != nil {
		change(&o)
	}
	s, err := dsar.New(st, dsartest.Map, o)
	require.NoError(t, err)
	d.Service = s
	d.app.Held = s.Held
}

func (d *office) pass(by time.Duration) { d.mu.Lock(); defer d.mu.Unlock(); d.at = d.at.Add(by) }

// receive opens a request of Jane's.
func (d *office) receive(t testing.TB, k dsar.Kind, change func(*dsar.Intake)) dsar.Request {
	in := dsar.Intake{Kind: k, Person: dsartest.Jane(), Text: "I am Jane Doe, please-spell-me-Jayne"}
	if change != nil {
		change(&in)
	}
	r, err := d.Open(d.ctx, in)
	require.NoError(t, err)
	return r
}

func shown(id dsar.ID) dsar.Evidence {
	return dsar.Evidence{Request: id, Method: "session", Person: dsartest.Jane(), By: audit.Party{Type: "user", ID: "42", Person: true}}
}

// verified is receive by somebody who is signed in.
func (d *office) verified(t testing.TB, k dsar.Kind, change func(*dsar.Intake)) dsar.Request {
	r := d.receive(t, k, change)
	r, err := d.Verified(d.ctx, r.ID, shown(r.ID))
	require.NoError(t, err)
	return r
}

// approved is an erasure whose plan was approved.
func (d *office) approved(t testing.TB) dsar.Request {
	return d.approvedAs(t, d.verified(t, dsar.Erasure, nil))
}

func (d *office) approvedAs(t testing.TB, r dsar.Request) dsar.Request {
	plan, err := d.Plan(d.ctx, r.ID)
	require.NoError(t, err)
	r, err = d.Approve(d.ctx, r.ID, plan.Hash, officer)
	require.NoError(t, err)
	return r
}

func (d *office) now(t require.TestingT, id dsar.ID) dsar.Request {
	r, err := d.Request(d.ctx, id)
	require.NoError(t, err)
	return r
}

func (d *office) step(t testing.TB) {
	_, err := d.Step(d.ctx)
	require.NoError(t, err)
}

// settle lets time pass until a request is closed.
func (d *office) settle(t testing.TB, id dsar.ID) dsar.Request {
	for range 200 {
		_, _ = d.Step(d.ctx)
		if r := d.now(t, id); r.State == dsar.Closed {
			return r
		}
		d.pass(time.Hour)
	}
	events, steps, err := d.History(d.ctx, id)
	require.NoError(t, err)
	require.FailNow(t, "it does not end", "%v\n%v", events, steps)
	return dsar.Request{}
}

var errOops = errors.New("oops")
