package dsar_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsartest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

func TestAServiceThatLacksSomethingDoesNotStart(t *testing.T) {
	t.Parallel()
	a := &dsartest.App{}
	for what, change := range map[string]func(*dsar.Options){
		"Key": func(o *dsar.Options) { o.Key = tenancy.Key{} }, "Sealer": func(o *dsar.Options) { o.Sealer = nil },
		"Recorder": func(o *dsar.Options) { o.Recorder = nil }, "Tell": func(o *dsar.Options) { o.Tell = nil },
		"zone": func(o *dsar.Options) { o.Calendar.Zone = nil }, "law": func(o *dsar.Options) { o.Law = "" },
		"such law": func(o *dsar.Options) { o.Law = "atlantis" }, "Exporter": func(o *dsar.Options) { o.Exporter = nil },
		"Eraser": func(o *dsar.Options) { o.Eraser = nil }, "Prover": func(o *dsar.Options) { o.Prover = nil }, "Hide": func(o *dsar.Options) { o.Hide = nil },
		"Show": func(o *dsar.Options) { o.Show = nil }, "Tombstones": func(o *dsar.Options) { o.Tombstones = nil }, "Receipt": func(o *dsar.Options) { o.Receipt = nil },
		"Apply": func(o *dsar.Options) { delete(o.Apply, dsar.Objection) }, "twice": func(o *dsar.Options) { o.Outside = append(o.Outside, o.Outside[0]) },
		"none is offered": func(o *dsar.Options) { o.Kinds = []dsar.Kind{77} }, "shorter than a second": func(o *dsar.Options) { o.Lease = 1 },
	} {
		o := a.Options()
		change(&o)
		_, err := dsar.New(dsar.NewMemory(nil), dsartest.Map, o)
		require.ErrorContains(t, err, what)
	}
	o := a.Options()
	o.Kinds, o.Eraser, o.Prover, o.Hide, o.Show, o.Tombstones, o.Receipt, o.Apply = []dsar.Kind{dsar.Access}, nil, nil, nil, nil, nil, nil, nil
	s, err := dsar.New(dsar.NewMemory(nil), dsartest.Map, o)
	require.NoError(t, err)
	ctx := tenancy.With(context.Background(), tenancy.NewID())
	_, err = s.Open(ctx, dsar.Intake{Kind: dsar.Erasure, Person: dsartest.Jane()})
	require.ErrorIs(t, err, dsar.ErrInvalid, "it is not offered")
	_, err = dsar.New(nil, dsartest.Map, a.Options())
	require.Error(t, err)
	_, err = dsar.New(dsar.NewMemory(nil), nil, a.Options())
	require.Error(t, err)
	open := *dsartest.Map
	open.Tables = append([]dsar.Table(nil), open.Tables...)
	open.Tables[1].Decide = "who owns it?"
	_, err = dsar.New(dsar.NewMemory(nil), &open, a.Options())
	require.ErrorIs(t, err, dsar.ErrUndecided)
	bare := a.Options()
	bare.Sealer = clear{}
	s, err = dsar.New(dsar.NewMemory(nil), dsartest.Map, bare)
	require.NoError(t, err)
	_, err = s.Open(ctx, dsar.Intake{Kind: dsar.Access, Person: dsartest.Jane()})
	require.ErrorContains(t, err, "does not seal")
	_, err = s.Open(context.Background(), dsar.Intake{Kind: dsar.Access, Person: dsartest.Jane()})
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
}

// clear is a sealer that does not.
type clear struct{}

func (clear) Seal(_ context.Context, _ dsar.ID, plain []byte) ([]byte, error)  { return plain, nil }
func (clear) Open(_ context.Context, _ dsar.ID, sealed []byte) ([]byte, error) { return sealed, nil }
func (clear) Shred(context.Context, dsar.ID) error                             { return nil }

func TestABadIntakeIsRefusedAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	d := newOffice(t, nil)
	for what, change := range map[string]func(*dsar.Intake){
		"id":       func(in *dsar.Intake) { in.ID = "jane.doe@example.test" },
		"kind":     func(in *dsar.Intake) { in.Kind = 0 },
		"person":   func(in *dsar.Intake) { in.Person = dsar.Person{Kind: "user"} },
		"purposes": func(in *dsar.Intake) { in.Purposes = []string{"Jane Doe"} },
		"text":     func(in *dsar.Intake) { in.Text = "Jane Doe" + strings.Repeat("x", 64<<10) },
		"changes":  func(in *dsar.Intake) { in.Changes = map[string]string{"Jane Doe": "\xff"} },
		"law":      func(in *dsar.Intake) { in.Law = "Jane Doe" },
	} {
		in := dsar.Intake{Kind: dsar.Objection, Person: dsartest.Jane(), Text: "x"}
		change(&in)
		_, err := d.Open(d.ctx, in)
		require.ErrorIs(t, err, dsar.ErrInvalid, what)
		require.ErrorContains(t, err, "invalid "+what)
		clean(t, what, err.Error())
	}
	_, err := d.Open(d.ctx, dsar.Intake{Kind: dsar.Rectification, Person: dsartest.Jane()})
	require.ErrorIs(t, err, dsar.ErrInvalid, "nothing says what is to be corrected")
	all, err := d.Requests(d.ctx, dsar.Find{})
	require.NoError(t, err)
	require.Empty(t, all)
}

