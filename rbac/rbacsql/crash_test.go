package rbacsql_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/rbac/rbacsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// errand is what another process is sent to do: to change a tenant's rules, again and again, until it is killed.
type errand struct {
	Place  door.Place
	Tenant string
}

// mark is what the rules of one change have in common.
func mark(v int64) string { return fmt.Sprintf("change %d", v) }

// changeAll changes a role, a member and a token together, and adds a member.
func changeAll(ctx context.Context, s *rbacsql.Store) (v int64, err error) {
	err = s.Tx(ctx, func(ctx context.Context) (err error) {
		if v, _, err = s.Advance(ctx); err != nil {
			return err
		}
		if err := s.PutMember(ctx, member(v, fmt.Sprintf("m%06d", v), rbac.Active)); err != nil {
			return err
		}
		x := token(v, "t")
		x.Reason = mark(v)
		if err := s.PutToken(ctx, x); err != nil {
			return err
		}
		m := member(v, "ann", rbac.Active)
		m.Owner = mark(v)
		if err := s.PutMember(ctx, m); err != nil {
			return err
		}
		return s.PutRole(ctx, rbac.RoleRow{ID: "r", Version: v, Name: mark(v), Created: long})
	})
	return v, err
}

// TestAnErrand is what the test below starts.
func TestAnErrand(t *testing.T) {
	var e errand
	if !door.Errand(t, &e) {
		return
	}
	s := storeIn(t, tables.At(t, e.Place))
	ctx := tenancy.With(t.Context(), tenancy.MustParseID(e.Tenant))
	for {
		v, err := changeAll(ctx, s)
		require.NoError(t, err)
		if _, err := fmt.Println("said", v); err != nil {
			os.Exit(1)
		}
	}
}

// copied is the rules of a tenant as one has them who follows by versions.
type copied struct {
	version int64
	role    rbac.RoleRow
	token   rbac.TokenRow
	members map[string]rbac.MemberRow
}

// follow takes over what changed, and checks that it belongs together.
func (c *copied) follow(ctx context.Context, s *rbacsql.Store) error {
	ch, err := s.Changes(ctx, c.version)
	if err != nil {
		return err
	}
	if ch.Version == c.version && len(ch.Roles)+len(ch.Members)+len(ch.Tokens) == 0 {
		return nil
	}
	if len(ch.Roles) != 1 || len(ch.Tokens) != 1 || int64(len(ch.Members)) != ch.Version-c.version+1 {
		return fmt.Errorf("%d roles, %d tokens and %d members changed between %d and %d", len(ch.Roles), len(ch.Tokens), len(ch.Members), c.version, ch.Version)
	}
	c.version, c.role, c.token = ch.Version, ch.Roles[0], ch.Tokens[0]
	for _, m := range ch.Members {
		c.members[m.ID] = m
	}
	want := mark(c.version)
	if c.role.Name != want || c.token.Reason != want || c.members["ann"].Owner != want {
		return fmt.Errorf("at %d there are the parts of other changes", c.version)
	}
	return nil
}

// Two processes that change the rules are killed at any moment, while one follows them: no change is half there, none that was
// acknowledged is lost, no version is given twice, and whoever comes next goes on.
func TestKilledProcessesLeaveWholeChangesAndLoseNone(t *testing.T) {
	rounds := 3
	if os.Getenv("BAILIWICK_SOAK") == "1" {
		rounds = 1000
	}
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		id := w.NewTenant(t)
		ctx, s := tenancy.With(context.Background(), id), storeIn(t, w)
		stop := make(chan struct{})
		var failed error
		var wg sync.WaitGroup
		follower := copied{members: map[string]rbac.MemberRow{}}
		other := storeIn(t, w.Process(t))
		wg.Go(func() {
			for failed == nil {
				select {
				case <-stop:
					return
				default:
					failed = follower.follow(ctx, other)
				}
			}
		})
		var last atomic.Int64 // the newest version that was acknowledged
		said := map[int64]bool{}
		var mu sync.Mutex
		for range rounds {
			var children sync.WaitGroup
			for range 2 {
				cmd, out := door.Send(t, "TestAnErrand", errand{w.Place(), id.String()})
				children.Go(func() {
					told := false
					for out.Scan() {
						var v int64
						if _, err := fmt.Sscanf(strings.TrimSpace(out.Text()), "said %d", &v); err != nil {
							continue
						}
						if !told {
							told = true
							time.AfterFunc(time.Duration(rand.IntN(120))*time.Millisecond, func() { _ = cmd.Process.Kill() })
						}
						mu.Lock()
						if said[v] {
							t.Errorf("version %d was given twice", v)
						}
						said[v] = true
						last.Store(max(last.Load(), v))
						mu.Unlock()
					}
					_ = cmd.Wait()
					if !told {
						t.Error("a process changed nothing")
					}
				})
			}
			children.Wait()
		}
		v, err := changeAll(ctx, s)
		require.NoError(t, err)
		require.Greater(t, v, last.Load())
		close(stop)
		wg.Wait()
		require.NoError(t, failed)
		require.NoError(t, follower.follow(ctx, other))
		whole := copied{members: map[string]rbac.MemberRow{}}
		require.NoError(t, whole.follow(ctx, s))
		require.Equal(t, whole, follower)
		require.Equal(t, v, whole.version)
		require.Len(t, whole.members, int(v)+1, "each version is a change that is there, and those who were killed left no other")
		t.Logf("%d processes killed, %d changes", 2*rounds, v)
	})
}
