package tenancy_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func testKey(t require.TestingT, id string) tenancy.Key {
	k, err := tenancy.NewKey(id, []byte(strings.Repeat(id, 16)))
	require.NoError(t, err)
	return k
}

func courier(t require.TestingT, keys tenancy.Keys, audience string, ttl time.Duration) *tenancy.Courier {
	c, err := tenancy.NewCourier(keys, audience, ttl)
	require.NoError(t, err)
	return c
}

var carrierErrors = []error{tenancy.ErrCarrierMalformed, tenancy.ErrCarrierForged, tenancy.ErrCarrierExpired, tenancy.ErrCarrierAudience}

// only requires that err is want and none of the other carrier errors.
func only(t require.TestingT, err, want error) {
	require.ErrorIs(t, err, want)
	for _, other := range carrierErrors {
		require.Equal(t, other == want, errors.Is(err, other))
	}
}

func TestCarrierBringsTheTenantAcross(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := tenancy.MustParseID(rapid.StringMatching(`[a-z0-9][a-z0-9_-]{0,56}[0-9]`).Draw(t, "id"))
		c := courier(t, tenancy.Keys{Current: testKey(t, "k1")}, rapid.StringN(1, 20, -1).Draw(t, "audience"), time.Hour)
		text, err := c.Detach(tenancy.With(context.Background(), id))
		require.NoError(t, err)
		require.Regexp(t, regexp.MustCompile(`^[A-Za-z0-9_-]{1,120}$`), string(text))
		ctx, err := c.Attach(context.Background(), text)
		require.NoError(t, err)
		got, err := tenancy.From(ctx)
		require.NoError(t, err)
		require.Equal(t, id, got)
	})
}

func TestNoByteOfACarrierCanBeChanged(t *testing.T) {
	t.Parallel()
	c := courier(t, tenancy.Keys{Current: testKey(t, "k1"), Previous: testKey(t, "k0")}, "emails", time.Hour)
	for _, id := range []string{"a", "acme-2"} {
		text, err := c.Detach(tenancy.With(t.Context(), tenancy.MustParseID(id)))
		require.NoError(t, err)
		b := []byte(text)
		refused := func(s []byte) {
			_, err := c.Attach(t.Context(), tenancy.Carrier(s))
			if !errors.Is(err, tenancy.ErrCarrierForged) && !errors.Is(err, tenancy.ErrCarrierMalformed) {
				t.Fatalf("%q is accepted, or refused for another reason: %v", s, err)
			}
		}
		for i := range b {
			for change := 1; change < 256; change++ {
				b[i] ^= byte(change)
				refused(b)
				b[i] ^= byte(change)
			}
			refused(append(append([]byte{}, b[:i]...), b[i+1:]...))
			refused(append(append(append([]byte{}, b[:i]...), 'a'), b[i:]...))
		}
		refused(append(append([]byte{}, b...), 'a'))
	}
}

func TestCarrierErrorsAreDistinct(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k1, k2, k3 := testKey(t, "k1"), testKey(t, "k2"), testKey(t, "k3")
		acme := tenancy.With(t.Context(), tenancy.MustParseID("acme"))
		send := courier(t, tenancy.Keys{Current: k1}, "emails", time.Minute)
		text, err := send.Detach(acme)
		require.NoError(t, err)

		other := func(keys tenancy.Keys, audience string, ttl time.Duration) error {
			_, err := courier(t, keys, audience, ttl).Attach(t.Context(), text)
			return err
		}
		require.NoError(t, other(tenancy.Keys{Current: k1}, "emails", time.Minute))
		require.NoError(t, other(tenancy.Keys{Current: k2, Previous: k1}, "emails", time.Minute), "rotated")
		only(t, other(tenancy.Keys{Current: k3, Previous: k2}, "emails", time.Minute), tenancy.ErrCarrierForged)
		imposter, err := tenancy.NewKey("k1", []byte(strings.Repeat("x", 32)))
		require.NoError(t, err)
		only(t, other(tenancy.Keys{Current: imposter}, "emails", time.Minute), tenancy.ErrCarrierForged)
		only(t, other(tenancy.Keys{Current: k1}, "reports", time.Minute), tenancy.ErrCarrierAudience)

		for _, bad := range []tenancy.Carrier{"", "x", text[:len(text)-4], text + "\n", tenancy.Carrier(strings.Repeat("a", 121)),
			tenancy.Carrier(strings.ToUpper(string(text)))} {
			_, err := send.Attach(t.Context(), bad)
			only(t, err, tenancy.ErrCarrierMalformed)
		}

		long, err := courier(t, tenancy.Keys{Current: k1}, "emails", time.Hour).Detach(acme)
		require.NoError(t, err)
		_, err = send.Attach(t.Context(), long)
		only(t, err, tenancy.ErrCarrierExpired)

		time.Sleep(59 * time.Second)
		require.NoError(t, other(tenancy.Keys{Current: k1}, "emails", time.Minute))
		time.Sleep(time.Second)
		only(t, other(tenancy.Keys{Current: k1}, "emails", time.Minute), tenancy.ErrCarrierExpired)
		only(t, other(tenancy.Keys{Current: k1}, "reports", time.Minute), tenancy.ErrCarrierExpired)
		only(t, other(tenancy.Keys{Current: k2}, "reports", time.Minute), tenancy.ErrCarrierForged)
	})
}