func TestARefusalHasAGroundAndIsTold(t *testing.T) {
	t.Parallel()
	d := newOffice(t, nil)
	r := d.approved(t)
	_, err := d.Refuse(d.ctx, r.ID, dsar.Refusal{Ground: dsar.Obligation}, officer)
	require.ErrorIs(t, err, dsar.ErrInvalid, "the person is told why")
	_, err = d.Refuse(d.ctx, r.ID, dsar.Refusal{Ground: "because", Text: "x"}, officer)
	require.ErrorIs(t, err, dsar.ErrInvalid)
	why := dsar.Refusal{Ground: dsar.Obligation, Text: "We must keep your invoices: Art. 17(3)(b). You may complain to the authority."}
	r, err = d.Refuse(d.ctx, r.ID, why, officer)
	require.NoError(t, err)
	require.Equal(t, dsar.Ending, r.State)
	_, err = d.Refuse(d.ctx, r.ID, why, officer)
	require.NoError(t, err)
	end := d.settle(t, r.ID)
	require.Equal(t, dsar.Refused, end.Outcome)
	require.Equal(t, dsar.Obligation, end.Ground)
	require.False(t, d.app.Hidden(d.ctx, dsartest.Jane()), "who was hidden is shown again")
	told := d.app.Told()
	require.Equal(t, why.Text, told[len(told)-1].Text)
	require.Equal(t, dsar.Obligation, told[len(told)-1].Request.Ground)

	done := d.settle(t, d.verified(t, dsar.Access, nil).ID)
	_, err = d.Refuse(d.ctx, done.ID, why, officer)
	require.ErrorIs(t, err, dsar.ErrState)
	require.EqualError(t, err, "dsar: the request is not where that can be done: access, closed")
}

func TestWhatIsRestrictedIsKnownUntilItIsLifted(t *testing.T) {
	t.Parallel()
	d := newOffice(t, nil)
	restricted := func() (out []string) {
		all, err := d.Restricted(d.ctx, dsartest.Jane())
		require.NoError(t, err)
		for _, r := range all {
			out = append(out, r.Kind.String()+" "+r.Purpose)
		}
		return out
	}
	r := d.verified(t, dsar.Objection, func(in *dsar.Intake) { in.Purposes = []string{"news", "news"} })
	require.Empty(t, restricted())
	d.app.Change(func() {
		d.app.Fault = func(call string) error { return map[string]error{"apply objection": errOops}[call] }
	})
	_, err := d.Step(d.ctx)
	require.ErrorIs(t, err, errOops)
	require.Equal(t, []string{"objection news"}, restricted(), "before the application has done anything")
	d.app.Change(func() { d.app.Fault = nil })
	require.Equal(t, dsar.Done, d.settle(t, r.ID).Outcome)
	d.settle(t, d.verified(t, dsar.OptOutSale, nil).ID)
	d.settle(t, d.verified(t, dsar.Rectification, nil).ID)
	require.Equal(t, []string{"objection news", "opt-out of sale "}, restricted())
	require.ErrorIs(t, d.Lift(d.ctx, dsartest.Jane(), dsar.Restriction, "", officer), dsar.ErrNotFound)
	require.NoError(t, d.Lift(d.ctx, dsartest.Jane(), dsar.Objection, "news", officer))
	require.Equal(t, []string{"opt-out of sale "}, restricted())

	d.app.Change(func() { d.app.Refuse = &dsar.Refusal{Ground: dsar.Claims, Text: "We need it in court."} })
	r = d.verified(t, dsar.Restriction, nil)
	end := d.settle(t, r.ID)
	require.Equal(t, dsar.Refused, end.Outcome)
	require.Equal(t, dsar.Claims, end.Ground)
	require.Equal(t, []string{"opt-out of sale "}, restricted(), "what was refused restricts nothing")
	d.app.Change(func() { d.app.Refuse = nil })
	d.pass(5 * 365 * 24 * time.Hour)
	n, err := d.Sweep(d.ctx)
	require.NoError(t, err)
	require.Equal(t, 4, n)
	require.Equal(t, []string{"opt-out of sale "}, restricted(), "it outlives its request")
}

