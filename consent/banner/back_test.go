package banner

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOnlyPathsOfThisOriginAreGoneBackTo(t *testing.T) {
	t.Parallel()
	for _, ok := range []string{"/", "/a", "/a/b/?q=1&r=%2F%2Fx", "/a//b/", "/.//x", "/?u=https://evil.test", "/%09/x", "/a:b@c"} {
		got, fine := back(ok)
		require.True(t, fine, ok)
		require.Equal(t, ok, got)
	}
	for _, evil := range []string{"", "a", "//evil.test", "///evil.test", `/\evil.test`, `\/evil.test`, "/\t/evil.test", "/\n/evil.test", "/\r/evil.test", "https://evil.test",
		"https:/evil.test", "javascript:alert(1)", " //evil.test", "/ /evil.test", "/\x00/evil.test", "/é", "/%zz", "//", `/a\b`, "/" + strings.Repeat("a", maxBack)} {
		got, fine := back(evil)
		require.False(t, fine, evil)
		require.Equal(t, "/", got)
	}
}

// Whatever is posted, a browser stays at this origin: it resolves what is sent as url.Parse does, but for backslashes and blanks.
func FuzzBack(f *testing.F) {
	for _, s := range []string{"/a", "//e", `/\e`, "/\te", "/a?b=//c#d", "/..//e"} {
		f.Add(s)
	}
	base, _ := url.Parse("https://shop.test/consent/choose")
	f.Fuzz(func(t *testing.T, s string) {
		got, _ := back(s)
		browsers := strings.NewReplacer(`\`, "/", "\t", "", "\n", "", "\r", "").Replace(strings.Trim(got, " \x00\x1f"))
		u, err := base.Parse(browsers)
		require.NoError(t, err)
		require.Equal(t, "https://shop.test", u.Scheme+"://"+u.Host)
	})
}

func TestAPageKnowsItsOwnAddress(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("GET", "/a?b=%22%3E", nil)
	r.URL.Path = "/stripped" // by a router
	require.Equal(t, "/a?b=%22%3E", here(r))
	r.RequestURI = "https://shop.test/a" // as to a proxy
	r.URL = &url.URL{Path: "/x", RawQuery: "y"}
	require.Equal(t, "/x?y", here(r))
}
