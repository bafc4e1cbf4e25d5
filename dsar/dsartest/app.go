package dsartest

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// App is an application with people. It is safe for concurrent use. The zero App has nobody and does all right.
type App struct {
	// Fault is asked before each thing that is done outside of the store ("hide", "erase", "tell ended", "seal"), and makes it fail.
	Fault func(call string) error
	// After is asked after it was done: an error loses the answer.
	After func(call string) error
	// Held is what an eraser asks before each batch: dsar.Service.Held. May be nil.
	Held func(ctx context.Context, p dsar.Person, table string) error
	// Batch is called after each batch of an erasure; may be nil.
	Batch func(ctx context.Context, rows int)
	// Reply is the outsider's; nil: it confirms.
	Reply func(t dsar.Telling) (dsar.Reply, error)
	// Refuse is what Apply refuses with; nil: it does not.
	Refuse *dsar.Refusal

	mu      sync.Mutex
	keys    map[string]cipher.AEAD // of the sealer
	rows    map[string]int         // of people, by tenant, kind and key
	hidden  map[string]bool
	jobs    map[string]*dsar.Erased
	calls   []string
	events  []audit.Event
	told    []dsar.Notice
	exports []string
	tombs   []string
}

// Map is that of the application.
var Map = &dsar.Map{
	Application: "Acme Desk", Controller: dsar.Party{Name: "Acme GmbH", Contact: "privacy@acme.test"},
	Subjects: []dsar.Subject{
		{Kind: "user", Table: "users", Identifiers: []dsar.Identifier{{Name: "email", Column: "email", Form: dsar.Email}}},
		{Kind: "reader", Identifiers: []dsar.Identifier{{Name: "email of reader", Form: dsar.Email}}},
	},
	Purposes: []dsar.Purpose{{Name: "support", Why: "to answer people who ask for help", Basis: dsar.Contract},
		{Name: "news", Why: "to send what is new", Basis: dsar.Consent}},
	Processors: []dsar.Processor{{Party: dsar.Party{Name: "Mail Inc"}, Does: "sends e-mail", Purposes: []string{"news"}, Country: "US", Transfer: "standard contractual clauses"}},
	Tables: []dsar.Table{
		{Name: "users", Key: []string{"id"}, Purpose: "support", Columns: []dsar.Column{{Name: "email text not null", Class: redact.ClassContact}}, Plain: []string{"id bigint not null"}},
		{Name: "ticket", Key: []string{"id"}, Purpose: "support", Links: []dsar.Link{{Columns: []string{"user_id"}, To: "users"}},
			Columns:   []dsar.Column{{Name: "subject text", Class: redact.ClassContent}},
			Plain:     []string{"id bigint not null", "user_id bigint not null", "closed_at timestamptz"},
			Retention: &dsar.Retention{For: dsar.Period{Years: 3}, Since: "closed_at"}},
		{Name: "reading", Key: []string{"id"}, Purpose: "news", Links: []dsar.Link{{Columns: []string{"email"}, Identifier: "email of reader"}},
			Columns: []dsar.Column{{Name: "email text not null", Class: redact.ClassContact}}, Plain: []string{"id bigint not null"}},
	},
}

// Jane is one of its users.
func Jane() dsar.Person {
	return dsar.Person{Kind: "user", Key: []string{"42"}, Known: map[string][]string{"email": {"jane.doe@example.test"}}}
}

// Needles are values that identify [Jane], in the texts that the tests write too.
func Needles() []string {
	return []string{"jane.doe", "example.test", "Jane Doe", "please-spell-me-Jayne"}
}

// Options are those of a service for the application, with a calendar in which every day counts the same.
func (a *App) Options() dsar.Options {
	key, err := tenancy.NewKey("k1", []byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		panic(err)
	}
	o := dsar.Options{
		Key: key, Sealer: sealer{a}, Recorder: recorder{a}, Law: "eu-gdpr", Calendar: deadline.Calendar{Zone: time.UTC, Weekend: []time.Weekday{}},
		Tell:     a.tell,
		Exporter: a, Outbox: a.outbox, Eraser: a, Prover: a,
		Hide:       func(ctx context.Context, p dsar.Person) error { return a.hide(ctx, p, true) },
		Show:       func(ctx context.Context, p dsar.Person) error { return a.hide(ctx, p, false) },
		Tombstones: tombstones{a}, Receipt: a.receipt, Outside: []dsar.Outside{outsider{a, "mail"}},
		Apply: map[dsar.Kind]func(context.Context, dsar.Ask) error{},
	}
	for _, k := range []dsar.Kind{dsar.Rectification, dsar.Restriction, dsar.Objection, dsar.ConsentWithdrawal, dsar.OptOutSale} {
		o.Apply[k] = a.apply
	}
	return o
}

// do does f between what may go wrong.
func (a *App) do(call string, f func() error) error {
	a.mu.Lock()
	fault, after := a.Fault, a.After
	a.mu.Unlock()
	if fault != nil {
		if err := fault(call); err != nil {
			return err
		}
	}
	a.mu.Lock()
	a.calls = append(a.calls, call)
	err := f()
	a.mu.Unlock()
	if err == nil && after != nil {
		err = after(call)
	}
	return err
}

