package dsar_test

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsartest"
	"github.com/stretchr/testify/require"
)

func TestSomebodyFindsTheirOwnRequests(t *testing.T) {
	t.Parallel()
	d := newOffice(t, nil)
	mine := d.verified(t, dsar.Access, nil)
	other := dsar.Person{Kind: "user", Key: []string{"43"}}
	d.receive(t, dsar.Access, func(in *dsar.Intake) { in.Person = other })

	ref, err := d.Ref(d.ctx, dsartest.Jane())
	require.NoError(t, err)
	found, err := d.Requests(d.ctx, dsar.Find{Ref: ref})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, mine.ID, found[0].ID)
	_, err = d.Ref(d.ctx, dsar.Person{Kind: "user"})
	require.ErrorIs(t, err, dsar.ErrInvalid)
}
