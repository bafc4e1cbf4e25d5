package auditsql_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	osexec "os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/auditsql"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// errand is what another process is sent to do: to record with many writers in the logs of two tenants, until it has
// made Tries attempts a writer, or for ever if that is 0. In the second tenant's log the events are those of rows. A process
// with Chores signs, erases and prunes as well, and prunes the first tenant's log only.
type errand struct {
	Dir         string
	App, System dbtest.Login
	Tenants     []string
	Writers     int
	Tries       int
	Chores      bool
	Signer      string // the key
}

const errandEnv = "BAILIWICK_AUDIT_ERRAND"

var (
	crashed = audit.Define("test.crashed", audit.Update)
	rowed   = audit.Define("test.rowed", audit.Create)
)

// openLog opens the log in s with the keys that all processes of a test share.
func openLog(t testing.TB, s audit.Store, skey string) *audit.Log {
	t.Helper()
	signer, err := audit.NewSigner(skey)
	require.NoError(t, err)
	key, err := tenancy.NewKey("k1", []byte(strings.Repeat("crash key ", 4)))
	require.NoError(t, err)
	l, err := audit.Open(t.Context(), s, audit.Options{Origin: "example.com/audit", Signer: signer, Key: key})
	require.NoError(t, err)
	return l
}

// send starts a process on the errand, behind the words of before if there are any.
func send(t *testing.T, e errand, before ...string) (*osexec.Cmd, *bufio.Scanner) {
	t.Helper()
	text, err := json.Marshal(e)
	require.NoError(t, err)
	words := append(before, os.Args[0], "-test.run=^TestAnErrand$")
	cmd := osexec.Command(words[0], words[1:]...)
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
	w := &world{}
	key, err := tenancy.NewKey("k1", []byte(strings.Repeat("k1", 16)))
	require.NoError(t, err)
	if e.Dir != "" {
		w.db = openSQLite(t, e.Dir).TenantDB()
	} else {
		db, _ := openPostgres(t, &dbtest.PG{App: e.App, System: e.System}, tenancy.Keys{Current: key})
		w.db = db.TenantDB()
	}
	s, err := auditsql.New(w.db)
	require.NoError(t, err)
	run := &errandRun{errand: e, world: w, log: openLog(t, s, e.Signer)}
	var wg sync.WaitGroup
	for i := range e.Writers {
		wg.Go(func() { run.write(i) })
	}
	if e.Chores {
		wg.Go(run.chores)
	}
	wg.Wait()
	require.NoError(t, run.log.Flush(run.ctx(0)))
	require.NoError(t, run.log.Close(t.Context()))
	run.say("done")
}

type errandRun struct {
	errand
	*world
	log *audit.Log
	mu  sync.Mutex
}

// say tells the test, in one write.
func (r *errandRun) say(words ...any) {
	line := "said " + fmt.Sprintln(words...)
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := os.Stdout.WriteString(line); err != nil {
		os.Exit(1)
	}
}

func (r *errandRun) ctx(tenant int) context.Context {
	return tenancy.With(context.Background(), tenancy.MustParseID(r.Tenants[tenant]))
}

func crashEvent(id uuid.UUID, action audit.Action) audit.Event {
	return audit.Event{ID: id, Action: action, Actor: audit.Party{Type: "user", ID: "7", Email: "seven@example.com", Person: true},
		Source: audit.Source{IP: netip.MustParseAddr("192.0.2.7")}, Data: map[string]any{"n": 1}}
}

func (r *errandRun) write(i int) {
	for n := 0; r.Tries == 0 || n < r.Tries; n++ {
		ids := []uuid.UUID{uuid.New()}
		if n%3 == 0 {
			ids = append(ids, uuid.New())
		}
		tenant := (i + n) % 2
		for _, id := range ids {
			r.say("try", tenant, id)
		}
		var got []audit.Receipt
		var err error
		if tenant == 0 {
			events := []audit.Event{}
			for _, id := range ids {
				events = append(events, crashEvent(id, crashed))
			}
			got, err = r.log.Append(r.ctx(0), events...)
		} else {
			err = r.db.Tx(r.ctx(1), func(ctx context.Context, tx *sqlx.Tx) error {
				got = nil
				for _, id := range ids {
					if _, err := tx.ExecContext(ctx, tx.Rebind(`INSERT INTO note (id) VALUES (?)`), id.String()); err != nil {
						return err
					}
					one, err := r.log.Append(ctx, crashEvent(id, rowed))
					if err != nil {
						return err
					}
					got = append(got, one...)
				}
				return nil
			}, tenantdb.Retry(100))
		}
		if err != nil {
			r.say("failed", tenant, fmt.Sprintf("%q", err))
			return
		}
		for _, one := range got {
			if one.Pending {
				r.say("parked", tenant, one.ID)
			} else {
				r.say("placed", tenant, one.ID, one.Seq)
			}
		}
	}
}

// chores signs, erases and prunes until the writers have had enough of it.
func (r *errandRun) chores() {
	for n := range 1 << 30 {
		for tenant := range r.Tenants {
			c, err := r.log.Checkpoint(r.ctx(tenant))
			if errors.Is(err, audit.ErrNotFound) {
				continue
			}
			if err == nil {
				r.say("signed", tenant, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
			}
			if err == nil && n%2 == 1 {
				_, err = r.log.Heads(r.ctx(tenant))
			}
			if err == nil && n%5 == 4 {
				_, err = r.log.Erase(r.ctx(tenant), audit.Erasure{Subject: "user:7", Basis: "a test", By: audit.Party{Type: "job"}})
			}
			if err == nil && tenant == 0 && n%3 == 2 && c.Size > 300 {
				_, err = r.log.Prune(r.ctx(0), audit.Pruning{To: (c.Size - 44) / 256 * 256, Basis: "a test", By: audit.Party{Type: "job"}})
			}
			if err != nil {
				r.say("failed", tenant, fmt.Sprintf("%q", err))
				return
			}
		}
		if r.Tries > 0 && n > 5 {
			return
		}
	}
}
