package dsar_test

import (
	"context"
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/stretchr/testify/require"
)

// collector is a prover that takes something from a person's rows while they are there.
type collector struct {
	dsar.Prover
	d     *office
	there int
	taken string
}

func (c *collector) Collect(ctx context.Context, p dsar.Person) ([]byte, error) {
	c.there = c.d.app.Rows(ctx, p)
	return []byte("please-spell-me-Jayne"), nil
}

func (c *collector) ProveTaken(ctx context.Context, p dsar.Person, taken []byte) (*dsar.Proof, error) {
	c.taken = string(taken)
	return c.Prove(ctx, p)
}

func TestWhatIsTakenBeforeAnErasureIsLookedForAfterItAndKeptNoLonger(t *testing.T) {
	t.Parallel()
	c := &collector{}
	c.d = newOffice(t, func(o *dsar.Options) { c.Prover = o.Prover; o.Prover = c })
	r := c.d.approved(t)
	end := c.d.settle(t, r.ID)
	require.Equal(t, dsar.Done, end.Outcome)
	require.Equal(t, 10, c.there)
	require.Equal(t, "please-spell-me-Jayne", c.taken)
	row, err := c.d.store.Request(c.d.ctx, r.ID)
	require.NoError(t, err)
	require.Empty(t, row.Sealed)
	require.NotContains(t, c.d.rows(t), c.taken)
}
