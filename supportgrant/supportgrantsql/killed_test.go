package supportgrantsql_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// soakOr is how often a test repeats: few times in every run, many with BAILIWICK_SOAK=1.
func soakOr(few, many int) int {
	if os.Getenv("BAILIWICK_SOAK") == "1" {
		return many
	}
	return few
}

// page is a reading of all posts under a grant of asked.
func page(g supportgrant.GrantID) supportgrant.Reading {
	return supportgrant.Reading{Entry: supportgrant.Entry{ID: uuid.Must(uuid.NewV7()), Kind: supportgrant.KindRead, Grant: g, By: "sam", Category: "posts", Resource: "posts", Columns: []string{"title"}, Limit: 50},
		Hold: time.Minute, Query: supportgrant.Query{Columns: []string{"title", "id"}, Limit: 50},
		Resource: supportgrant.Resource{Name: "posts", Category: supportgrant.Posts, Table: "sgt_post", Key: []string{"id"}, Columns: []string{"id", "title"}}}
}

// readUntilKilled is what another process does: four read at once, so that they enter together, and print what they show.
func readUntilKilled(ctx context.Context, s supportgrant.Store, g supportgrant.GrantID) {
	for range 4 {
		go func() {
			for {
				r := page(g)
				if err := s.Read(ctx, r, func(_ context.Context, rows supportgrant.Rows) error {
					for rows.Next() {
					}
					_, err := fmt.Println("shown", r.Entry.ID)
					return err
				}); err != nil {
					fmt.Println("failed", err)
					os.Exit(1)
				}
			}
		}()
	}
	select {}
}

// killReaders sends processes on an errand that is [readUntilKilled], kills each at some moment, and returns what they had shown.
func killReaders(t *testing.T, rounds int, test string, errand any) (shown []string) {
	for range rounds {
		cmd, out := door.Send(t, test, errand)
		told := false
		for out.Scan() {
			id, ok := strings.CutPrefix(strings.TrimSpace(out.Text()), "shown ")
			if !ok {
				require.NotContains(t, out.Text(), "failed")
				continue
			}
			shown = append(shown, id)
			if !told {
				told = true
				time.AfterFunc(rand.N(60*time.Millisecond), func() { _ = cmd.Process.Kill() })
			}
		}
		_ = cmd.Wait()
		require.True(t, told, "the process showed nothing")
	}
	t.Logf("%d reads were shown by %d processes that were killed", len(shown), rounds)
	return shown
}

// inTheLog fails if one of shown has no entry.
func inTheLog(t *testing.T, ctx context.Context, s supportgrant.Store, id supportgrant.GrantID, shown []string) {
	audited := map[string]bool{}
	var before supportgrant.Place
	for {
		entries, err := s.Log(ctx, supportgrant.Look{Grant: id, Kinds: []supportgrant.Kind{supportgrant.KindRead}}, before, 500)
		require.NoError(t, err)
		for _, e := range entries {
			audited[e.ID.String()] = true
			before = supportgrant.Place{At: e.At, ID: e.ID}
		}
		if len(entries) < 500 {
			break
		}
	}
	for _, one := range shown {
		require.True(t, audited[one], "shown and not in the log")
	}
}
