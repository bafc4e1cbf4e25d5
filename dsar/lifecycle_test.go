package dsar_test

import (
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsartest"
	"github.com/stretchr/testify/require"
)

func TestEveryKindOfRequestEnds(t *testing.T) {
	t.Parallel()
	for _, k := range dsar.Kinds() {
		t.Run(k.String(), func(t *testing.T) {
			t.Parallel()
			d := newOffice(t, nil)
			r := d.verified(t, k, nil)
			if k == dsar.Erasure {
				plan, err := d.Plan(d.ctx, r.ID)
				require.NoError(t, err)
				_, err = d.Approve(d.ctx, r.ID, plan.Hash, officer)
				require.NoError(t, err)
				require.True(t, d.app.Hidden(d.ctx, dsartest.Jane()), "hidden at once")
				require.Equal(t, 10, d.app.Rows(d.ctx, dsartest.Jane()))
			}
			end := d.settle(t, r.ID)
			require.Equal(t, dsar.Done, end.Outcome)
			told := d.app.Told()
			last := told[len(told)-1]
			require.Equal(t, dsar.NoticeEnded, last.Kind)
			require.Equal(t, dsar.Done, last.Request.Outcome)
			switch k {
			case dsar.Access, dsar.Portability:
				require.Len(t, d.app.Exports(), 1)
				require.NotNil(t, last.Information)
			case dsar.KnowCategories:
				require.NotNil(t, last.Information)
				require.Empty(t, d.app.Exports())
			case dsar.Erasure:
				require.Zero(t, d.app.Rows(d.ctx, dsartest.Jane()))
				require.Len(t, d.app.Tombstones(), 1)
				require.Contains(t, string(last.Receipt), "ticket delete 10")
				signed, err := d.Receipt(d.ctx, r.ID)
				require.NoError(t, err)
				require.Equal(t, last.Receipt, signed)
				require.Equal(t, 1, d.app.Count("outside mail"))
			default:
				require.Equal(t, 1, d.app.Count("apply "+k.String()))
			}
		})
	}
}

func TestAnErasureCanBeTakenBackForAWhile(t *testing.T) {
	t.Parallel()
	d := newOffice(t, nil)
	r := d.approved(t)
	require.Equal(t, d.at.Add(3*24*time.Hour), r.Until)
	d.pass(2 * 24 * time.Hour)
	d.step(t)
	_, err := d.Withdraw(d.ctx, r.ID, officer)
	require.NoError(t, err)
	end := d.settle(t, r.ID)
	require.Equal(t, dsar.Withdrawn, end.Outcome)
	require.False(t, d.app.Hidden(d.ctx, dsartest.Jane()))
	require.Equal(t, 10, d.app.Rows(d.ctx, dsartest.Jane()))
	require.Zero(t, d.app.Count("outside mail"))

	r = d.approved(t)
	d.pass(3 * 24 * time.Hour)
	d.app.Change(func() { d.app.Reply = func(dsar.Telling) (dsar.Reply, error) { return dsar.Reply{}, nil } })
	d.step(t)
	require.Equal(t, dsar.Working, d.now(t, r.ID).State)
	_, err = d.Withdraw(d.ctx, r.ID, officer)
	require.ErrorIs(t, err, dsar.ErrTooLate)
}
