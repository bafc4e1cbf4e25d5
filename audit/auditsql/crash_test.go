package auditsql_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	mrand "math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/auditsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// told is what processes said of one tenant's log.
type told struct {
	tried  map[uuid.UUID]bool
	placed map[uuid.UUID]uint64
	parked map[uuid.UUID]bool
	signed map[uint64]string // root by size
	failed []string
}

func newTold() *told {
	return &told{tried: map[uuid.UUID]bool{}, placed: map[uuid.UUID]uint64{}, parked: map[uuid.UUID]bool{}, signed: map[uint64]string{}}
}

// hear adds a line of a process to what was told of the tenants, and reports whether it was an acknowledgement.
func hear(t *testing.T, all []*told, line string) bool {
	words := strings.Fields(line)
	if len(words) < 4 || words[0] != "said" {
		return false
	}
	tenant, err := strconv.Atoi(words[2])
	if err != nil {
		return false
	}
	h := all[tenant]
	switch words[1] {
	case "try":
		h.tried[uuid.MustParse(words[3])] = true
	case "parked":
		h.parked[uuid.MustParse(words[3])] = true
		return true
	case "placed":
		id := uuid.MustParse(words[3])
		seq, err := strconv.ParseUint(words[4], 10, 64)
		require.NoError(t, err)
		before, twice := h.placed[id]
		require.True(t, !twice || before == seq, "an id got two places")
		h.placed[id] = seq
		return true
	case "signed":
		size, err := strconv.ParseUint(words[3], 10, 64)
		require.NoError(t, err)
		require.Contains(t, []string{"", words[4]}, h.signed[size], "two roots were signed for one size")
		h.signed[size] = words[4]
	case "failed":
		h.failed = append(h.failed, strings.Join(words[3:], " "))
	}
	return false
}

// town is a database, and two tenants whose logs other processes write.
type town struct {
	*world
	store *auditsql.Store
	log   *audit.Log
	ids   []string
	told  []*told
	skey  string
	vkey  note.Verifier
}

func newTown(t *testing.T, w *world) *town {
	skey, vkey, err := note.GenerateKey(rand.Reader, "example.com/audit")
	require.NoError(t, err)
	v, err := note.NewVerifier(vkey)
	require.NoError(t, err)
	town := &town{world: w, store: w.store(t), skey: skey, vkey: v}
	town.log = openLog(t, town.store, skey)
	town.move(t)
	return town
}

// move gives the town two new tenants.
func (w *town) move(t *testing.T) {
	w.ids, w.told = nil, []*told{newTold(), newTold()}
	for range w.told {
		w.ids = append(w.ids, w.newTenant(t).String())
	}
}

func (w *town) errand() errand {
	e := errand{Dir: w.dir, Tenants: w.ids, Writers: 6, Signer: w.skey}
	if w.pg != nil {
		e.App, e.System = w.pg.App, w.pg.System
		for _, dsn := range []*string{&e.App.DSN, &e.System.DSN} {
			*dsn += map[bool]string{true: "&", false: "?"}[strings.Contains(*dsn, "?")] + "application_name=errand"
		}
	}
	return e
}

func (w *town) in(tenant int) context.Context {
	return tenancy.With(context.Background(), tenancy.MustParseID(w.ids[tenant]))
}

