package consent

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func testKey(id string) tenancy.Key {
	k, err := tenancy.NewKey(id, bytes.Repeat([]byte(id), 16))
	if err != nil {
		panic(err)
	}
	return k
}

func newTestSealer(t testing.TB, kind byte, current, previous string) *sealer {
	t.Helper()
	keys := tenancy.Keys{Current: testKey(current)}
	if previous != "" {
		keys.Previous = testKey(previous)
	}
	s, err := newSealer(keys, kind)
	require.NoError(t, err)
	return s
}

var sampleChoice = Choice{Granted: 0b1010_1010_1010_1010, Policy: 7, At: noon, OptOut: true, Confirmed: true, User: UserTag{1, 2, 3}, ID: BrowserID{9, 8, 7}}

func TestAChoiceComesBackFromItsCookieAsItWas(t *testing.T) {
	t.Parallel()
	s := newTestSealer(t, kindPage, "k1", "")
	rapid.Check(t, func(t *rapid.T) {
		c := Choice{Granted: Set(rapid.Uint16().Draw(t, "granted")) &^ 1, Policy: rapid.Uint16().Draw(t, "policy"),
			At:     time.Unix(int64(rapid.Uint32().Draw(t, "second")), 0),
			OptOut: rapid.Bool().Draw(t, "optOut"), Confirmed: rapid.Bool().Draw(t, "confirmed"),
			User: UserTag(rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "user")), ID: BrowserID(rapid.SliceOfN(rapid.Byte(), 12, 12).Draw(t, "id"))}
		tenant := rapid.StringMatching(`[a-z0-9]{1,63}`).Draw(t, "tenant")
		v := s.seal(s.current, tenant, c)
		got, k := s.open(v, tenant)
		if k == nil || got.At.Unix() != c.At.Unix() {
			t.Fatal("not opened")
		}
		got.At = c.At
		if got != c {
			t.Fatalf("%+v, not %+v", got, c)
		}
		if len(v) > 64 {
			t.Fatalf("%d characters", len(v))
		}
	})
}

func TestACookieHolds16CategoriesIn64Characters(t *testing.T) {
	t.Parallel()
	for _, kind := range []byte{kindPage, kindWidget} {
		s := newTestSealer(t, kind, "k1", "")
		c := sampleChoice
		c.Granted = 0xFFFE
		require.Len(t, s.seal(s.current, strings.Repeat("t", tenancy.MaxIDLen), c), 64)
	}
}

func TestNoCharacterOfACookieCanBeChanged(t *testing.T) {
	t.Parallel()
	s := newTestSealer(t, kindPage, "k1", "k2")
	v := s.seal(s.current, "acme", sampleChoice)
	for i := range v {
		for c := range 256 {
			if byte(c) == v[i] {
				continue
			}
			if _, k := s.open(v[:i]+string([]byte{byte(c)})+v[i+1:], "acme"); k != nil {
				t.Fatalf("character %d may be %#x", i, c)
			}
		}
		_, k := s.open(v[:i]+v[i+1:], "acme")
		require.Nil(t, k, "character %d may be left out", i)
		for _, more := range []string{"A", "\n", "\r", "=", " "} {
			_, k := s.open(v[:i]+more+v[i:], "acme")
			require.Nil(t, k)
			_, k = s.open(v[:i]+more+v[i:len(v)-1], "acme")
			require.Nil(t, k)
		}
	}
}

// What random changes make of cookies is refused. BAILIWICK_SOAK=1 tries ten million.
func TestRandomChangesForgeNoState(t *testing.T) {
	t.Parallel()
	s := newTestSealer(t, kindPage, "k1", "k2")
	rnd := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	real := map[string]bool{}
	var values []string
	for i := range 64 {
		c := sampleChoice
		c.Granted, c.Policy = Set(rnd.Uint32())&^1, uint16(rnd.Uint32())
		v := s.seal([]*sealKey{s.current, s.previous}[i%2], "acme", c)
		values, real[v] = append(values, v), true
	}
	for range soak(100_000, 10_000_000) {
		b, err := base64.RawURLEncoding.DecodeString(values[rnd.IntN(len(values))])
		require.NoError(t, err)
		switch rnd.IntN(6) {
		case 0: // a few bits
			for range 1 + rnd.IntN(4) {
				b[rnd.IntN(len(b))] ^= 1 << rnd.IntN(8)
			}
		case 1: // any bytes
			for range 1 + rnd.IntN(8) {
				b[rnd.IntN(len(b))] = byte(rnd.Uint32())
			}
		case 2: // all granted
			b[atGranted], b[atGranted+1] = 0xFF, 0xFE
		case 3: // the signature of another
			o, _ := base64.RawURLEncoding.DecodeString(values[rnd.IntN(len(values))])
			copy(b[atMAC:], o[atMAC:])
		case 4: // head and tail of two
			o, _ := base64.RawURLEncoding.DecodeString(values[rnd.IntN(len(values))])
			n := rnd.IntN(len(b))
			copy(b[n:], o[n:])
		case 5: // the other key's name
			copy(b[atKey:], []string{"k1", "k2"}[rnd.IntN(2)])
		}
		v := base64.RawURLEncoding.EncodeToString(b)
		if _, k := s.open(v, "acme"); k != nil && !real[v] {
			t.Fatalf("forged: %s", v)
		}
	}
}

