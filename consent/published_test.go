package consent

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

func TestARegistrysPoliciesAreCopies(t *testing.T) {
	t.Parallel()
	r := registry(t, shop(1, true, day1), shop(2, true, day1.AddDate(0, 1, 0)))
	all := slices.Collect(r.Policies())
	require.Len(t, all, 2)
	require.Equal(t, []uint16{1, 2}, []uint16{all[0].Version, all[1].Version})
	all[0].Purposes[0].Text["en"] = Text{Title: "x", Body: "x"}
	all[0].Purposes[0].Storage[0].Name = "x"
	again := slices.Collect(r.Policies())
	require.Equal(t, "__Host-session", again[0].Purposes[0].Storage[0].Name)
	require.NotEqual(t, "x", again[0].Purposes[0].Text["en"].Title)
	for p := range r.Policies() {
		require.Equal(t, 180*24*time.Hour, p.Lasts, "as it was compiled")
		break
	}
}

func TestMayConfirmSaysWhatChooseTakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tenant, user, gpc string
		never, may        bool
	}{
		{tenant: "acme", may: true},
		{tenant: "", may: false},
		{tenant: "acme", gpc: "1", may: false},
		{tenant: "acme", gpc: "1", user: "ann", may: true},
		{tenant: "acme", gpc: "1", user: "ann", never: true, may: false},
		{tenant: "acme", user: "ann", never: true, may: true},
	} {
		m := manager(t, func(cfg *Config) { cfg.User, cfg.NoOverride = knownUser, c.never })
		r := httptest.NewRequest("POST", "https://shop.test/", nil)
		r = r.WithContext(context.WithValue(r.Context(), userKey{}, c.user))
		if c.tenant != "" {
			r = r.WithContext(tenancy.With(r.Context(), tenancy.MustParseID(c.tenant)))
		}
		r.Header.Set("Sec-GPC", c.gpc)
		require.Equal(t, c.may, m.MayConfirm(r), "%+v", c)
		d, _ := m.Registry().Document(m.now(), "en")
		_, err := m.Choose(httptest.NewRecorder(), r, Answer{Grant: Of(Marketing), Document: d.Hash, Confirm: true})
		require.Equal(t, c.may, err == nil, "%+v: %v", c, err)
	}
}

func TestOptedOutIsOfTheBrowserOrOfTheUserWhoIsSignedIn(t *testing.T) {
	t.Parallel()
	store := NewMemory()
	key, err := tenancy.NewKey("p1", bytes.Repeat([]byte("p"), 32))
	require.NoError(t, err)
	b := newBrowser(t, func(c *Config) { c.Store, c.Pseudonyms = store, key })
	opted := func() (out bool) {
		b.do("GET", func(_ http.ResponseWriter, r *http.Request) { out = b.m.OptedOut(r) })
		return out
	}
	require.False(t, opted())
	_, err = b.choose(Answer{OptOut: true})
	require.NoError(t, err)
	require.True(t, opted())
	b.cookie, b.user = "", "ann"
	require.False(t, opted())
	_, err = b.m.OptOutFor(tenancy.With(context.Background(), acme), "ann")
	require.NoError(t, err)
	require.True(t, opted())
	b.user = "bob"
	require.False(t, opted())
}