// gone waits until the server has noticed that a process is no more, and ended what it had begun.
func (w *town) gone(t *testing.T) {
	if w.pg == nil {
		return
	}
	admin, err := sql.Open("pgx", w.pg.Admin.DSN)
	require.NoError(t, err)
	defer admin.Close()
	require.Eventually(t, func() bool {
		var n int
		require.NoError(t, admin.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE application_name = 'errand'`).Scan(&n))
		return n == 0
	}, time.Minute, 10*time.Millisecond)
}

// check compares the logs with what was told of them, after a restart.
func (w *town) check(t *testing.T) {
	for tenant, h := range w.told {
		ctx := w.in(tenant)
		require.NoError(t, w.log.Flush(ctx))
		w.complete(t, ctx, h)
		// What was on its way when the process died is tried again, and is there once.
		for id := range h.tried {
			if _, placed := h.placed[id]; placed || h.parked[id] {
				continue
			}
			action := []audit.Action{crashed, rowed}[tenant]
			if tenant == 1 && !w.hasRow(t, ctx, id) {
				continue // its transaction never was
			}
			got, err := w.log.Append(ctx, crashEvent(id, action))
			require.NoError(t, err)
			h.placed[id] = got[0].Seq
		}
		w.complete(t, ctx, h)
		w.signedWell(t, ctx, h)
		if tenant == 1 {
			w.rowsMatch(t, ctx)
		}
	}
}

// complete checks that a log is whole and holds all that was acknowledged, where it was said to be.
func (w *town) complete(t *testing.T, ctx context.Context, h *told) {
	size, err := w.store.Size(ctx)
	require.NoError(t, err)
	pruned, err := w.store.PrunedTo(ctx)
	require.NoError(t, err)
	at := map[uuid.UUID]uint64{}
	next := pruned
	require.NoError(t, w.store.Leaves(ctx, 0, size, func(e audit.Stored) error {
		require.Equal(t, next, e.Seq, "a gap or a twin")
		require.Equal(t, [32]byte(tlog.RecordHash(e.Leaf)), e.Hash)
		_, twice := at[e.ID]
		require.False(t, twice, "an event twice")
		if strings.HasPrefix(e.Action, "test.") {
			require.True(t, h.tried[e.ID], "an event that nobody recorded")
		}
		at[e.ID] = e.Seq
		next++
		return nil
	}))
	require.Equal(t, size, next)
	for id, seq := range h.placed {
		if got, ok := at[id]; seq >= pruned {
			require.True(t, ok, "an acknowledged event is lost")
			require.Equal(t, seq, got, "an acknowledged event has moved")
		}
	}
	for id := range h.parked {
		require.Contains(t, at, id, "an event that committed with its row is lost")
	}
	for r, err := range w.log.Events(ctx, audit.Query{Oldest: true}) {
		require.NoError(t, err) // values fit their commitments
		require.GreaterOrEqual(t, r.Seq, pruned)
	}
}

func (w *town) hasRow(t *testing.T, ctx context.Context, id uuid.UUID) (ok bool) {
	require.NoError(t, w.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &ok, tx.Rebind(`SELECT EXISTS (SELECT 1 FROM note WHERE id = ?)`), id.String())
	}))
	return ok
}

// rowsMatch checks that each row has its event and each event its row.
func (w *town) rowsMatch(t *testing.T, ctx context.Context) {
	var rows, events []string
	require.NoError(t, w.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, `SELECT id FROM note`)
	}))
	require.NoError(t, w.store.Leaves(ctx, 0, 1<<40, func(e audit.Stored) error {
		if e.Action == rowed.Name() {
			events = append(events, e.ID.String())
		}
		return nil
	}))
	require.ElementsMatch(t, rows, events)
}

// signedWell checks that what was signed is still there, that the log extends all of it, and that it can be signed again.
func (w *town) signedWell(t *testing.T, ctx context.Context, h *told) {
	if size, err := w.store.Size(ctx); err != nil || size == 0 {
		require.NoError(t, err)
		return
	}
	newest, err := w.log.Checkpoint(ctx)
	require.NoError(t, err)
	seen := map[uint64]audit.Checkpoint{}
	require.NoError(t, w.store.Signed(ctx, 0, func(s audit.Signed) error {
		c, err := audit.ParseCheckpoint(s.Note, w.vkey)
		require.NoError(t, err)
		seen[s.Size] = c
		return nil
	}))
	for size, root := range h.signed {
		require.Contains(t, seen, size, "a checkpoint is lost")
		require.Equal(t, root, base64.StdEncoding.EncodeToString(func() []byte { r := seen[size].Root; return r[:] }()))
	}
	for size, c := range seen {
		path, err := w.log.ProveConsistency(ctx, size, newest.Size)
		require.NoError(t, err)
		require.NoError(t, audit.VerifyConsistency(c, newest, path))
	}
	var bundle bytes.Buffer
	end, err := w.log.Bundle(ctx, &bundle, audit.Bundling{By: audit.Party{Type: "job"}, Reason: "a test"})
	require.NoError(t, err)
	report, err := audit.Verify(ctx, &bundle, audit.Policy{Keys: []audit.Key{{Verifier: w.vkey}}, Trusted: [][]byte{end.Note}})
	require.NoError(t, err)
	require.Equal(t, audit.OK, report.Verdict, report.String())
}

// Processes that record, sign, erase and prune are killed at any moment, and each time the logs hold what was acknowledged.
func TestAKilledProcessLosesAndDoublesNothingItAcknowledged(t *testing.T) {
	rounds := 6
	if os.Getenv("BAILIWICK_SOAK") == "1" {
		rounds = 500
	}
	onBoth(t, func(t *testing.T, w *world) {
		town := newTown(t, w)
		acknowledged := 0
		for round := range rounds {
			if round%10 == 9 { // logs get long
				town.move(t)
			}
			e := town.errand()
			e.Chores = true
			cmd, out := send(t, e)
			killed := false
			kill := func() {
				killed = true
				time.AfterFunc(time.Duration(mrand.IntN(150))*time.Millisecond, func() { _ = cmd.Process.Kill() })
			}
			if round%4 == 3 { // perhaps before it has begun
				kill()
			}
			for out.Scan() {
				if hear(t, town.told, out.Text()) {
					if acknowledged++; !killed {
						kill()
					}
				}
			}
			_ = cmd.Wait()
			require.True(t, killed)
			for _, h := range town.told {
				require.Empty(t, h.failed)
			}
			town.gone(t)
			town.check(t)
		}
		require.GreaterOrEqual(t, acknowledged, rounds-rounds/4, "who is killed after it began has told of an event")
		t.Logf("%d processes killed, %d events acknowledged", rounds, acknowledged)
	})
}

// Several processes write the same logs to their end.
func TestManyProcessesOfManyWritersShareALog(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		town := newTown(t, w)
		e := town.errand()
		processes := 2
		if e.Writers, e.Tries = 4, 9; w.pg != nil {
			processes, e.Writers, e.Tries = 4, 8, 12
		}
		var outs []*bufio.Scanner
		for i := range processes {
			e.Chores = i == 0
			_, out := send(t, e)
			outs = append(outs, out)
		}
		for _, out := range outs {
			last := ""
			for out.Scan() {
				hear(t, town.told, out.Text())
				if strings.HasPrefix(out.Text(), "said ") {
					last = out.Text()
				}
			}
			require.Equal(t, "said done", last)
		}
		n := 0
		for _, h := range town.told {
			require.Empty(t, h.failed)
			n += len(h.placed) + len(h.parked)
			require.Len(t, h.tried, len(h.placed)+len(h.parked))
		}
		require.Equal(t, processes*e.Writers*e.Tries*4/3, n)
		town.gone(t)
		town.check(t)
	})
}