// Change changes App's fields while it is in use.
func (a *App) Change(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
}

func who(ctx context.Context, p dsar.Person) (string, error) {
	tenant, err := tenancy.From(ctx)
	return tenant.String() + " " + p.Kind + " " + strings.Join(p.Key, ",") + fmt.Sprint(p.Known["email of reader"]), err
}

// Add gives a person so many rows more.
func (a *App) Add(ctx context.Context, p dsar.Person, rows int) {
	name, err := who(ctx, p)
	if err != nil {
		panic(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.rows == nil {
		a.rows = map[string]int{}
	}
	a.rows[name] += rows
}

// Rows returns how many rows a person has.
func (a *App) Rows(ctx context.Context, p dsar.Person) int {
	name, _ := who(ctx, p)
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.rows[name]
}

// Hidden reports whether a person is hidden.
func (a *App) Hidden(ctx context.Context, p dsar.Person) bool {
	name, _ := who(ctx, p)
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.hidden[name]
}

// Calls returns what was done outside of the store, in order.
func (a *App) Calls() []string { a.mu.Lock(); defer a.mu.Unlock(); return slices.Clone(a.calls) }

// Count returns how often that was done.
func (a *App) Count(call string) (n int) {
	for _, c := range a.Calls() {
		if c == call {
			n++
		}
	}
	return n
}

// Events returns what the audit log has.
func (a *App) Events() []audit.Event {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.events)
}

// Told returns what people were told.
func (a *App) Told() []dsar.Notice { a.mu.Lock(); defer a.mu.Unlock(); return slices.Clone(a.told) }

// Exports returns what the outbox took.
func (a *App) Exports() []string { a.mu.Lock(); defer a.mu.Unlock(); return slices.Clone(a.exports) }

// Tombstones returns the requests whose people were noted as erased.
func (a *App) Tombstones() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.tombs)
}

func (a *App) hide(ctx context.Context, p dsar.Person, hide bool) error {
	name, err := who(ctx, p)
	if err != nil {
		return err
	}
	call := map[bool]string{true: "hide", false: "show"}[hide]
	return a.do(call, func() error {
		if a.hidden == nil {
			a.hidden = map[string]bool{}
		}
		a.hidden[name] = hide
		return nil
	})
}

func (a *App) tell(_ context.Context, n dsar.Notice) error {
	return a.do("tell "+string(n.Kind), func() error { a.told = append(a.told, n); return nil })
}

type tombstones struct{ a *App }

func (s tombstones) Prepare(_ context.Context, id dsar.ID, p dsar.Person) (stone []byte, err error) {
	return []byte(id), s.a.do("prepare", func() error { return nil })
}

func (s tombstones) Place(_ context.Context, stone []byte, _ time.Time) error {
	return s.a.do("tombstone", func() error {
		if !slices.Contains(s.a.tombs, string(stone)) {
			s.a.tombs = append(s.a.tombs, string(stone))
		}
		return nil
	})
}

func (a *App) receipt(_ context.Context, c dsar.Account) (signed []byte, err error) {
	err = a.do("receipt", func() error {
		signed = fmt.Appendf(nil, "%s %v", c.Request.ID, c.Erased.Tables)
		for _, o := range c.Outside {
			signed = fmt.Appendf(signed, " %s %s", o.Name, o.State)
		}
		return nil
	})
	return signed, err
}

func (a *App) apply(_ context.Context, ask dsar.Ask) error {
	return a.do("apply "+ask.Request.Kind.String(), func() error {
		if a.Refuse != nil {
			return a.Refuse
		}
		return nil
	})
}

func (a *App) outbox(ctx context.Context, _ dsar.Request, export func(context.Context, io.Writer) error) error {
	var b strings.Builder
	if err := export(ctx, &b); err != nil {
		return err
	}
	return a.do("outbox", func() error { a.exports = append(a.exports, b.String()); return nil })
}

// Export implements [dsar.Exporter].
func (a *App) Export(ctx context.Context, p dsar.Person, w io.Writer, o dsar.ExportOptions) (out *dsar.Exported, err error) {
	name, err := who(ctx, p)
	if err != nil {
		return nil, err
	}
	err = a.do("export", func() error {
		n := a.rows[name]
		if n == 0 {
			return dsar.ErrNobody
		}
		_, err := fmt.Fprintf(w, "%s: %d rows of %v", o.Request, n, p.Known)
		out = &dsar.Exported{Rows: int64(n), Manifest: "sha256:00"}
		return err
	})
	return out, err
}

// Plan implements [dsar.Eraser].
func (a *App) Plan(ctx context.Context, p dsar.Person) (plan *dsar.Plan, err error) {
	name, err := who(ctx, p)
	if err != nil {
		return nil, err
	}
	err = a.do("plan", func() error {
		n := a.rows[name]
		if n == 0 {
			return dsar.ErrNobody
		}
		sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", name, n))
		plan = &dsar.Plan{Kind: p.Kind, Tables: []dsar.Planned{{Table: "ticket", Action: dsar.ActDelete, Rows: int64(n)}}, Hash: "sha256:" + hex.EncodeToString(sum[:])}
		return nil
	})
	return plan, err
}

