package dsar_test

import (
	"bytes"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
	"github.com/bailiwick-dev/bailiwick/dsar/dsartest"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/stretchr/testify/require"
)

func TestNothingLeavesBeforeItIsKnownWhoAsks(t *testing.T) {
	t.Parallel()
	for _, outbox := range []bool{true, false} {
		d := newOffice(t, func(o *dsar.Options) {
			if !outbox {
				o.Outbox = nil
			}
		})
		for _, k := range dsar.Kinds() {
			r := d.receive(t, k, nil)
			for range 5 {
				d.step(t)
				d.pass(24 * time.Hour)
			}
			var out bytes.Buffer
			_, err := d.Export(d.ctx, r.ID, &out)
			require.Error(t, err, k)
			if k == dsar.Access || k == dsar.Portability {
				require.ErrorIs(t, err, dsar.ErrUnverified)
			}
			require.Empty(t, out.String())
			_, err = d.Plan(d.ctx, r.ID)
			require.Error(t, err)
			_, err = d.Approve(d.ctx, r.ID, "sha256:00", officer)
			require.Error(t, err)
			require.Equal(t, dsar.Open, d.now(t, r.ID).State)
		}
		for _, call := range d.app.Calls() {
			require.Contains(t, []string{"seal", "open", "tell received"}, call)
		}
		for _, n := range d.app.Told() {
			require.Nil(t, n.Information)
			require.True(t, n.Request.Verified.IsZero())
		}
	}
}

func TestWhoAsksForSomebodyElseGetsNothing(t *testing.T) {
	t.Parallel()
	d := newOffice(t, nil)
	mallory := dsar.Person{Kind: "user", Key: []string{"666"}, Known: dsartest.Jane().Known} // who put Jane's address into their profile
	d.app.Add(d.ctx, mallory, 3)
	r, own := d.receive(t, dsar.Access, nil), d.receive(t, dsar.Access, func(in *dsar.Intake) { in.Person = mallory })
	other := d.receive(t, dsar.Portability, nil)
	foreign, err := d.Token(d.ctx, own.ID)
	require.NoError(t, err)
	another, err := d.Token(d.ctx, other.ID)
	require.NoError(t, err)
	old, err := d.Token(d.ctx, r.ID)
	require.NoError(t, err)
	d.pass(3 * 24 * time.Hour)
	fresh, err := d.Token(d.ctx, r.ID)
	require.NoError(t, err)
	forged := []byte(fresh.Reveal())
	forged[2] ^= 1 // of the time until which it is good
	denied := 0
	for what, e := range map[string]dsar.Evidence{
		"a session of somebody else":          {Request: r.ID, Method: "session", Person: mallory},
		"a session for another request":       {Request: own.ID, Method: "session", Person: dsartest.Jane()},
		"a session of nobody":                 {Request: r.ID, Method: "session", Person: dsar.Person{Kind: "user"}},
		"a session of another kind of people": {Request: r.ID, Method: "session", Person: dsar.Person{Kind: "robot", Key: []string{"42"}}},
		"somebody else's token":               {Request: r.ID, Method: "e-mail", Token: foreign},
		"the token of another request":        {Request: r.ID, Method: "e-mail", Token: another},
		"a token of long ago":                 {Request: r.ID, Method: "e-mail", Token: old},
		"a token with another time":           {Request: r.ID, Method: "e-mail", Token: redact.NewSecret(string(forged))},
		"no token":                            {Request: r.ID, Method: "e-mail", Token: redact.NewSecret("?")},
	} {
		_, err := d.Verified(d.ctx, r.ID, e)
		require.ErrorIs(t, err, dsar.ErrIdentity, what)
		denied++
	}
	d.step(t)
	require.Equal(t, dsar.Open, d.now(t, r.ID).State)
	require.Empty(t, d.app.Exports())
	recorded := 0
	for _, e := range d.app.Events() {
		if e.Action.Name() == "dsar.verified" && e.Outcome == audit.Denied {
			recorded++
		}
	}
	require.Equal(t, denied, recorded)
	_, err = d.Verified(d.ctx, r.ID, dsar.Evidence{Request: r.ID, Method: "e-mail", Token: fresh})
	require.NoError(t, err)
	require.Equal(t, dsar.Done, d.settle(t, r.ID).Outcome)
	require.Len(t, d.app.Exports(), 1)
	_, err = d.Refuse(d.ctx, own.ID, dsar.Refusal{Ground: dsar.Impersonation, Text: "That was not you."}, officer)
	require.NoError(t, err)
	require.Equal(t, dsar.Refused, d.settle(t, own.ID).Outcome)
	require.Len(t, d.app.Exports(), 1)
}

func TestNoMoreIsAskedForThanIsNeeded(t *testing.T) {
	t.Parallel()
	d := newOffice(t, nil)
	r := d.receive(t, dsar.Access, nil)
	_, err := d.Ask(d.ctx, r.ID, deadline.Identity, officer)
	require.NoError(t, err)
	_, err = d.Verified(d.ctx, r.ID, shown(r.ID))
	require.NoError(t, err)
	require.False(t, d.now(t, r.ID).Pauses[0].Done.IsZero(), "who showed who they are has answered")
	_, err = d.Ask(d.ctx, r.ID, deadline.Identity, officer)
	require.ErrorIs(t, err, dsar.ErrState)
	// Evidence has nowhere to put a copy of a document, and all that is kept of it is how.
	var fields []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[dsar.Evidence]()) {
		fields = append(fields, f.Name)
	}
	slices.Sort(fields)
	require.Equal(t, []string{"By", "Method", "Person", "Request", "Token"}, fields)
	require.Equal(t, "session", d.now(t, r.ID).Method)
}