func TestAttachNeverSwitchesATenant(t *testing.T) {
	t.Parallel()
	c := courier(t, tenancy.Keys{Current: testKey(t, "k1")}, "emails", time.Minute)
	acme, globex := tenancy.MustParseID("acme"), tenancy.MustParseID("globex")
	text, err := c.Detach(tenancy.With(t.Context(), acme))
	require.NoError(t, err)

	_, err = c.Attach(tenancy.With(t.Context(), acme), text)
	require.NoError(t, err)
	ctx, err := c.Attach(tenancy.With(t.Context(), globex), text)
	require.ErrorIs(t, err, tenancy.ErrConflict)
	_, err = tenancy.From(ctx)
	require.ErrorIs(t, err, tenancy.ErrConflict)

	ctx, err = c.Attach(tenancy.With(t.Context(), globex), "junk")
	require.ErrorIs(t, err, tenancy.ErrCarrierMalformed)
	_, err = tenancy.From(ctx)
	require.ErrorIs(t, err, tenancy.ErrCarrierMalformed, "a refused carrier leaves no tenant behind")

	_, err = c.Detach(t.Context())
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	_, err = c.Detach(ctx)
	require.ErrorIs(t, err, tenancy.ErrCarrierMalformed)
}

func TestACourierNeedsAKeyAnAudienceAndALifetime(t *testing.T) {
	t.Parallel()
	k1 := tenancy.Keys{Current: testKey(t, "k1")}
	for name, try := range map[string]struct {
		keys     tenancy.Keys
		audience string
		ttl      time.Duration
	}{
		"no key":      {tenancy.Keys{}, "emails", time.Minute},
		"twin keys":   {tenancy.Keys{Current: testKey(t, "k1"), Previous: testKey(t, "k1")}, "emails", time.Minute},
		"no audience": {k1, "", time.Minute},
		"no lifetime": {k1, "emails", 0},
		"for ever":    {k1, "emails", 91 * 24 * time.Hour},
	} {
		_, err := tenancy.NewCourier(try.keys, try.audience, try.ttl)
		require.Error(t, err, name)
	}
}

func FuzzAttach(f *testing.F) {
	c := courier(f, tenancy.Keys{Current: testKey(f, "k1"), Previous: testKey(f, "k0")}, "emails", time.Hour)
	real, err := c.Detach(tenancy.With(context.Background(), tenancy.MustParseID("acme")))
	require.NoError(f, err)
	for _, s := range []string{"", "x", string(real), string(real) + "x", string(real[:57]), strings.Repeat("1", 60),
		"AAAAAAAAAAAAAAAAAAAAAA1k19999999999AAAAAAAAAAAAAAAAAAAAAAacme"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ctx, err := c.Attach(context.Background(), tenancy.Carrier(s))
		id, from := tenancy.From(ctx)
		if tenancy.Carrier(s) == real {
			require.NoError(t, err)
			return
		}
		require.Error(t, err)
		require.Equal(t, err, from)
		require.True(t, id.IsZero())
	})
}

func TestPrintingACourierShowsNoKey(t *testing.T) {
	t.Parallel()
	k, err := tenancy.NewKey("k1", []byte("correct horse battery staple 32!"))
	require.NoError(t, err)
	old, err := tenancy.NewKey("k0", []byte("an older one, of as many bytes.."))
	require.NoError(t, err)
	c, err := tenancy.NewCourier(tenancy.Keys{Current: k, Previous: old}, "jobs", time.Minute)
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%d", "%s", "%q"} {
		for _, v := range []any{c, *c, struct{ private *tenancy.Courier }{c}} {
			for _, key := range []tenancy.Key{k, old} {
				signs := key.Derive("tenancy carrier v1")
				want := fmt.Sprintf(verb, signs)
				require.NotContains(t, fmt.Sprintf(verb, v), strings.Trim(want, `[]"`)[:12], verb)
			}
		}
	}
}
