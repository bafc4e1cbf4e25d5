package main

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/receipt"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// Somebody downloads what there is about them: theirs, and nothing that is a secret.
func TestSomebodyDownloadsTheirData(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	edda := d.as("alder", "edda")
	code, body := edda.post("/privacy/requests", url.Values{"what": {"download"}})
	require.Equal(t, http.StatusSeeOther, code, body)
	_, body = edda.get("/privacy")
	require.Contains(t, body, "GDPR")
	id := regexp.MustCompile(`/privacy/requests/([^/]+)/download`).FindStringSubmatch(body)
	require.NotNil(t, id, body)
	code, _ = d.as("alder", "vic").post("/privacy/requests/"+id[1]+"/download", nil)
	require.Equal(t, http.StatusNotFound, code, "it is nobody else's")
	code, data := edda.post("/privacy/requests/"+id[1]+"/download", nil)
	require.Equal(t, http.StatusOK, code, data)
	z, err := zip.NewReader(bytes.NewReader([]byte(data)), int64(len(data)))
	require.NoError(t, err)
	var all strings.Builder
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(t, err)
		_, err = io.Copy(&all, r)
		require.NoError(t, err)
	}
	require.Contains(t, all.String(), "edda@alder.example")
	require.NotContains(t, all.String(), "ada@alder.example\"")
	require.NotContains(t, all.String(), "bea@")
	_, body = edda.get("/privacy")
	require.Contains(t, body, ">done<")
}

// Somebody's account is deleted: an admin sees what would be done, and approves it; then they are in no file any more, and there is a receipt.
func TestSomebodyIsErased(t *testing.T) {
	t.Parallel()
	d := serveDesk(t, config{dir: seededDir(t), undo: -1})
	ada, vic := d.as("alder", "ada"), d.as("alder", "vic")
	code, body := ada.post("/privacy/requests", url.Values{"what": {"delete"}})
	require.Equal(t, http.StatusUnprocessableEntity, code)
	require.Contains(t, body, "You are the only admin.")
	code, body = vic.post("/privacy/requests", url.Values{"what": {"delete"}})
	require.Equal(t, http.StatusSeeOther, code, body)
	_, body = ada.get("/requests")
	require.Contains(t, body, "What would be done")
	at := regexp.MustCompile(`/requests/([^/]+)/approve"><input type="hidden" name="plan" value="([^"]+)"`).FindStringSubmatch(body)
	require.NotNil(t, at, body)
	code, _ = ada.post("/requests/"+at[1]+"/approve", url.Values{"plan": {"sha256:another"}})
	require.Equal(t, http.StatusConflict, code)
	code, body = ada.post("/requests/"+at[1]+"/approve", url.Values{"plan": {at[2]}})
	require.Equal(t, http.StatusSeeOther, code, body)
	code, _ = vic.get("/conversations")
	require.NotEqual(t, http.StatusOK, code, "out of sight at once")
	ctx := tenancy.With(t.Context(), seeds[0].id)
	for range 30 {
		_, err := d.requests.Step(ctx)
		require.NoError(t, err)
		r, err := d.requests.Request(ctx, dsar.ID(at[1]))
		require.NoError(t, err)
		if r.State == dsar.Closed {
			break
		}
	}
	r, err := d.requests.Request(ctx, dsar.ID(at[1]))
	require.NoError(t, err)
	_, steps, err := d.requests.History(ctx, r.ID)
	require.NoError(t, err)
	require.Equal(t, dsar.Done, r.Outcome, "%s %+v\n%+v", r.State, steps, r.Next)
	require.Contains(t, d.mailTo("vic@alder.example"), "ended done")
	code, paper := ada.get("/requests/" + at[1] + "/receipt")
	require.Equal(t, http.StatusOK, code)
	signed, err := receipt.Open([]byte(paper), d.verifier)
	require.NoError(t, err)
	require.Equal(t, seeds[0].id, signed.Tenant)
	require.NotContains(t, paper, "Vic Costa")
	_, body = ada.get("/team")
	require.NotContains(t, body, "Vic")
	code, body = ada.post("/audit/verify", nil)
	require.Equal(t, http.StatusOK, code)
	_, shown, _ := strings.Cut(body, "<main")
	require.Contains(t, shown, "are what was recorded", "and the log still verifies")
	d.searchFiles([]string{"Vic Costa", "vic@alder.example"})
}
