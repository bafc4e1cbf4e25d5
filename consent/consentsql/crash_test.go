package consentsql_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

var errUndo = errors.New("undo")

// managerOver is one of several processes.
func managerOver(t testing.TB, s consent.Store) *consent.Manager {
	t.Helper()
	text := func(s string) map[string]consent.Text { return map[string]consent.Text{"en": {Title: s, Body: s}} }
	policies, err := consent.Compile(consent.Policy{Version: 1, Material: true, Effective: moment, Purposes: []consent.Purpose{
		{Key: "login", Category: consent.Essential, Text: text("Login")}, {Key: "visits", Category: consent.Analytics, Text: text("Visits")},
		{Key: "ads", Category: consent.Marketing, Sale: true, Text: text("Advertising")}}})
	require.NoError(t, err)
	m, err := consent.New(consent.Config{Registry: policies, Keys: door.Keys(t), Pseudonyms: door.Keys(t).Current, Store: s})
	require.NoError(t, err)
	return m
}

// errand is what another process is sent to do: to record what users say, again and again, until it is killed.
type errand struct {
	Place  door.Place
	Tenant string
	Name   string
}

// TestAnErrand is what the tests below start.
func TestAnErrand(t *testing.T) {
	var e errand
	if !door.Errand(t, &e) {
		return
	}
	m := managerOver(t, storeIn(t, tables.At(t, e.Place)))
	ctx := tenancy.With(t.Context(), tenancy.MustParseID(e.Tenant))
	for i := 0; ; i++ {
		var list []consent.Import
		for k := range 1 + i%3 {
			list = append(list, consent.Import{ID: fmt.Sprint(e.Name, i, k), User: fmt.Sprint("user", (i+k)%20), Granted: consent.Of(consent.Analytics), Given: moment})
		}
		made, err := m.Import(ctx, list...)
		require.NoError(t, err)
		for _, x := range made {
			if _, err := fmt.Println("said", x.Seq, x.Hash); err != nil {
				os.Exit(1)
			}
		}
	}
}

// Two processes that record are killed at any moment, again and again: no entry that was acknowledged is lost, nothing is half there, and the
// ledger is one chain that whoever comes next goes on with.
func TestKilledProcessesLeaveOneChainAndLoseNothing(t *testing.T) {
	rounds := 4
	if os.Getenv("BAILIWICK_SOAK") == "1" {
		rounds = 500
	}
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		id := w.NewTenant(t)
		ctx, s := tenancy.With(context.Background(), id), storeIn(t, w)
		m := managerOver(t, s)
		said := map[uint64]string{}
		var mu sync.Mutex
		for round := range rounds {
			var children sync.WaitGroup
			for child := range 2 {
				cmd, out := door.Send(t, "TestAnErrand", errand{w.Place(), id.String(), fmt.Sprint(round, ".", child, " ")})
				children.Go(func() {
					told := false
					for out.Scan() {
						var seq uint64
						var hash string
						if _, err := fmt.Sscanf(strings.TrimSpace(out.Text()), "said %d %s", &seq, &hash); err != nil || len(hash) != 64 {
							continue
						}
						if !told {
							told = true
							time.AfterFunc(time.Duration(rand.IntN(100))*time.Millisecond, func() { _ = cmd.Process.Kill() })
						}
						mu.Lock()
						if said[seq] != "" {
							t.Errorf("number %d was given twice", seq)
						}
						said[seq] = hash
						mu.Unlock()
					}
					_ = cmd.Wait()
					if !told {
						t.Error("a process recorded nothing")
					}
				})
			}
			children.Wait()
		}
		_, err := m.Import(ctx, consent.Import{ID: "last", User: "ann", Denied: consent.Of(consent.Analytics), Given: moment})
		require.NoError(t, err)
		rep, err := m.Verify(ctx)
		require.NoError(t, err)
		require.True(t, rep.OK(), rep.Broken)
		have := map[uint64]string{}
		for after := uint64(0); ; {
			es, err := s.Ledger(ctx, after, 1000)
			require.NoError(t, err)
			if len(es) == 0 {
				break
			}
			for _, e := range es {
				have[e.Seq] = hex.EncodeToString(e.Hash[:])
				after = e.Seq
			}
		}
		for seq, hash := range said {
			require.Equal(t, hash, have[seq], "entry %d was acknowledged", seq)
		}
		require.Len(t, have, int(rep.Head.Seq))
		t.Logf("%d processes killed, %d entries acknowledged, %d there", 2*rounds, len(said), len(have))
	})
}

// Several processes record for the same users at once: there is one chain, and each entry is of the one who was told so.
func TestSeveralProcessesMakeOneChain(t *testing.T) {
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		id := w.NewTenant(t)
		ctx := tenancy.With(context.Background(), id)
		said := map[uint64]string{}
		var mu sync.Mutex
		var children sync.WaitGroup
		for child := range 3 {
			cmd, out := door.Send(t, "TestAnErrand", errand{w.Place(), id.String(), fmt.Sprint(child, " ")})
			children.Go(func() {
				for n := 0; n < 40 && out.Scan(); {
					var seq uint64
					var hash string
					if _, err := fmt.Sscanf(strings.TrimSpace(out.Text()), "said %d %s", &seq, &hash); err != nil {
						continue
					}
					n++
					mu.Lock()
					if said[seq] != "" {
						t.Errorf("number %d was given twice", seq)
					}
					said[seq] = hash
					mu.Unlock()
				}
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
			})
		}
		children.Wait()
		require.Len(t, said, 120)
		rep, err := managerOver(t, storeIn(t, w)).Verify(ctx)
		require.NoError(t, err)
		require.True(t, rep.OK(), rep.Broken)
		require.GreaterOrEqual(t, rep.Entries, uint64(120))
	})
}
