package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgranttest"
	"github.com/stretchr/testify/require"
)

// desk is the service over a store: sam and sue are on the staff, olga and otto are owners, and dora is both.
type desk struct {
	*house
	*supportgrant.Service
	people   *supportgranttest.People
	factor   *supportgranttest.Factor
	recorder *recorder
}

// desk opens the service in one of the processes.
func (h *house) desk(t require.TestingT, process int, change func(*supportgrant.Options)) *desk {
	d := &desk{house: h, people: &supportgranttest.People{}, factor: &supportgranttest.Factor{}, recorder: &recorder{}}
	d.people.Hire("sam", "sue", "dora").Appoint("olga", "otto", "oscar", "dora")
	d.open(t, process, change)
	return d
}

func (d *desk) open(t require.TestingT, process int, change func(*supportgrant.Options)) {
	o := supportgrant.Options{Registry: Registry(), MFA: []supportgrant.MFA{d.factor}, Recorder: d.recorder, Rate: 1 << 20, Budget: 1 << 40,
		Wait: 2 * time.Hour, Drain: 30 * time.Second}
	if change != nil {
		change(&o)
	}
	var err error
	d.Service, err = supportgrant.New(d.process(process), d.people, o)
	require.NoError(t, err)
}

// again is d in another process.
func (d *desk) again(t require.TestingT, process int) *desk {
	other := *d
	other.open(t, process, nil)
	return &other
}

func request() supportgrant.NewRequest {
	return supportgrant.NewRequest{Staff: "sam", Ticket: "T-17", Reason: "Posts do not show up on the front page",
		Scope: supportgrant.ScopeOf(supportgrant.Posts), Life: time.Hour}
}

func (d *desk) ask(t require.TestingT, change func(*supportgrant.NewRequest)) supportgrant.Grant {
	r := request()
	if change != nil {
		change(&r)
	}
	g, err := d.Request(d.ctx, r)
	require.NoError(t, err)
	return g
}

func (d *desk) begin(t require.TestingT, g supportgrant.Grant, by supportgrant.Person) supportgrant.Pending {
	p, err := d.BeginApproval(d.ctx, g.ID, by, "test", 0)
	require.NoError(t, err)
	return p
}

// grant is one that olga, and with care otto, approved.
func (d *desk) grant(t require.TestingT, change func(*supportgrant.NewRequest)) supportgrant.Grant {
	g := d.ask(t, change)
	out, err := d.Approve(d.ctx, g.ID, "olga", supportgranttest.Answer(d.begin(t, g, "olga")))
	require.NoError(t, err)
	if g.Care {
		out, err = d.Approve(d.ctx, g.ID, "otto", supportgranttest.Answer(d.begin(t, g, "otto")))
		require.NoError(t, err)
	}
	require.True(t, out.Live())
	return out
}

type post struct {
	ID    int64
	Title *string
}

func posts(g supportgrant.Grant) supportgrant.Access {
	return supportgrant.Access{Grant: g.ID, Staff: g.Staff, Resource: "posts", Limit: supportgrant.MaxPage}
}

func (d *desk) look(g supportgrant.Grant) (rows []post, err error) {
	err = patiently(func() error {
		page, err := supportgrant.Read[post](d.ctx, d.Service, posts(g))
		rows = page.Rows
		return err
	})
	return rows, err
}

// patiently repeats a read that a busy machine made too slow. Each attempt has an entry in the log.
func patiently(read func() error) (err error) {
	for err = supportgrant.ErrTooSlow; errors.Is(err, supportgrant.ErrTooSlow); {
		err = read()
	}
	return err
}

// now is a grant as another process sees it.
func (d *desk) now(t require.TestingT, g supportgrant.Grant) supportgrant.Grant {
	out, err := d.again(t, 1).Service.Grant(d.ctx, g.ID)
	require.NoError(t, err)
	return out
}

// steps are the kinds of the log of a grant, oldest first; reads that follow each other are one.
func (d *desk) steps(t require.TestingT, g supportgrant.Grant) (kinds []supportgrant.Kind) {
	for _, e := range slices.Backward(d.log(t, supportgrant.Look{Grant: g.ID})) {
		if n := len(kinds); e.Kind != supportgrant.KindRead || n == 0 || kinds[n-1] != e.Kind {
			kinds = append(kinds, e.Kind)
		}
	}
	return kinds
}

// notices are those that are due, by kind.
func (d *desk) notices(t *testing.T) (out []supportgrant.Notice) {
	_, err := d.Deliver(d.ctx, func(_ context.Context, n supportgrant.Notice) error { out = append(out, n); return nil })
	require.NoError(t, err)
	return out
}

// recorder is an audit log that can fail.
type recorder struct {
	mu     sync.Mutex
	events []audit.Event
	fails  string // the name of an action
}

func (r *recorder) Record(_ context.Context, e audit.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fails != "" && e.Action.Name() == r.fails {
		return errOops
	}
	r.events = append(r.events, e)
	return nil
}

func (r *recorder) failAt(action string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fails = action
}

func (r *recorder) count(action string, o audit.Outcome) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.Action.Name() == action && e.Outcome == o {
			n++
		}
	}
	return n
}
