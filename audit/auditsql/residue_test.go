package auditsql_test

import (
	"bytes"
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
)

// count counts marker in all files below dir.
func count(t *testing.T, dir string, marker string) (n int) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		n += bytes.Count(b, []byte(marker))
		return err
	}))
	return n
}

// about returns an event with openings of two of 20 people. What it says of number n begins with marked(n).
func about(r *rand.Rand) audit.Entry {
	e := entry(0, fmt.Sprint("leaf ", r.Uint64()))
	first := r.IntN(20)
	for _, n := range []int{first, (first + 1 + r.IntN(19)) % 20} {
		size := 1 + r.IntN(20)
		if r.IntN(10) == 0 {
			size = 50 + r.IntN(150) // some are more than a page
		}
		e.Open = append(e.Open, audit.Opening{Subject: audit.Pseudonym{byte(n + 1)}, Data: bytes.Repeat([]byte(marked(n)), size)})
	}
	return e
}

func marked(n int) string { return fmt.Sprintf("(of %02d, ann@example.com)", n) }

// erasePerson removes, or for every third event shortens, what the log says of number n.
func erasePerson(t *testing.T, ctx context.Context, s audit.Store, n int) {
	t.Helper()
	who := audit.Pseudonym{byte(n + 1)}
	var with []audit.Reopening
	require.NoError(t, s.Subjects(ctx, who, func(seq uint64, _ []byte) error {
		w := audit.Reopening{Seq: seq}
		if seq%3 == 0 {
			w.Data = []byte("less")
		}
		with = append(with, w)
		return nil
	}))
	require.NoError(t, s.Reopen(ctx, who, with))
}

func TestNothingErasedIsLeftInAnySQLiteFile(t *testing.T) {
	t.Parallel()
	w := onSQLite(t)
	ctx, s := w.tenant(t), w.store(t)
	r := rand.New(rand.NewPCG(1, 2))
	add := func() {
		for range 20 {
			batch := make([]audit.Entry, 64)
			for i := range batch {
				batch[i] = about(r)
			}
			_, err := s.Append(ctx, batch)
			require.NoError(t, err)
		}
	}
	add()
	require.NotZero(t, count(t, w.dir, marked(0)), "seen to look")
	for round, n := range r.Perm(20) {
		erasePerson(t, ctx, s, n)
		require.NoError(t, s.Expunge(ctx))
		require.Zero(t, count(t, w.dir, marked(n)), "round %d", round)
	}
	// What moved rows of others left behind would be seen here.
	require.Zero(t, count(t, w.dir, "ann@example.com"))

	add()
	for to := uint64(10); to <= 2200; to += 30 + r.Uint64N(60) { // the cut falls into many a page
		mark := entry(0, fmt.Sprintf(`{"data":{"to":%d}}`, to))
		mark.Action = "audit.pruned"
		placed, err := s.Append(ctx, []audit.Entry{mark})
		require.NoError(t, err)
		require.NoError(t, s.Prune(ctx, to, placed[0].Seq))
	}
	for n := range 20 {
		erasePerson(t, ctx, s, n)
	}
	require.NoError(t, s.Expunge(ctx))
	require.Zero(t, count(t, w.dir, "ann@example.com"))
	for _, e := range stored(t, ctx, s) {
		for _, o := range e.Open {
			require.Equal(t, "less", string(o.Data))
			require.Zero(t, e.Seq%3)
		}
	}
}

func TestAReaderDelaysWhatErasingRemovesAndTheLogSaysSo(t *testing.T) {
	t.Parallel()
	w := onSQLite(t)
	ctx := w.tenant(t)
	skey, _, err := note.GenerateKey(crand.Reader, "example.com/audit")
	require.NoError(t, err)
	log := openLog(t, w.store(t), skey)
	ann := audit.Party{Type: "user", ID: "7", Email: "ann@example.com", Person: true}
	_, err = log.Append(ctx, audit.Event{Action: crashed, Actor: ann})
	require.NoError(t, err)
	what := audit.Erasure{Subject: ann.Subject(), Basis: "GDPR Art. 17", By: audit.Party{Type: "job", ID: "1"}}
	enough := errors.New("enough")
	err = w.db.Read(ctx, func(within context.Context, tx *sqlx.Tx) error {
		var n int
		require.NoError(t, tx.GetContext(within, &n, `SELECT count(*) FROM audit_open`))
		done, err := log.Erase(ctx, what)
		require.NoError(t, err)
		require.Equal(t, 1, done.Events)
		require.True(t, done.Lingering)
		require.NotZero(t, count(t, w.dir, "ann@example.com"))
		return enough
	})
	require.ErrorIs(t, err, enough)
	require.Zero(t, count(t, w.dir, "ann@example.com"), "gone with the reader")

	_, err = log.Append(ctx, audit.Event{Action: crashed, Actor: ann})
	require.NoError(t, err)
	require.NoError(t, w.db.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error {
		_, err := log.Erase(ctx, what)
		return err
	}))
	require.Zero(t, count(t, w.dir, "ann@example.com"), "gone with the commit")
	again, err := log.Erase(ctx, what)
	require.NoError(t, err)
	require.Equal(t, audit.ErasureResult{}, again)
}

func TestExpungeOnPostgresIsTheServersBusiness(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	require.Equal(t, tenantdb.Postgres, w.db.Dialect())
	require.NoError(t, w.store(t).Expunge(w.tenant(t)))
}
