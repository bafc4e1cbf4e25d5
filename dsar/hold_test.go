package dsar_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsartest"
	"github.com/stretchr/testify/require"
)

func TestAHoldWinsAtTheNextBatch(t *testing.T) {
	t.Parallel()
	d := newOffice(t, nil)
	d.app.Batch = func(ctx context.Context, rows int) {
		if rows == 3 {
			_, err := d.Hold(ctx, dsar.Hold{ID: "case-17", Person: dsartest.Jane(), Basis: "GDPR Art. 17(3)(e), case 17/2026", By: officer})
			require.NoError(t, err)
		}
	}
	r := d.approved(t)
	for range 24 * 14 {
		d.step(t)
		d.pass(time.Hour)
	}
	require.Equal(t, 7, d.app.Rows(d.ctx, dsartest.Jane()))
	require.Equal(t, dsar.Working, d.now(t, r.ID).State)
	events, steps, err := d.History(d.ctx, r.ID)
	require.NoError(t, err)
	partial := steps[slices.IndexFunc(steps, func(s dsar.StepRow) bool { return s.Name == "erase" })]
	require.True(t, partial.Done.IsZero())
	require.Equal(t, "held", partial.Why)
	var done dsar.Erased
	require.NoError(t, json.Unmarshal(partial.Result, &done))
	require.EqualValues(t, 3, done.Tables[0].Rows, "how far it came is reported")
	held := 0
	for _, e := range events {
		if e.Kind == "dsar.step failure" {
			held++
		}
	}
	require.Equal(t, 1, held, "it is told once")
	require.ErrorIs(t, d.Held(d.ctx, dsartest.Jane(), "ticket"), dsar.ErrHeld)

	_, err = d.Release(d.ctx, "case-17", "settled", officer)
	require.NoError(t, err)
	require.NoError(t, d.Held(d.ctx, dsartest.Jane(), "ticket"))
	d.step(t)
	require.Equal(t, dsar.Done, d.settle(t, r.ID).Outcome)
	signed, err := d.Receipt(d.ctx, r.ID)
	require.NoError(t, err)
	require.Contains(t, string(signed), "ticket delete 10")
}

func TestAHoldIsOnWhatItSays(t *testing.T) {
	t.Parallel()
	joe := dsar.Person{Kind: "user", Key: []string{"43"}, Known: map[string][]string{"email": {"joe@example.test"}}}
	reader := func(addresses ...string) dsar.Person {
		return dsar.Person{Kind: "reader", Known: map[string][]string{"email of reader": addresses}}
	}
	for what, c := range map[string]struct {
		hold dsar.Hold
		on   []dsar.Person // with a table "ticket"
		off  []dsar.Person
	}{
		"a person":          {dsar.Hold{Person: dsartest.Jane()}, []dsar.Person{dsartest.Jane()}, []dsar.Person{joe, reader("a@example.test")}},
		"a table":           {dsar.Hold{Table: "ticket"}, []dsar.Person{dsartest.Jane(), joe, {}}, nil},
		"another table":     {dsar.Hold{Table: "reading"}, nil, []dsar.Person{dsartest.Jane(), joe, {}}},
		"a person's rows":   {dsar.Hold{Person: dsartest.Jane(), Table: "ticket"}, []dsar.Person{dsartest.Jane()}, []dsar.Person{joe, {}}},
		"the whole tenant":  {dsar.Hold{}, []dsar.Person{dsartest.Jane(), joe, reader("a@example.test"), {}}, nil},
		"somebody's e-mail": {dsar.Hold{Person: reader("A+news@example.test ")}, []dsar.Person{reader("a@example.test"), reader("0@example.test", "a@EXAMPLE.test")}, []dsar.Person{reader("b@example.test"), joe}},
		"what has ended":    {dsar.Hold{Until: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}, nil, []dsar.Person{dsartest.Jane(), {}}},
	} {
		d := newOffice(t, nil)
		c.hold.Basis = "case 17"
		_, err := d.Hold(d.ctx, c.hold)
		require.NoError(t, err, what)
		for _, p := range c.on {
			require.ErrorIs(t, d.Held(d.ctx, p, "ticket"), dsar.ErrHeld, what)
		}
		for _, p := range c.off {
			require.NoError(t, d.Held(d.ctx, p, "ticket"), what)
		}
	}
	d := newOffice(t, nil)
	_, err := d.Hold(d.ctx, dsar.Hold{Person: reader("a@example.test", "b@example.test"), Basis: "x"})
	require.ErrorIs(t, err, dsar.ErrInvalid, "one value could be missed")
	_, err = d.Hold(d.ctx, dsar.Hold{Table: "nowhere", Basis: "x"})
	require.ErrorIs(t, err, dsar.ErrInvalid)
	_, err = d.Hold(d.ctx, dsar.Hold{})
	require.ErrorIs(t, err, dsar.ErrInvalid)
}

func TestWhoIsHeldIsNotErasedAnywhere(t *testing.T) {
	t.Parallel()
	d := newOffice(t, nil)
	_, err := d.Hold(d.ctx, dsar.Hold{ID: "h", Basis: "case 17", By: officer})
	require.NoError(t, err)
	again, err := d.Hold(d.ctx, dsar.Hold{ID: "h", Basis: "case 17", By: officer})
	require.NoError(t, err)
	require.False(t, again.Placed.IsZero())
	r := d.approved(t)
	for range 24 * 10 {
		d.step(t)
		d.pass(time.Hour)
	}
	require.Equal(t, dsar.Approved, d.now(t, r.ID).State)
	require.Zero(t, d.app.Count("outside mail"))
	require.True(t, d.app.Hidden(d.ctx, dsartest.Jane()))
	_, err = d.Release(d.ctx, "h", "settled", officer)
	require.NoError(t, err)
	require.Equal(t, dsar.Done, d.settle(t, r.ID).Outcome)
}

func TestOutsidersAreToldNothingMoreOfWhoIsHeld(t *testing.T) {
	t.Parallel()
	d := newOffice(t, nil)
	d.app.Change(func() { d.app.Reply = func(dsar.Telling) (dsar.Reply, error) { return dsar.Reply{}, nil } })
	r := d.approved(t)
	d.pass(3 * 24 * time.Hour)
	d.step(t)
	require.Equal(t, 1, d.app.Count("outside mail"))
	_, err := d.Hold(d.ctx, dsar.Hold{ID: "h", Person: dsartest.Jane(), Basis: "case 17"})
	require.NoError(t, err)
	for range 10 {
		d.pass(24 * time.Hour)
		d.step(t)
	}
	require.Equal(t, 1, d.app.Count("outside mail"))
	require.Equal(t, 10, d.app.Rows(d.ctx, dsartest.Jane()))
	_, err = d.Release(d.ctx, "h", "settled", officer)
	require.NoError(t, err)
	d.step(t)
	require.Equal(t, 2, d.app.Count("outside mail"))
	require.Equal(t, dsar.Done, d.settle(t, r.ID).Outcome)
}
