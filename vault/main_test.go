package vault

import (
	"context"
	"testing"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// as is a context of the tenant named id.
func as(t testing.TB, id string) context.Context {
	t.Helper()
	tenant, err := tenancy.ParseID(id)
	require.NoError(t, err)
	return tenancy.With(context.Background(), tenant)
}

func newKeeper(t testing.TB) Keeper {
	t.Helper()
	k, err := parseKey([]byte(NewKey().Reveal()), "a test")
	require.NoError(t, err)
	return k
}

func open(t testing.TB, s Store, k Keeper, opts Options) *Vault {
	t.Helper()
	v, err := Open(context.Background(), s, k, opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, v.Close()) })
	return v
}

func text(s string) redact.Secret[string] { return redact.NewSecret(s) }
