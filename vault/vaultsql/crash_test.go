package vaultsql_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/bailiwick-dev/bailiwick/vault/vaultsql"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// errand is what another process is sent to do: to rotate the keys of a tenant, again and again, until it is killed.
type errand struct {
	Dir         string
	App, System dbtest.Login
	Tenant      string
	Keeper      string // the file of its key
}

const errandEnv = "BAILIWICK_VAULT_ERRAND"

// send starts a process on the errand.
func send(t *testing.T, e errand) (*osexec.Cmd, *bufio.Scanner) {
	t.Helper()
	text, err := json.Marshal(e)
	require.NoError(t, err)
	cmd := osexec.Command(os.Args[0], "-test.run=^TestAnErrand$")
	cmd.Env = append(os.Environ(), errandEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd, bufio.NewScanner(out)
}

// TestAnErrand is what send starts.
func TestAnErrand(t *testing.T) {
	text := os.Getenv(errandEnv)
	if text == "" {
		return
	}
	var e errand
	require.NoError(t, json.Unmarshal([]byte(text), &e))
	w := &world{dir: e.Dir}
	if e.Dir == "" {
		w.pg, w.keys = &dbtest.PG{App: e.App, System: e.System}, scopeKeys(t)
	}
	keeper, err := vault.KeyFromFile(e.Keeper)
	require.NoError(t, err)
	v := openVault(t, w.process(t), keeper)
	ctx := tenancy.With(t.Context(), tenancy.MustParseID(e.Tenant))
	say := func(words ...any) {
		if _, err := os.Stdout.WriteString("said " + fmt.Sprintln(words...)); err != nil {
			os.Exit(1)
		}
	}
	o := vault.Rotation{Progress: func(p vault.Progress) { say("done", p.Done) }}
	for {
		require.NoError(t, v.RotatePurposeKey(ctx, "mail", o))
		require.NoError(t, v.RotateTenantKey(ctx, o))
	}
}

// rotated checks that nothing is under a key that was replaced, so that it can be destroyed.
func rotated(t *testing.T, ctx context.Context, s *vaultsql.Store, under int) {
	t.Helper()
	rows, _, err := s.Keys(ctx)
	require.NoError(t, err)
	tops := 0
	for _, k := range rows {
		n, err := s.CountUnder(ctx, k.ID)
		require.NoError(t, err)
		switch {
		case k.Level == vault.OfTenant:
			tops++
			require.Equal(t, vault.Active, k.State, "an older one is destroyed")
		case k.State != vault.Active:
			require.Zero(t, n)
			require.NoError(t, s.DestroyKey(ctx, k.ID))
		case k.Purpose == "mail":
			require.Equal(t, under, n)
		}
	}
	require.Equal(t, 1, tops)
}

// sender is a secret of the purpose whose keys are rotated.
func sender(i int) vault.Ref { return vault.Ref{Purpose: "mail", ID: fmt.Sprint("sender ", i)} }

// A process that wraps some thousand keys anew, and seals anew some hundred secrets, is killed at any moment, while others read: they see no error, and whoever
// calls again brings it to its end.
func TestAKilledRotationLosesNothingAndIsTakenUpAgain(t *testing.T) {
	rounds, persons, senders := 4, 2500, 250
	if os.Getenv("BAILIWICK_SOAK") == "1" {
		rounds = 1000
	}
	onBoth(t, func(t *testing.T, w *world) {
		file := filepath.Join(t.TempDir(), "key")
		require.NoError(t, os.WriteFile(file, []byte(vault.NewKey().Reveal()), 0o600))
		keeper, err := vault.KeyFromFile(file)
		require.NoError(t, err)
		id := w.newTenant(t)
		ctx, s := tenancy.With(context.Background(), id), w.store(t)
		v := openVault(t, s, keeper)
		items := sealedTogether(t, ctx, w, v, "mail", persons)
		require.NoError(t, w.db.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error {
			for i := range senders {
				if err := v.Put(ctx, sender(i), secret(sender(i).ID), vault.Policy{}); err != nil {
					return err
				}
			}
			return nil
		}))

		e := errand{Dir: w.dir, Tenant: id.String(), Keeper: file}
		if w.pg != nil {
			e.App, e.System = w.pg.App, w.pg.System
		}
		var reads atomic.Int64
		var failed error
		stop := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() { failed = readOn(ctx, w.process(t), keeper, items, senders, &reads, stop) })
		for round := range rounds {
			if round%100 == 99 {
				t.Logf("%d processes killed", round)
			}
			cmd, out := send(t, e)
			told := false
			for out.Scan() {
				if !told && strings.HasPrefix(out.Text(), "said done") {
					told = true
					time.AfterFunc(time.Duration(rand.IntN(150))*time.Millisecond, func() { _ = cmd.Process.Kill() })
				}
			}
			_ = cmd.Wait()
			require.True(t, told)
		}
		close(stop)
		wg.Wait()
		require.NoError(t, failed)
		require.NotZero(t, reads.Load())
		require.NoError(t, v.RotatePurposeKey(ctx, "mail", vault.Rotation{}))
		require.NoError(t, v.RotateTenantKey(ctx, vault.Rotation{}))
		rotated(t, ctx, s, persons+senders)
		for _, v := range []*vault.Vault{v, openVault(t, w.process(t), keeper)} {
			opens(t, ctx, v, "mail", items)
			for i := range senders {
				require.NoError(t, useOne(ctx, v, i))
			}
		}
		t.Logf("%d processes killed, %d values read meanwhile", rounds, reads.Load())
	})
}

// readOn opens values until it is stopped, as processes do that begin with nothing in memory, and others that go on.
func readOn(ctx context.Context, s *vaultsql.Store, keeper vault.Keeper, items []item, senders int, reads *atomic.Int64, stop chan struct{}) error {
	for {
		v, err := vault.Open(ctx, s, keeper, vault.Options{FreshFor: 20 * time.Millisecond})
		if err != nil {
			return err
		}
		for range 20 {
			select {
			case <-stop:
				return v.Close()
			default:
			}
			if err := errors.Join(readSome(ctx, v, items), useOne(ctx, v, rand.IntN(senders))); err != nil {
				_ = v.Close()
				return err
			}
			reads.Add(51)
		}
		if err := v.Close(); err != nil {
			return err
		}
	}
}

func useOne(ctx context.Context, v *vault.Vault, i int) error {
	return v.Use(ctx, sender(i), func(secret []byte) error {
		if string(secret) != sender(i).ID {
			return fmt.Errorf("another secret came out")
		}
		return nil
	})
}

func readSome(ctx context.Context, v *vault.Vault, items []item) error {
	f, err := v.Field(ctx, "mail")
	if err != nil {
		return err
	}
	list := make([]vault.Item, 50)
	for i := range list {
		it := items[rand.IntN(len(items))]
		list[i] = vault.Item{ID: "row", Subject: it.who, Sealed: it.sealed}
	}
	if err := f.OpenMany(ctx, list); err != nil {
		return err
	}
	for i := range list {
		if list[i].Err != nil {
			return list[i].Err
		}
		if string(list[i].Plaintext) != string(list[i].Subject) {
			return fmt.Errorf("another value came out")
		}
	}
	return nil
}
