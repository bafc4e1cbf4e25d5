package supportgranttest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgranttest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// listener is a TB that keeps what it is told.
type listener struct {
	testing.TB
	errors []string
}

func (l *listener) Errorf(format string, args ...any) {
	l.errors = append(l.errors, fmt.Sprintf(format, args...))
}

const secret = "s3cr3t-of-ann"

func shop(t *testing.T) supportgranttest.Target {
	tenant := tenancy.NewID()
	ctx := tenancy.With(t.Context(), tenant)
	store := supportgrant.NewMemory(nil)
	column := func(names ...string) (out []supportgrant.Column) {
		for _, n := range names {
			out = append(out, supportgrant.Column{Name: n, JSON: n == "profile"})
		}
		return out
	}
	require.NoError(t, store.Fill(ctx, supportgrant.Table{Name: "users", Columns: column("id", "name", "password_hash", "profile", "note", "vip")},
		supportgrant.Row{"id": 1, "name": "Ann", "password_hash": secret, "profile": `{"city": "Bern", "deep": {"token": "` + secret + `"}}`, "note": "the code is " + secret, "vip": true}))
	require.NoError(t, store.Fill(ctx, supportgrant.Table{Name: "sessions_view", Columns: column("id", "label")}, supportgrant.Row{"id": 1, "label": secret}))
	return supportgranttest.Target{Store: store, Tenant: tenant, Secrets: []string{secret}, Registry: []supportgrant.Resource{
		{Name: "users", Category: supportgrant.Account, Table: "users", Key: []string{"id"}, Columns: []string{"id", "name", "profile.city", "profile.deep"}, Care: "vip"},
		{Name: "names", Category: supportgrant.Analytics, Table: "users", Key: []string{"id"}, Columns: []string{"id", "name"}, Care: "vip"},
	}}
}

func TestAGoodRegistryIsNotAccused(t *testing.T) {
	t.Parallel()
	rep := supportgranttest.Secrets(t, shop(t))
	require.Empty(t, rep.Findings)
}

func TestASecretThatAResourceShowsIsFoundAndNotRepeated(t *testing.T) {
	t.Parallel()
	target := shop(t)
	target.Registry[0].Columns = append(target.Registry[0].Columns, "note")
	target.Raw = func(_ context.Context, _ supportgrant.GrantID, _ supportgrant.Person, q string) ([]string, error) {
		if q == `SELECT count("password_hash") FROM "users"` {
			return []string{"1"}, nil
		}
		if q == `SELECT "label" FROM "sessions_view"` {
			return nil, fmt.Errorf("no: %s", secret)
		}
		return nil, fmt.Errorf("no")
	}
	l := &listener{TB: t}
	rep := supportgranttest.Secrets(l, target)
	require.Len(t, l.errors, 3)
	found := map[string]string{}
	for i, f := range rep.Findings {
		found[f.Rule] = f.Object
		require.NotContains(t, l.errors[i]+rep.String(), secret)
	}
	require.Equal(t, map[string]string{"secret.shown": "users.note", "secret.raw": "users.password_hash", "secret.error": "sessions_view.label"}, found)
}

func TestAKitWithNothingToLookForFails(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*supportgranttest.Target){
		func(k *supportgranttest.Target) { k.Secrets = nil },
		func(k *supportgranttest.Target) { k.Secrets = []string{"short"} },
		func(k *supportgranttest.Target) { k.Registry = nil },
		func(k *supportgranttest.Target) { k.Tenant = tenancy.NewID() },
	} {
		target := shop(t)
		change(&target)
		l := &listener{TB: t}
		supportgranttest.Secrets(l, target)
		require.NotEmpty(t, l.errors)
	}
}
