package dsarsql_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// errand is what another process is sent to do: to take requests through their lives, again and again, until it is killed.
type errand struct {
	Place  door.Place
	Tenant string
}

// lives are the states that a request comes through, and what belongs to each.
var lives = []dsar.State{dsar.Verified, dsar.Approved, dsar.Working, dsar.Ending, dsar.Closed}

// live takes a request of its own from beginning to end, one transaction a state, and tells said of each that was acknowledged.
func live(ctx context.Context, s *dsarsql.Store, said func(id dsar.ID, version int64)) error {
	r, err := s.Add(ctx, requestRow(dsar.ID(uuid.NewString())))
	if err != nil {
		return err
	}
	said(r.ID, r.Version)
	for _, to := range lives {
		err := s.Tx(ctx, func(ctx context.Context) error {
			next, err := s.Update(ctx, moved(r, to))
			if err != nil {
				return err
			}
			_, err = s.Append(ctx, dsar.EventRow{Request: r.ID, Kind: string(to)})
			err = errors.Join(err, s.PutStep(ctx, dsar.StepRow{Request: r.ID, Name: string(to), Begun: r.Received, Done: r.Received}))
			if to == dsar.Approved {
				_, held := s.AddHold(ctx, dsar.HoldRow{ID: r.ID, Ref: r.Ref, Basis: "a case"})
				err = errors.Join(err, held, s.AddRestraint(ctx, dsar.RestraintRow{Ref: r.Ref, Kind: dsar.Restriction, Request: r.ID}))
			}
			if err == nil {
				r = next
			}
			return err
		})
		if err != nil {
			return err
		}
		said(r.ID, r.Version)
	}
	return nil
}

// TestAnErrand is what the test below starts.
func TestAnErrand(t *testing.T) {
	var e errand
	if !door.Errand(t, &e) {
		return
	}
	s, ctx := storeIn(t, tables.At(t, e.Place)), tenancy.With(t.Context(), tenancy.MustParseID(e.Tenant))
	for {
		require.NoError(t, live(ctx, s, func(id dsar.ID, version int64) {
			if _, err := fmt.Println("said", id, version); err != nil {
				os.Exit(1)
			}
		}))
	}
}

// Two processes at once are killed at any moment: nothing that was acknowledged is lost, nothing is half there, and who comes next goes on.
func TestKilledProcessesLoseNothingAndLeaveWholeRequests(t *testing.T) {
	times := 2
	if os.Getenv("BAILIWICK_SOAK") == "1" {
		times = 500
	}
	kept.OnBoth(t, func(t *testing.T, w *door.World) {
		id := w.NewTenant(t)
		ctx, s := tenancy.With(context.Background(), id), storeIn(t, w)
		said := map[dsar.ID]int64{}
		for _, line := range door.Kill(t, "TestAnErrand", errand{w.Place(), id.String()}, 2, times) {
			var r string
			var version int64
			_, err := fmt.Sscan(line, &r, &version)
			require.NoError(t, err)
			said[dsar.ID(r)] = max(said[dsar.ID(r)], version)
		}
		whole := func(r dsar.RequestRow) {
			events, err := s.Events(ctx, r.ID)
			require.NoError(t, err)
			steps, err := s.Steps(ctx, r.ID)
			require.NoError(t, err)
			restraints, err := s.Restraints(ctx, r.Ref)
			require.NoError(t, err)
			require.Len(t, events, int(r.Version)-1)
			require.Len(t, steps, int(r.Version)-1)
			require.Equal(t, r.Version >= 3, len(restraints) == 1)
			for i, e := range events {
				require.Equal(t, int64(i+1), e.Seq)
				require.Equal(t, string(lives[i]), e.Kind)
			}
			require.Equal(t, append([]dsar.State{dsar.Open}, lives...)[r.Version-1], r.State)
		}
		all, err := s.Requests(ctx, dsar.Find{})
		require.NoError(t, err)
		found := map[dsar.ID]int64{}
		held := 0
		for _, r := range all {
			whole(r)
			found[r.ID] = r.Version
			if r.Version >= 3 {
				held++
			}
		}
		holds, err := s.Holds(ctx, true)
		require.NoError(t, err)
		require.Len(t, holds, held)
		for r, version := range said {
			require.GreaterOrEqual(t, found[r], version, "acknowledged, and lost")
		}
		require.NoError(t, live(ctx, s, func(dsar.ID, int64) {}))
	})
}

// A worker that is killed has its lease for as long as it asked for it, and no longer.
func TestALeaseOutlivesItsWorkerAndEnds(t *testing.T) {
	kept.OnBoth(t, func(t *testing.T, w *door.World) {
		ctx, one, two := w.Tenant(t), storeIn(t, w), storeIn(t, w.Process(t))
		r, err := one.Add(ctx, requestRow("r"))
		require.NoError(t, err)
		got, err := one.Claim(ctx, dsar.Claiming{Lease: "one", For: time.Second, Limit: 1})
		require.NoError(t, err)
		require.Len(t, got, 1)
		require.Eventually(t, func() bool {
			next, err := two.Claim(ctx, dsar.Claiming{Lease: "two", For: time.Hour, Limit: 1})
			require.NoError(t, err)
			if len(next) == 0 {
				return false
			}
			require.False(t, next[0].Leased.Before(got[0].Leased.Add(time.Hour)), "before the other one had ended")
			return true
		}, 20*time.Second, 10*time.Millisecond)
		require.ErrorIs(t, one.Renew(ctx, r.ID, "one", time.Hour), dsar.ErrLease)
	})
}
