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
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// errand is what another process is sent to do: to read under a grant, again and again, until it is killed.
type errand struct {
	Dir, Tenant string
	Grant       uuid.UUID
}

// page is a reading of all posts under a grant of asked.
func page(g supportgrant.GrantID) supportgrant.Reading {
	return supportgrant.Reading{Entry: supportgrant.Entry{ID: uuid.Must(uuid.NewV7()), Kind: supportgrant.KindRead, Grant: g, By: "sam", Category: "posts", Resource: "posts", Columns: []string{"title"}, Limit: 50},
		Hold: time.Minute, Query: supportgrant.Query{Columns: []string{"title", "id"}, Limit: 50},
		Resource: supportgrant.Resource{Name: "posts", Category: supportgrant.Posts, Table: "sgt_post", Key: []string{"id"}, Columns: []string{"id", "title"}}}
}

// TestAnErrandOfReading is what the test below starts. Four read at once, so that they enter together.
func TestAnErrandOfReading(t *testing.T) {
	var e errand
	if !door.Errand(t, &e) {
		return
	}
	s := newStore(t, (&files{dir: e.Dir}).open(t))
	ctx := tenancy.With(context.Background(), tenancy.MustParseID(e.Tenant))
	for range 4 {
		go func() {
			for {
				r := page(e.Grant)
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

// A process that reads is killed at any moment: what it had shown is in the log, its holds are gone, and whoever comes next goes on.
func TestWhatAKilledProcessShowedIsInTheLogOnSQLite(t *testing.T) {
	t.Parallel()
	rounds := 3
	if os.Getenv("BAILIWICK_SOAK") == "1" {
		rounds = 250
	}
	s := newShop(t)
	fill(t, s.db, s.id, supportgrant.Row{"id": 1, "title": "one", "hidden": false})
	g := live(t, s.ctx, s, asked(time.Hour))
	var shown []string
	for range rounds {
		cmd, out := door.Send(t, "TestAnErrandOfReading", errand{s.dir, s.id.String(), g.ID})
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
	audited := map[string]bool{}
	var before supportgrant.Place
	for {
		entries, err := s.Log(s.ctx, supportgrant.Look{Grant: g.ID, Kinds: []supportgrant.Kind{supportgrant.KindRead}}, before, 500)
		require.NoError(t, err)
		for _, e := range entries {
			audited[e.ID.String()] = true
			before = supportgrant.Place{At: e.At, ID: e.ID}
		}
		if len(entries) < 500 {
			break
		}
	}
	for _, id := range shown {
		require.True(t, audited[id], "shown and not in the log")
	}
	t.Logf("%d reads were shown by %d processes that were killed", len(shown), rounds)
	require.NoError(t, s.Drain(s.ctx, g.ID))
	_, err := s.Move(s.ctx, supportgrant.Move{ID: g.ID, Version: g.Version, From: supportgrant.Approved, To: supportgrant.Withdrawn})
	require.NoError(t, err)
	require.ErrorIs(t, s.Read(s.ctx, page(g.ID), nil), supportgrant.ErrNotGranted)
}
