package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// The schema passes the inspection of package rls, and the same program runs on it.
func TestTheSameDeskRunsOnPostgres(t *testing.T) {
	t.Parallel()
	d := openDeskOnPostgres(t)
	code, body := d.as("alder", "ada").get("/conversations")
	require.Equal(t, http.StatusOK, code, body)
	require.Contains(t, body, "A question about my bicycle")
	require.NotContains(t, body, "book")
}
