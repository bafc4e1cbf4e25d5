package main

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/stretchr/testify/require"
)

func TestAPromiseHoldsOnlyIfEveryAttackWasTriedAndFailed(t *testing.T) {
	t.Parallel()
	d := &desk{db: tenantdb.New(unguarded{})}
	holds := attack{Name: "holds", Try: func(context.Context, *desk) (outcome, error) { return outcome{"nothing", "me"}, nil }}
	panics := attack{Name: "panics", Try: func(context.Context, *desk) (outcome, error) { panic("oops") }}
	breaks := attack{Name: "breaks", Try: func(context.Context, *desk) (outcome, error) { return outcome{}, errors.New("it got in") }}
	elsewhere := attack{Name: "elsewhere", On: tenantdb.Postgres, Try: panics.Try}
	var b bytes.Buffer
	got, err := visit(t.Context(), stop{Name: "test", Promises: []promise{
		{"kept", []attack{holds, elsewhere}},
		{"broken", []attack{holds, breaks, holds}},
		{"not tried", []attack{panics}},
		{"not for this database", []attack{elsewhere}},
	}}, d, newScreen(&b, false))
	require.NoError(t, err)
	require.Equal(t, tally{promises: 3, held: 1, attacks: 5, repelled: 3}, got)
	require.True(t, got.broken())
	require.Contains(t, b.String(), "BROKEN  breaks\n          < it got in\n")
	require.Contains(t, b.String(), "BROKEN  panics\n          < the attack panicked: oops")
	require.NotContains(t, b.String(), "elsewhere")
	require.NotContains(t, b.String(), "not for this database")
}

func TestARefusalForAnotherReasonIsNone(t *testing.T) {
	t.Parallel()
	_, err := refused("me", nil, tenancy.ErrNoTenant)
	require.ErrorContains(t, err, "nothing refused it")
	_, err = refused("me", errors.New("syntax error"), tenancy.ErrNoTenant)
	require.ErrorContains(t, err, "not for the right reason: syntax error")
	o, err := refused("me", tenancy.ErrNoTenant, tenancy.ErrNoTenant)
	require.NoError(t, err)
	require.Equal(t, outcome{"tenancy: no tenant", "me"}, o)
}