func FuzzCookie(f *testing.F) {
	s := newTestSealer(f, kindPage, "k1", "k2")
	good := s.seal(s.current, "acme", sampleChoice)
	f.Add(good)
	f.Add(strings.Repeat("A", 64))
	f.Fuzz(func(t *testing.T, v string) {
		if c, k := s.open(v, "acme"); k != nil && (v != good || c.Granted != sampleChoice.Granted) {
			t.Fatal("forged")
		}
		s.read(http.Header{"Cookie": {v, CookieName + "=" + v}}, "acme", new(Choice))
	})
}

func TestACookieIsOfNoUseElsewhere(t *testing.T) {
	t.Parallel()
	page, widget := newTestSealer(t, kindPage, "k1", ""), newTestSealer(t, kindWidget, "k1", "")
	v := page.seal(page.current, "acme", sampleChoice)
	for _, tenant := range []string{"", "acm", "acme2", "other"} {
		_, k := page.open(v, tenant)
		require.Nil(t, k, "for tenant %q", tenant)
	}
	_, k := widget.open(v, "acme")
	require.Nil(t, k, "as a widget's")
	_, k = newTestSealer(t, kindPage, "k9", "").open(v, "acme")
	require.Nil(t, k, "under another key")
	keys, err := tenancy.NewKey("k1", bytes.Repeat([]byte{7}, 32))
	require.NoError(t, err)
	other, err := newSealer(tenancy.Keys{Current: keys}, kindPage)
	require.NoError(t, err)
	_, k = other.open(v, "acme")
	require.Nil(t, k, "under another key of the same name")
}

func TestKeysOfTheCookieRotate(t *testing.T) {
	t.Parallel()
	before := newTestSealer(t, kindPage, "k1", "")
	v := before.seal(before.current, "acme", sampleChoice)
	during := newTestSealer(t, kindPage, "k2", "k1")
	c, k := during.open(v, "acme")
	require.Same(t, during.previous, k)
	require.Equal(t, sampleChoice.Granted, c.Granted)
	_, k = newTestSealer(t, kindPage, "k2", "").open(v, "acme")
	require.Nil(t, k)
	_, err := newSealer(tenancy.Keys{}, kindPage)
	require.Error(t, err)
	_, err = newSealer(tenancy.Keys{Current: testKey("k1"), Previous: testKey("k1")}, kindPage)
	require.Error(t, err)
}

func TestAUsersTagTellsUsersAndTenantsApart(t *testing.T) {
	t.Parallel()
	s := newTestSealer(t, kindPage, "k1", "k2")
	tag := s.current.tag("acme", "ann")
	require.Equal(t, tag, s.current.tag("acme", "ann"))
	for _, o := range []UserTag{s.current.tag("acme", "bob"), s.current.tag("acm", "eann"), s.current.tag("other", "ann"), s.previous.tag("acme", "ann"), {}} {
		require.NotEqual(t, tag, o)
	}
}

