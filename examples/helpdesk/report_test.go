package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A failure is reported with all that a reporter sends, and nothing of it is anybody's.
func TestWhatIsReportedSaysNothingOfAnybody(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	ada := d.as("alder", "ada")
	require.NoError(t, d.vault.Close()) // the vault is gone
	ada.header.Set("Authorization-Debug", "Bearer "+plants[0])
	ada.header.Set("X-Forwarded-User", seeds[0].people[0].Email)
	code, body := ada.get("/connections?email=" + url.QueryEscape(seeds[0].people[1].Email) + "&token=" + plants[1])
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Contains(t, body, "This cannot be done now. We have been told.")
	all := d.out.String()
	require.Contains(t, all, `"message":"vault: closed"`, "it was reported")
	require.Contains(t, all, `level=ERROR msg="a request failed"`, "and logged")
	require.Contains(t, all, `"tenant":"alder"`)
	for _, secret := range []string{ada.cookies[sessionCookie], strings.SplitN(ada.cookies[sessionCookie], ".", 3)[1], plants[0], plants[1]} {
		require.NotContains(t, all, secret)
	}
}

// So is a panic, whose text may have anything in it.
func TestAPanicIsReportedWithoutWhatItSays(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	h := d.reports.recovered(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("no row for " + seeds[0].people[0].Email) }))
	d.server.Config.Handler = h
	code, body := d.visitor().get("/")
	require.Equal(t, http.StatusInternalServerError, code)
	require.NotContains(t, body, "no row")
	require.Contains(t, d.out.String(), "no row for [redacted")
}
