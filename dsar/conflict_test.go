package dsar_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsartest"
	"github.com/stretchr/testify/require"
)

func TestASecondRequestJoinsTheFirst(t *testing.T) {
	t.Parallel()
	d := newOffice(t, func(o *dsar.Options) { o.Outbox = nil })
	early := d.receive(t, dsar.Access, nil)
	d.pass(24 * time.Hour)
	first := d.verified(t, dsar.Access, nil)
	require.Equal(t, first.Received, first.Since)
	d.pass(24 * time.Hour)
	r, err := d.Verified(d.ctx, early.ID, shown(early.ID))
	require.NoError(t, err)
	require.Equal(t, dsar.Joined, r.Outcome)
	require.Equal(t, first.ID, r.Into)
	now := d.now(t, first.ID)
	require.Equal(t, early.Received, now.Since, "the clock of the earlier one counts")
	require.Equal(t, early.Clock.Due, now.Clock.Due)
	late := d.verified(t, dsar.Access, nil)
	require.Equal(t, first.ID, late.Into)
	require.Equal(t, early.Received, d.now(t, first.ID).Since)
	for _, id := range []dsar.ID{early.ID, late.ID} {
		require.Equal(t, dsar.Joined, d.settle(t, id).Outcome)
		_, err = d.Export(d.ctx, id, &bytes.Buffer{})
		require.ErrorIs(t, err, dsar.ErrState)
	}
	require.Equal(t, dsar.Verified, d.verified(t, dsar.Portability, nil).State, "another kind is another request")
	var out bytes.Buffer
	_, err = d.Export(d.ctx, first.ID, &out)
	require.NoError(t, err)
	require.Equal(t, dsar.Done, d.settle(t, first.ID).Outcome)
	require.Equal(t, dsar.Verified, d.verified(t, dsar.Access, nil).State, "after the first is done it is a new one")

	again := dsar.Intake{ID: "letter-17", Kind: dsar.Objection, Person: dsartest.Jane()}
	a, err := d.Open(d.ctx, again)
	require.NoError(t, err)
	b, err := d.Open(d.ctx, again)
	require.NoError(t, err)
	require.Equal(t, a, b)
	again.Kind = dsar.Restriction
	_, err = d.Open(d.ctx, again)
	require.ErrorIs(t, err, dsar.ErrExists)
}

func TestAnErasureWaitsForAnExport(t *testing.T) {
	t.Parallel()
	for _, first := range []dsar.Kind{dsar.Access, dsar.Erasure} {
		d := newOffice(t, func(o *dsar.Options) { o.Outbox = nil })
		var export dsar.Request
		if first == dsar.Access {
			export = d.verified(t, dsar.Access, nil)
		}
		erasure := d.approved(t)
		if first == dsar.Erasure {
			export = d.verified(t, dsar.Access, nil)
		}
		unverified := d.receive(t, dsar.Portability, nil) // anybody can ask, and nobody waits for them
		for range 30 {
			d.pass(24 * time.Hour)
			d.step(t)
		}
		require.Equal(t, dsar.Approved, d.now(t, erasure.ID).State)
		require.Zero(t, d.app.Count("outside mail"))
		var out bytes.Buffer
		_, err := d.Export(d.ctx, export.ID, &out)
		require.NoError(t, err)
		require.Contains(t, out.String(), "10 rows")
		require.Equal(t, dsar.Done, d.settle(t, erasure.ID).Outcome)
		require.Equal(t, dsar.Open, d.now(t, unverified.ID).State)
	}
}

func TestAnExportAfterAnErasureIsRefused(t *testing.T) {
	t.Parallel()
	d := newOffice(t, nil)
	d.app.Change(func() { d.app.Reply = func(dsar.Telling) (dsar.Reply, error) { return dsar.Reply{}, nil } })
	erasure := d.approved(t)
	waiting := d.receive(t, dsar.Access, nil)
	d.pass(4 * 24 * time.Hour)
	d.step(t)
	require.Equal(t, dsar.Working, d.now(t, erasure.ID).State)
	r, err := d.Verified(d.ctx, waiting.ID, shown(waiting.ID))
	require.NoError(t, err)
	require.Equal(t, dsar.Refused, r.Outcome)
	require.Equal(t, dsar.AlreadyErased, r.Ground)
	require.Equal(t, dsar.Refused, d.settle(t, waiting.ID).Outcome)
	require.Equal(t, dsar.Done, d.settle(t, erasure.ID).Outcome)
	later := d.verified(t, dsar.Access, nil)
	require.Equal(t, dsar.Nobody, d.settle(t, later.ID).Outcome)
	again := d.verified(t, dsar.Erasure, nil)
	_, err = d.Plan(d.ctx, again.ID)
	require.ErrorIs(t, err, dsar.ErrNobody)
	require.Equal(t, dsar.Nobody, d.settle(t, again.ID).Outcome)
	require.Empty(t, d.app.Exports())
	require.Len(t, d.app.Tombstones(), 1)
}