// Erase implements [dsar.Eraser], a row a batch.
func (a *App) Erase(ctx context.Context, j dsar.Job) (*dsar.Erased, error) {
	name, err := who(ctx, j.Person)
	if err != nil {
		return nil, err
	}
	if err := a.do("erase", func() error { return nil }); err != nil {
		return nil, err
	}
	job := name + j.ID
	for {
		if a.Held != nil {
			if err := a.Held(ctx, j.Person, "ticket"); err != nil {
				a.mu.Lock()
				defer a.mu.Unlock()
				if e := a.jobs[job]; e != nil {
					part := *e
					part.Tables = slices.Clone(e.Tables)
					return &part, err
				}
				return nil, err
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		a.mu.Lock()
		e := a.jobs[job]
		if e == nil {
			sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", name, a.rows[name]))
			if j.Approved != "sha256:"+hex.EncodeToString(sum[:]) {
				a.mu.Unlock()
				return nil, dsar.ErrPlan
			}
			e = &dsar.Erased{Plan: j.Approved, Tables: []dsar.Planned{{Table: "ticket", Action: dsar.ActDelete}}}
			if a.jobs == nil {
				a.jobs = map[string]*dsar.Erased{}
			}
			a.jobs[job] = e
		}
		if a.rows[name] == 0 || !e.Done.IsZero() {
			e.Done = time.Unix(1, 0).UTC()
			done := *e
			done.Tables = slices.Clone(e.Tables)
			a.mu.Unlock()
			return &done, nil
		}
		a.rows[name]--
		e.Tables[0].Rows++
		n := int(e.Tables[0].Rows)
		a.mu.Unlock()
		if a.Batch != nil {
			a.Batch(ctx, n)
		}
	}
}

// Prove implements [dsar.Prover].
func (a *App) Prove(ctx context.Context, p dsar.Person) (proof *dsar.Proof, err error) {
	name, err := who(ctx, p)
	if err != nil {
		return nil, err
	}
	err = a.do("prove", func() error {
		proof = &dsar.Proof{Looked: []string{"ticket"}}
		if n := a.rows[name]; n > 0 {
			proof.Found = []dsar.Residue{{Table: "ticket", Column: "user_id", Rows: int64(n), Form: "as is"}}
		}
		return nil
	})
	return proof, err
}

type outsider struct {
	a    *App
	name string
}

func (o outsider) Name() string { return o.name }

func (o outsider) Erase(_ context.Context, t dsar.Telling) (dsar.Reply, error) {
	if err := o.a.do("outside "+o.name, func() error { return nil }); err != nil {
		return dsar.Reply{}, err
	}
	o.a.mu.Lock()
	reply := o.a.Reply
	o.a.mu.Unlock()
	if reply == nil {
		return dsar.Reply{State: dsar.Confirmed}, nil
	}
	return reply(t)
}

type recorder struct{ a *App }

func (r recorder) Record(ctx context.Context, e audit.Event) error {
	if _, err := tenancy.From(ctx); err != nil {
		return err
	}
	if r.a.Fault != nil {
		if err := r.a.Fault("record " + e.Action.Name()); err != nil {
			return err
		}
	}
	r.a.mu.Lock()
	defer r.a.mu.Unlock()
	r.a.events = append(r.a.events, e)
	return nil
}

type sealer struct{ a *App }

var errShredded = errors.New("dsartest: the key was destroyed")

// name is that of a request's key, under App.mu.
func (s sealer) key(ctx context.Context, id dsar.ID, fresh bool) (cipher.AEAD, string, error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return nil, "", err
	}
	name := tenant.String() + " " + string(id)
	if k := s.a.keys[name]; k != nil {
		return k, name, nil
	}
	if !fresh {
		return nil, name, errShredded
	}
	var key [32]byte
	_, _ = rand.Read(key[:])
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, "", err
	}
	k, err := cipher.NewGCMWithRandomNonce(block)
	if s.a.keys == nil {
		s.a.keys = map[string]cipher.AEAD{}
	}
	s.a.keys[name] = k
	return k, name, err
}

func (s sealer) Seal(ctx context.Context, id dsar.ID, plain []byte) (out []byte, err error) {
	err = s.a.do("seal", func() error {
		k, name, err := s.key(ctx, id, true)
		if err == nil {
			out = k.Seal(nil, nil, plain, []byte(name))
		}
		return err
	})
	return out, err
}

func (s sealer) Open(ctx context.Context, id dsar.ID, sealed []byte) (out []byte, err error) {
	err = s.a.do("open", func() error {
		k, name, err := s.key(ctx, id, false)
		if err == nil {
			out, err = k.Open(nil, nil, sealed, []byte(name))
		}
		return err
	})
	return out, err
}

func (s sealer) Shred(ctx context.Context, id dsar.ID) error {
	return s.a.do("shred", func() error {
		_, name, err := s.key(ctx, id, false)
		if errors.Is(err, errShredded) {
			return nil
		}
		delete(s.a.keys, name)
		return err
	})
}
