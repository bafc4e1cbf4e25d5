package redact_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	. "github.com/bailiwick-dev/bailiwick/redact"
)

func TestHeadersLoseTheirSecretsInAnySpelling(t *testing.T) {
	t.Parallel()
	l := "[redacted:credential]"
	in := http.Header{
		"Authorization": {"Bearer " + plantedWord, "Digest username=\"a\", response=\"b\"", plantedWord}, "proxy-authorization": {"Basic YTpi"},
		"X-API-KEY": {plantedWord}, "x-AUTH-token": {plantedWord}, "X-Amz-Security-Token": {plantedWord}, "X-Csrf-Token": {plantedWord},
		"Cookie": {"a=" + plantedWord + "; theme=dark;b"}, "set-cookie": {"sid=\"x1\"; Path=/; Domain=h.example; Max-Age=60; SameSite=Lax; Other=" + plantedMail},
		"From": {plantedMail}, "Referer": {"https://h.example/p?token=" + plantedToken + "&q=1"}, "Location": {"/cb?code=SplxlOBeZQQYbYS6WxSbIA"},
		"Accept": {"text/html, */*;q=0.8"}, "Etag": {`"33a64df551425fcc55e4d42a148795d9f25f89d4"`}, "Www-Authenticate": {`Bearer realm="x"`},
		"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64)"}, "X-Request-Id": {"7f1c0b52-3f7e-4a8d-9f3b-1d2c4b5a6978"},
	}
	want := http.Header{
		"Authorization": {"Bearer " + l, "Digest " + l, l}, "proxy-authorization": {"Basic " + l},
		"X-API-KEY": {l}, "x-AUTH-token": {l}, "X-Amz-Security-Token": {l}, "X-Csrf-Token": {l},
		"Cookie": {"a=" + l + "; theme=" + l + ";" + l}, "set-cookie": {"sid=" + l + "; Path=/; Domain=h.example; Max-Age=60; SameSite=Lax; Other=[redacted:email]"},
		"From": {"[redacted:email]"}, "Referer": {"https://h.example/p?token=" + l + "&q=1"}, "Location": {"/cb?code=" + l},
		"Accept": in["Accept"], "Etag": in["Etag"], "Www-Authenticate": in["Www-Authenticate"],
		"User-Agent": in["User-Agent"], "X-Request-Id": in["X-Request-Id"],
	}
	clone := in.Clone()
	got := Default().Header(in)
	require.Equal(t, want, got)
	require.Equal(t, clone, in)
	require.Equal(t, want, Default().Header(got), "once more")
	require.Nil(t, Default().Header(nil))
}

func TestURLsLoseTheirSecrets(t *testing.T) {
	t.Parallel()
	l := "[redacted:credential]"
	for in, want := range map[string]string{
		"https://h.example/a%20b?x=1&y=%20#top":                               "https://h.example/a%20b?x=1&y=%20#top",
		"https://ana:" + "p%40w@h.example:8443/":                              "https://[redacted:userinfo]@h.example:8443/",
		"redis://:" + "pw9@h:6379/0":                                          "redis://[redacted:userinfo]@h:6379/0",
		"https://h.example/?X-Amz-Signature=0a1b2c3d4e5f&X-Amz-Date=20260301": "https://h.example/?X-Amz-Signature=" + l + "&X-Amz-Date=20260301",
		"https://h.example/cb#access_token=abcdef12&state=x":                  "https://h.example/cb#access_token=" + l + "&state=x",
		"https://h.example/u/ines.duarte%40mail.example.org":                  "https://h.example/u/[redacted:email]",
		"https://h.example/?pass%77ord=x9&a;token=y8z":                        "https://h.example/?pass%77ord=" + l + "&a;token=" + l,
		"https://h.example/?q=" + url.QueryEscape("to "+plantedMail):          "https://h.example/?q=to%20[redacted:email]",
		"mailto:" + plantedMail:                                               "mailto:[redacted:email]",
		"https://h.example/reset/token/" + plantedToken:                       "https://h.example/reset/token/[redacted:credential]",
		"https://h.example/?page=2&next_page_token=abc&country_code=44":       "https://h.example/?page=2&next_page_token=abc&country_code=44",
	} {
		u, err := url.Parse(in)
		require.NoError(t, err)
		require.Equal(t, want, Default().URL(u))
	}
	require.Empty(t, Default().URL(nil))
	require.Equal(t, "a=1&password="+l+"&q=[redacted:email]", Default().Query(url.Values{"q": {plantedMail}, "a": {"1"}, "password": {plantedWord}}))
}

func TestDataSourceNamesLoseUserAndPassword(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"postgres://ana:" + "p@ss:w@h:5432/db?sslmode=disable&password=x9":     "postgres://[redacted:userinfo]@h:5432/db?sslmode=disable&password=[redacted:credential]",
		"ana:" + "p@s:w@tcp(h:3306)/db?parseTime=true":                         "[redacted:userinfo]@tcp(h:3306)/db?parseTime=true",
		"host=h user=ana password='a b\\' c' dbname=x":                         "host=h user=[redacted:credential] password='[redacted:credential]' dbname=x",
		"host=h password = a9b sslmode=disable":                                "host=h password = [redacted:credential] sslmode=disable",
		"Server=h,1433;Database=x;User Id=ana;Pwd={a;b}}c};Encrypt=true":       "Server=h,1433;Database=x;User Id=[redacted:credential];Pwd={[redacted:credential]};Encrypt=true",
		"mongodb+srv://ana:" + "pw9@h1.example,h2.example/db?authSource=admin": "mongodb+srv://[redacted:userinfo]@h1.example,h2.example/db?authSource=admin",
		"sqlserver://ana:" + "pw9@h:1433?database=x":                           "sqlserver://[redacted:userinfo]@h:1433?database=x",
		"file:data.db?cache=shared&_auth_pass=" + "pw9x":                       "file:data.db?cache=shared&_auth_pass=[redacted:credential]",
		"data.db":                      "data.db",
		"postgres://ana:" + "p?w@h/db": "postgres://[redacted:userinfo]@h/db",
		"DefaultEndpointsProtocol=https;AccountName=x;AccountKey=" + "YWJjZGVm==": "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=[redacted:credential]",
	} {
		require.Equal(t, want, Default().DSN(in))
	}
}

func TestALoggedHeaderKeepsItsSchemes(t *testing.T) {
	t.Parallel()
	h := http.Header{"Authorization": {"Bearer " + plantedWord}, plantedMail: {"x"}}
	want := http.Header{"Authorization": {"Bearer [redacted:credential]"}, "[redacted:email]": {"x"}}
	require.Equal(t, want, Default().Any(h))
	require.Equal(t, want, Default().Any(want))
	require.Equal(t, map[string]any{"secret": "[redacted:credential]"}, Default().Any(map[string]any{"secret": h}))
}
