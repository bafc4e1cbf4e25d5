package main

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// The schema passes the inspection of package rls, and the same program runs on it: who may do what, secrets, tokens, the trail, and requests.
func TestTheSameDeskRunsOnPostgres(t *testing.T) {
	t.Parallel()
	d := openDeskOnPostgres(t)
	ada, vic := d.as("alder", "ada"), d.as("alder", "vic")
	for path, want := range map[string]string{"/conversations": "A question about my bicycle", "/conversations/alder-1-1": "Margin is good", "/team": "Edda Evans", "/support": "Support asked for nothing", "/audit": "session.began"} {
		code, body := ada.get(path)
		require.Equal(t, http.StatusOK, code, body)
		require.Contains(t, body, want)
		require.NotContains(t, body, "my book")
	}
	code, body := ada.post("/connections/shop", url.Values{"secret": {plants[0]}})
	require.Equal(t, http.StatusSeeOther, code, body)
	code, body = ada.post("/networks", url.Values{"version": {"0"}, "networks": {"127.0.0.0/8"}})
	require.Equal(t, http.StatusSeeOther, code, body)
	code, body = ada.post("/audit/verify", nil)
	require.Equal(t, http.StatusOK, code, body)
	require.Contains(t, body, "are what was recorded")
	_, body = d.customer("alder").get("/")
	require.Contains(t, body, "City bicycle")

	ctx := tenancy.With(t.Context(), seeds[0].id)
	require.NoError(t, d.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, tx.Rebind(`UPDATE conversation SET changed_at = ? WHERE customer_id <> 'c3'`), time.Now().AddDate(-4, 0, 0))
		return err
	}))
	_, body = ada.get("/retention")
	require.Contains(t, body, "<strong>1</strong> of 6, with 3 rows", "of four old ones, the one that is solved")
	require.NoError(t, d.due(ctx))
	_, body = ada.get("/retention")
	require.Contains(t, body, "none of 5")

	code, body = vic.post("/privacy/requests", url.Values{"what": {"download"}})
	require.Equal(t, http.StatusSeeOther, code, body)
	_, body = vic.get("/privacy")
	at := regexp.MustCompile(`/privacy/requests/([^/]+)/download`).FindStringSubmatch(body)
	require.NotNil(t, at, body)
	code, data := vic.post("/privacy/requests/"+at[1]+"/download", nil)
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
	require.Contains(t, all.String(), "vic@alder.example")

	code, _ = vic.post("/privacy/requests", url.Values{"what": {"delete"}})
	require.Equal(t, http.StatusSeeOther, code)
	_, body = ada.get("/requests")
	plan := regexp.MustCompile(`/requests/([^/]+)/approve"><input type="hidden" name="plan" value="([^"]+)"`).FindStringSubmatch(body)
	require.NotNil(t, plan, body)
	code, body = ada.post("/requests/"+plan[1]+"/approve", url.Values{"plan": {plan[2]}})
	require.Equal(t, http.StatusSeeOther, code, body)
	require.Eventually(t, func() bool {
		_, _ = d.requests.Step(ctx)
		r, err := d.requests.Request(ctx, dsar.ID(plan[1]))
		return err == nil && r.State == dsar.Closed
	}, 20e9, 50e6)
	_, body = ada.get("/team")
	require.NotContains(t, body, "Vic")
}
