package auditsql_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/audittest/storetest"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// entry is one of a made-up action with n openings; its leaf is not one of package audit's.
func entry(n int, leaf string) audit.Entry {
	e := audit.Entry{ID: uuid.Must(uuid.NewV7()), Action: "test.done", Leaf: []byte(leaf), Hash: [32]byte(tlog.RecordHash([]byte(leaf)))}
	for i := range n {
		e.Open = append(e.Open, audit.Opening{Subject: audit.Pseudonym{byte(i + 1)}, Data: []byte(fmt.Sprintf("%s, by %d", leaf, i))})
	}
	return e
}

// stored returns all that the log of ctx's tenant holds.
func stored(t *testing.T, ctx context.Context, s audit.Tree) (all []audit.Stored) {
	t.Helper()
	size, err := s.Size(ctx)
	require.NoError(t, err)
	require.NoError(t, s.Leaves(ctx, 0, size, func(e audit.Stored) error { all = append(all, e); return nil }))
	return all
}

func TestStoresKeepTheContract(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) *world{"sqlite": onSQLite, "postgres": onPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t testing.TB) storetest.Harness {
				w := open(t)
				h := storetest.Harness{Tenant: w.newTenant}
				stores, _ := processes(t, w, 2)
				for _, s := range stores {
					h.Stores = append(h.Stores, s)
				}
				return h
			})
		})
	}
}

func TestWhatIsAppendedIsReadBack(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s, ctx := w.store(t), w.tenant(t)
		var want []audit.Entry
		for _, n := range []int{1, 5, 70} {
			batch := make([]audit.Entry, n)
			for i := range batch {
				batch[i] = entry(i%3, fmt.Sprintf("leaf %d of %d", i, n))
			}
			placed, err := s.Append(ctx, batch)
			require.NoError(t, err)
			for i, p := range placed {
				require.Equal(t, audit.Placed{Seq: uint64(len(want) + i), Hash: batch[i].Hash}, p)
			}
			want = append(want, batch...)
		}
		again, err := s.Append(ctx, []audit.Entry{entry(0, "new"), want[3], want[3]})
		require.NoError(t, err)
		require.EqualValues(t, 76, again[0].Seq)
		require.Equal(t, audit.Placed{Seq: 3, Hash: want[3].Hash, Again: true}, again[1])
		require.Equal(t, again[1], again[2])
		got := stored(t, ctx, s)
		require.Len(t, got, 77)
		for i, e := range want {
			require.Equal(t, e, got[i].Entry)
			require.EqualValues(t, i, got[i].Seq)
		}
		hashes, err := s.Hashes(ctx, 5, 9)
		require.NoError(t, err)
		require.Equal(t, want[5].Hash[:], hashes[:32])
	})
}

// SQLite takes a NUL in a text and Postgres does not: neither is asked.
func TestAnActWithANulIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		secret, _, err := note.GenerateKey(rand.Reader, "example.com/audit")
		require.NoError(t, err)
		v, ctx := openLog(t, w.store(t), secret), w.tenant(t)
		t.Cleanup(func() { require.NoError(t, v.Close(context.Background())) })
		_, err = v.Append(ctx, slices.Repeat([]audit.Event{{Action: fileOpened}}, 300)...)
		require.NoError(t, err)
		by, nul := audit.Party{Type: "user", ID: "7"}, "a\x00b"
		_, err = v.Hold(ctx, audit.Holding{ID: "m", Reason: "r", By: by})
		require.NoError(t, err)
		size := func() (n int) {
			for r, err := range v.Events(ctx, audit.Query{Limit: 1}) {
				require.NoError(t, err)
				n = int(r.Seq)
			}
			return n
		}
		before := size()
		for name, act := range map[string]func(text string, by audit.Party) error{
			"hold": func(text string, by audit.Party) error {
				_, err := v.Hold(ctx, audit.Holding{ID: "n", Reason: text, By: by})
				return err
			},
			"hold's id": func(text string, by audit.Party) error {
				_, err := v.Hold(ctx, audit.Holding{ID: text, Reason: "r", By: by})
				return err
			},
			"release": func(text string, by audit.Party) error { _, err := v.Release(ctx, "m", text, by); return err },
			"erase": func(text string, by audit.Party) error {
				_, err := v.Erase(ctx, audit.Erasure{Subject: "user:1", Basis: text, By: by})
				return err
			},
			"prune": func(text string, by audit.Party) error {
				_, err := v.Prune(ctx, audit.Pruning{To: 256, Basis: text, By: by})
				return err
			},
			"restore": func(text string, by audit.Party) error {
				_, err := v.AcceptRestore(ctx, audit.Restoring{Reason: text, By: by})
				return err
			},
		} {
			require.ErrorIs(t, act(nul, by), audit.ErrEvent, name)
			require.ErrorIs(t, act("fine", audit.Party{Type: "user", ID: nul}), audit.ErrEvent, name)
			require.ErrorIs(t, act("fine", audit.Party{Type: "user", ID: "7", Name: nul}), audit.ErrEvent, name)
		}
		require.Equal(t, before, size())

		// An event may have one: its text is bytes to the databases, and is found again.
		e := audit.Event{Action: fileOpened, Reason: nul, Actor: audit.Party{Type: "user", ID: nul, Name: nul},
			Targets: []audit.Party{{Type: "user", ID: nul, Person: true}}, Data: map[string]any{"k": nul, "list": []string{nul}, "p": audit.Personal(audit.Subject(nul), nul)}}
		require.NoError(t, v.Record(ctx, e))
		require.NoError(t, w.db.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error { return v.Record(ctx, e) }))
		for _, q := range []audit.Query{{Actor: audit.SubjectOf("user", nul)}, {Target: audit.SubjectOf("user", nul)}, {Subject: audit.Subject(nul)}} {
			found := 0
			for r, err := range v.Events(ctx, q) {
				require.NoError(t, err)
				require.Equal(t, nul, r.Reason)
				found++
			}
			require.Equal(t, 2, found)
			for _, f := range []audit.Format{audit.JSONL, audit.CSV, audit.OCSF} {
				_, err := v.Export(ctx, io.Discard, audit.Exporting{Query: q, Format: f, By: by, Reason: "asked"})
				require.NoError(t, err)
			}
		}
		_, err = v.Release(ctx, "m", "over", by)
		require.NoError(t, err)
		_, err = v.Checkpoint(ctx)
		require.NoError(t, err)
		_, err = v.Prune(ctx, audit.Pruning{To: 256, Basis: "retention", By: by})
		require.NoError(t, err)
	})
}