func TestClosedRequestsGoWhenTheirTimeIsOver(t *testing.T) {
	t.Parallel()
	d := newOffice(t, func(o *dsar.Options) { o.Keep = dsar.Period{Months: 6} })
	old := d.settle(t, d.verified(t, dsar.Access, nil).ID)
	open := d.receive(t, dsar.Access, nil)
	d.pass(170 * 24 * time.Hour)
	fresh := d.settle(t, d.verified(t, dsar.Portability, nil).ID)
	n, err := d.Sweep(d.ctx)
	require.NoError(t, err)
	require.Zero(t, n)
	d.pass(20 * 24 * time.Hour)
	n, err = d.Sweep(d.ctx)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, err = d.Request(d.ctx, old.ID)
	require.ErrorIs(t, err, dsar.ErrNotFound)
	_, _, err = d.History(d.ctx, old.ID)
	require.ErrorIs(t, err, dsar.ErrNotFound)
	require.Equal(t, dsar.Open, d.now(t, open.ID).State, "an open one never goes")
	require.Equal(t, dsar.Closed, d.now(t, fresh.ID).State)
}

func TestATenantHasPeriodsOfItsOwn(t *testing.T) {
	t.Parallel()
	d := newOffice(t, nil)
	require.NoError(t, d.SetRetention(d.ctx, "ticket", dsar.Period{Years: 1}, officer))
	all, err := d.Retentions(d.ctx)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, dsar.Period{Years: 1}, all[0].For)
	require.NotContains(t, all[0].By, officer.ID, "staff are people too")
	require.ErrorIs(t, d.SetRetention(d.ctx, "users", dsar.Period{Years: 1}, officer), dsar.ErrInvalid)
	require.ErrorIs(t, d.SetRetention(d.ctx, "ticket", dsar.Period{Years: -1}, officer), dsar.ErrInvalid)
	require.NoError(t, d.SetRetention(d.ctx, "ticket", dsar.Period{}, officer))
	all, err = d.Retentions(d.ctx)
	require.NoError(t, err)
	require.Empty(t, all)
}

func TestAPersonIsTheSameUnderEachSpelling(t *testing.T) {
	t.Parallel()
	d := newOffice(t, nil)
	open := func(p dsar.Person) dsar.Ref {
		r, err := d.Open(d.ctx, dsar.Intake{Kind: dsar.Access, Person: p, By: audit.Party{}})
		require.NoError(t, err)
		return r.Ref
	}
	reader := func(v string) dsar.Person {
		return dsar.Person{Kind: "reader", Known: map[string][]string{"email of reader": {v}}}
	}
	require.Equal(t, open(reader("jane@example.test")), open(reader(" Jane+news@EXAMPLE.test")))
	require.NotEqual(t, open(reader("jane@example.test")), open(reader("joan@example.test")))
	changed := dsartest.Jane()
	changed.Known = map[string][]string{"email": {"new@example.test"}}
	require.Equal(t, open(dsartest.Jane()), open(changed), "their key does not change")
	mine := open(dsartest.Jane())
	d.ctx = tenancy.With(context.Background(), tenancy.NewID())
	require.NotEqual(t, mine, open(dsartest.Jane()), "nobody can be followed from tenant to tenant")

	resolving := newOffice(t, func(o *dsar.Options) {
		o.Resolve = func(_ context.Context, p dsar.Person) (dsar.Person, error) {
			if len(p.Key) == 0 && len(p.Known["email"]) == 1 && p.Known["email"][0] == "jane.doe@example.test" {
				return dsartest.Jane(), nil
			}
			return p, dsar.ErrNobody
		}
	})
	byMail, err := resolving.Open(resolving.ctx, dsar.Intake{Kind: dsar.Access, Person: dsar.Person{Kind: "user", Known: dsartest.Jane().Known}})
	require.NoError(t, err)
	require.Equal(t, resolving.receive(t, dsar.Access, nil).Ref, byMail.Ref)
	_, err = resolving.Open(resolving.ctx, dsar.Intake{Kind: dsar.Access, Person: dsar.Person{Kind: "user", Known: map[string][]string{"email": {"who@example.test"}}}})
	require.NoError(t, err, "who is not there can ask all the same")
}

func TestTheInformationIsOfThePersonsKind(t *testing.T) {
	t.Parallel()
	c, err := dsartest.Map.Compile()
	require.NoError(t, err)
	user, reader := c.Information("user"), c.Information("reader")
	require.Len(t, user.Activities, 1)
	require.Equal(t, "support", user.Activities[0].Purpose.Name)
	require.Empty(t, user.Processors)
	require.Equal(t, "news", reader.Activities[0].Purpose.Name)
	require.Equal(t, "Mail Inc", reader.Processors[0].Name)
	var b strings.Builder
	require.NoError(t, reader.WriteText(&b))
	for _, want := range []string{"Acme GmbH", "privacy@acme.test", "to send what is new", "consent", "contact", "Mail Inc, US: standard contractual clauses", "complain"} {
		require.Contains(t, b.String(), want)
	}
	require.NotContains(t, b.String(), "support")
}