func TestOfSeveralCookiesTheNewestCountsForWhatAllOfThemGrant(t *testing.T) {
	t.Parallel()
	s := newTestSealer(t, kindPage, "k1", "k2")
	at := func(minutes int, optOut bool, cs ...Category) string {
		return s.seal(s.current, "acme", Choice{Granted: Of(cs...), Policy: uint16(minutes), At: noon.Add(time.Duration(minutes) * time.Minute), OptOut: optOut})
	}
	forged := strings.Repeat("A", 64)
	pair := func(v string) string { return CookieName + "=" + v }
	for name, c := range map[string]struct {
		lines  []string
		policy uint16 // 0: none counts
		grants Set
		optOut bool
	}{
		"none":               {nil, 0, 0, false},
		"one among others":   {[]string{"a=b; " + pair(at(1, false, Analytics)) + "; c=d"}, 1, Of(Analytics), false},
		"without a blank":    {[]string{"a=b;" + pair(at(1, false, Analytics)) + ";c=d"}, 1, Of(Analytics), false},
		"lines of their own": {[]string{"a=b", pair(at(1, false, Analytics))}, 1, Of(Analytics), false},
		"an older one first": {[]string{pair(at(1, false, Analytics)) + "; " + pair(at(2, false, Analytics, Marketing))}, 2, Of(Analytics), false},
		"an older one last":  {[]string{pair(at(2, false, Analytics, Marketing)) + "; " + pair(at(1, true, Analytics))}, 2, Of(Analytics), true},
		"a newer no":         {[]string{pair(at(1, false, Marketing)), pair(at(2, false))}, 2, 0, false},
		"a forged one":       {[]string{pair(forged) + "; " + pair(at(1, false, Analytics))}, 1, Of(Analytics), false},
		"other names":        {[]string{"x" + pair(at(1, false)) + "; " + CookieName + "2=" + at(1, false) + "; __host-consent=" + at(1, false)}, 0, 0, false},
		"quoted":             {[]string{CookieName + `="` + at(1, false) + `"`}, 0, 0, false},
		"more after it":      {[]string{pair(at(1, false, Analytics)) + "x"}, 0, 0, false},
		"a tab before it":    {[]string{"a=b;\t" + pair(at(1, false, Analytics))}, 0, 0, false},
		"too many":           {[]string{strings.Repeat(pair(forged)+"; ", 4) + pair(at(1, false, Analytics))}, 0, 0, false},
		"too many, good":     {[]string{strings.Repeat(pair(at(1, false, Analytics))+"; ", 5)}, 0, 0, false},
		"four":               {[]string{strings.Repeat(pair(at(1, false, Analytics))+"; ", 4)}, 1, Of(Analytics), false},
	} {
		var got Choice
		k := s.read(http.Header{"Cookie": c.lines}, "acme", &got)
		require.Equal(t, c.policy != 0, k != nil, name)
		require.Equal(t, c.policy, got.Policy, name)
		require.Equal(t, c.grants, got.Granted, name)
		require.Equal(t, c.optOut, got.OptOut, name)
	}
}

func TestTheCookiesAttributes(t *testing.T) {
	t.Parallel()
	for kind, want := range map[byte]string{
		kindPage:   "__Host-consent=v; Path=/; Secure; SameSite=Lax; Max-Age=60",
		kindWidget: "__Host-consent-widget=v; Path=/; Secure; SameSite=None; Partitioned; Max-Age=60"} {
		line := newTestSealer(t, kind, "k1", "").setCookie("v", 60)
		require.Equal(t, want, line)
		c, err := http.ParseSetCookie(line)
		require.NoError(t, err)
		require.Empty(t, c.Domain)
		require.Equal(t, kind == kindWidget, c.Partitioned)
	}
}

func TestPrintingASealerShowsNoKey(t *testing.T) {
	t.Parallel()
	s := newTestSealer(t, kindPage, "k1", "k2")
	s.seal(s.current, "acme", sampleChoice) // a state is in the pool
	secret := testKey("k1").Derive("consent cookie v1")
	for _, f := range []string{"%v", "%+v", "%#v"} {
		out := fmt.Sprintf(f, *s) + fmt.Sprintf(f, *s.current)
		require.NotContains(t, out, fmt.Sprint(secret)[1:20])
		require.NotContains(t, out, fmt.Sprintf("%#v", secret)[7:20])
		require.Less(t, len(out), 400)
	}
}

func TestOpeningACookieAllocatesNothing(t *testing.T) {
	if raceDetector() {
		t.Skip("a sync.Pool forgets at random under the race detector")
	}
	s := newTestSealer(t, kindPage, "k1", "")
	h := http.Header{"Cookie": {"a=b; " + CookieName + "=" + s.seal(s.current, "acme", sampleChoice) + "; c=d"}}
	require.Zero(t, testing.AllocsPerRun(200, func() {
		if k := s.read(h, "acme", new(Choice)); k == nil {
			panic("not opened")
		}
	}))
}
