package tombstone_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/tombstone"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// Pitfall: a backup is restored.
func TestARestoredBackupIsNotServedUntilReplayAndThenWhoWasErasedIsGone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		g := w.guard()
		w.user(1, "ann@example.test", 1)
		w.user(2, "bob@example.test", 2)
		w.user(3, "cyd@example.test", 3)
		w.exec("INSERT INTO invite (email) VALUES ('ann@example.test'), ('ann.old@example.test'), ('bob@example.test')")
		w.erase(g, "r-1", who(3))
		require.NoError(t, g.Start(t.Context()))
		restore := w.backup()

		w.erase(g, "r-2", who(1, "ann@example.test", "ann.old@example.test"))
		w.exec("DELETE FROM users WHERE id = 2") // left by himself: nobody asked that he is forgotten
		require.NoError(t, g.Start(t.Context()))
		require.Equal(t, 1, w.count("SELECT count(*) FROM invite"))

		restore()
		require.Equal(t, 2, w.count("SELECT count(*) FROM users"), "the backup is from before")
		for range 2 { // it does not go away by itself
			g = w.guard()
			require.ErrorIs(t, g.Start(t.Context()), tombstone.ErrRestored)
			require.ErrorIs(t, g.Check(w.ctx), tombstone.ErrRestored)
		}
		s, err := g.Prepare(w.ctx, "r-3", who(2))
		require.NoError(t, err)
		require.ErrorIs(t, g.Place(w.ctx, s, day), tombstone.ErrRestored, "a new line would hide what is behind")

		r, err := g.Replay(w.ctx)
		require.NoError(t, err)
		require.Equal(t, tombstone.Replayed{Lines: 1, Erased: []uint64{2}}, r)
		require.NoError(t, g.Start(t.Context()))
		require.Zero(t, w.count("SELECT count(*) FROM users WHERE id = 1"))
		require.Equal(t, 1, w.count("SELECT count(*) FROM users WHERE id = 2"))
		require.Equal(t, 1, w.count("SELECT count(*) FROM invite"), "by what she was called before, too")

		r, err = g.Replay(w.ctx)
		require.NoError(t, err)
		require.Zero(t, r)

		restore() // a second time
		r, err = w.guard().Replay(w.ctx)
		require.NoError(t, err)
		require.Equal(t, []uint64{2}, r.Erased)
	})
}

// Pitfall: an erased id is given to somebody new (SQLite's rowid).
func TestAReusedIDIsNeverErasedByAReplay(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		g := w.guard()
		empty := w.backup()
		w.user(7, "ann@example.test", 1)
		w.erase(g, "r-1", who(7))
		w.user(7, "new@example.test", 2)
		require.NoError(t, g.Start(t.Context()))

		// The place in the log is lost, as by a restore of some tables only.
		empty()
		w.user(7, "new@example.test", 2)
		w.exec("INSERT INTO invite (email) VALUES ('ann@example.test')")
		g = w.guard()
		r, err := g.Replay(w.ctx)
		require.NoError(t, err)
		require.Equal(t, []uint64{1}, r.Erased, "the invitation")
		require.Equal(t, 1, w.count("SELECT count(*) FROM users WHERE email = 'new@example.test'"))
		require.Zero(t, w.count("SELECT count(*) FROM invite"))

		// Even if the new one has the address of the old one: made at another time, somebody else's.
		empty()
		w.user(7, "Ann+news@example.test", 3)
		w.exec("INSERT INTO invite (email) VALUES ('ann@example.test')")
		r, err = w.guard().Replay(w.ctx)
		require.NoError(t, err)
		require.Equal(t, []uint64{1}, r.Reused)
		require.Equal(t, 1, w.count("SELECT count(*) FROM users"))
		require.Equal(t, 1, w.count("SELECT count(*) FROM invite"), "it may be hers")
	})
}

func TestWithoutATimeWhoHasTheKeyIsKnownByAnIdentifierOrSomebodyDecides(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		g := w.guard()
		empty := w.backup()
		add := func(email string) { w.exec("INSERT INTO bare (id, email) VALUES (7, ?)", email) }
		add("ann@example.test")
		w.erase(g, "r-1", dsar.Person{Kind: "bare", Key: []string{"7"}, Known: map[string][]string{"bare email": {"ann.old@example.test"}}})

		empty()
		add("Ann.Old@example.test")
		r, err := w.guard().Replay(w.ctx)
		require.NoError(t, err)
		require.Equal(t, []uint64{1}, r.Erased)

		empty()
		add("new@example.test")
		g = w.guard()
		_, err = g.Replay(w.ctx)
		require.ErrorIs(t, err, tombstone.ErrUnsure)
		require.NotContains(t, err.Error(), "@")
		require.ErrorIs(t, g.Check(w.ctx), tombstone.ErrRestored)
		require.Equal(t, 1, w.count("SELECT count(*) FROM bare"))
		for _, same := range []bool{false, true} {
			empty()
			add("new@example.test")
			g = w.guard()
			g.Decide = func(_ context.Context, e tombstone.Entry, key []string) (bool, error) {
				require.Equal(t, "7", key[0])
				require.Equal(t, "r-1", e.ID)
				return same, nil
			}
			r, err := g.Replay(w.ctx)
			require.NoError(t, err)
			require.Equal(t, same, len(r.Erased) == 1, "%+v", r)
			require.Equal(t, !same, w.count("SELECT count(*) FROM bare") == 1)
		}
	})
}

func TestWhoHasNoRowIsFoundAgainByIdentifiers(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		g := w.guard()
		w.exec("INSERT INTO invite (email) VALUES ('reader@example.test'), ('other@example.test')")
		restore := w.backup()
		reader := dsar.Person{Kind: "reader", Known: map[string][]string{"address": {"reader@example.test"}}}
		w.erase(g, "r-1", reader)
		restore()
		r, err := w.guard().Replay(w.ctx)
		require.NoError(t, err)
		require.Equal(t, []uint64{1}, r.Erased)
		require.Equal(t, 1, w.count("SELECT count(*) FROM invite"))
	})
}

func TestAReplayThatFailsGoesOnWhereItWas(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		g := w.guard()
		restore := w.backup()
		for i := range 3 {
			w.user(i, "u@example.test", i)
			w.erase(g, string(rune('a'+i)), who(i))
		}
		restore()
		w.user(1, "u@example.test", 1)
		g = w.guard()
		g.Eraser.(*eraser).fail = dsar.ErrHeld
		r, err := g.Replay(w.ctx)
		require.ErrorIs(t, err, dsar.ErrHeld)
		require.Equal(t, 1, r.Lines)
		require.ErrorIs(t, g.Check(w.ctx), tombstone.ErrRestored, "it is not served")
		g = w.guard()
		r, err = g.Replay(w.ctx)
		require.NoError(t, err)
		require.Equal(t, tombstone.Replayed{Lines: 2, Erased: []uint64{2}, Absent: []uint64{3}}, r)
		require.Len(t, g.Eraser.(*eraser).jobs, 1)

		restore()
		w.user(1, "u@example.test", 1)
		g = w.guard()
		g.Prover = dirty{}
		for range 2 { // gone, and found all the same
			_, err = g.Replay(w.ctx)
			require.ErrorIs(t, err, dsar.ErrResidue)
			require.ErrorIs(t, g.Check(w.ctx), tombstone.ErrRestored)
		}
	})
}

type dirty struct{}

func (dirty) Prove(context.Context, dsar.Person) (*dsar.Proof, error) {
	return &dsar.Proof{Found: []dsar.Residue{{Table: "invite", Rows: 1}}}, nil
}

func TestACrashBetweenLogAndDatabaseIsMadeUpFor(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		g := w.guard()
		w.user(1, "ann@example.test", 1)
		s, err := g.Prepare(w.ctx, "r-1", who(1))
		require.NoError(t, err)
		w.exec("DELETE FROM users")
		_, err = w.log.Append(w.ctx, s, day) // and then the process is killed
		require.NoError(t, err)
		require.NoError(t, g.Place(w.ctx, s, day.Add(time.Hour)), "who goes on places it again")
		require.NoError(t, g.Place(w.ctx, s, day.Add(time.Hour)))
		require.NoError(t, g.Check(w.ctx))
		head, err := w.log.Head(w.ctx, s.Tenant)
		require.NoError(t, err)
		require.Equal(t, uint64(1), head.Seq)

		s, err = g.Prepare(w.ctx, "r-2", who(2))
		require.NoError(t, err)
		_, err = w.log.Append(w.ctx, s, day)
		require.NoError(t, err)
		r, err := g.Replay(w.ctx) // or nobody does
		require.NoError(t, err)
		require.Equal(t, []uint64{2}, r.Absent)
		require.NoError(t, g.Check(w.ctx))
	})
}

func TestALogThatWasCutOrReplacedIsNotBelieved(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		g := w.guard()
		for i := range 3 {
			w.user(i, "u@example.test", i)
			w.erase(g, string(rune('a'+i)), who(i))
		}
		text, err := os.ReadFile(w.path)
		require.NoError(t, err)
		first := strings.SplitAfter(string(text), "\n")[0]
		for name, content := range map[string]string{"cut": first, "empty": ""} {
			other := logPath(t)
			require.NoError(t, os.WriteFile(other, []byte(content), 0o600))
			g := w.guard()
			g.Log = openFile(t, other)
			require.ErrorIs(t, g.Check(w.ctx), tombstone.ErrLog, name)
			_, err := g.Replay(w.ctx)
			require.ErrorIs(t, err, tombstone.ErrLog, name)
			s, err := g.Prepare(w.ctx, "z", who(1))
			require.NoError(t, err)
			require.ErrorIs(t, g.Place(w.ctx, s, day), tombstone.ErrLog, name)
		}
		other := openFile(t, logPath(t))
		for i := range 3 {
			s, err := g.Prepare(w.ctx, string(rune('a'+i)), who(i))
			require.NoError(t, err)
			_, err = other.Append(w.ctx, s, day)
			require.NoError(t, err)
		}
		g.Log = other
		require.ErrorIs(t, g.Check(w.ctx), tombstone.ErrLog, "as long, and another one")
	})
}

// Pitfall: what is kept of an erasure holds the data.
func TestTheLogHoldsNothingPersonalInClear(t *testing.T) {
	t.Parallel()
	w := onSQLite(t)
	g := w.guard()
	const email, old = "jane.roe@example.test", "+61400123456"
	w.user(4711007, email, 1234567)
	w.erase(g, "r-1", who(4711007, old))
	text, err := os.ReadFile(w.path)
	require.NoError(t, err)
	for _, value := range []string{email, "jane", old, "61400", "4711007", "1234567", "user"} {
		require.NotContains(t, string(text), value)
	}
	s, err := g.Prepare(w.ctx, "r-2", who(4711007, old))
	require.NoError(t, err)
	long, err := g.Prepare(w.ctx, "r-2", who(4711007, old, strings.Repeat("x", 40)))
	require.NoError(t, err)
	require.Len(t, long.Sealed, len(s.Sealed), "how long a name is, is hidden")
}

func TestAKeyThatIsGoneOpensNothingAndItsLinesAreNotNeeded(t *testing.T) {
	t.Parallel()
	w := onSQLite(t)
	g := w.guard()
	empty := w.backup()
	w.user(1, "ann@example.test", 1)
	w.erase(g, "r-1", who(1))
	between := w.backup()
	g.Keys = appKeys(t, "k2", "k1")
	w.user(2, "bob@example.test", 2)
	w.erase(g, "r-2", who(2))

	between()
	g = w.guard()
	g.Keys = appKeys(t, "k2") // k1 was destroyed when the last backup from before r-1 was
	r, err := g.Replay(w.ctx)
	require.NoError(t, err)
	require.Equal(t, 1, r.Lines)
	empty()
	g = w.guard()
	g.Keys = appKeys(t, "k2")
	_, err = g.Replay(w.ctx)
	require.ErrorIs(t, err, tombstone.ErrKey)
	require.ErrorIs(t, g.Check(w.ctx), tombstone.ErrRestored)
	g.Keys = nil
	_, err = g.Prepare(w.ctx, "r-3", who(1))
	require.ErrorIs(t, err, tombstone.ErrKey)
}

func TestALineMadeOfPartsOfTwoDoesNotOpen(t *testing.T) {
	t.Parallel()
	w := onSQLite(t)
	g := w.guard()
	w.user(1, "ann@example.test", 1)
	w.user(2, "bob@example.test", 2)
	a, err := g.Prepare(w.ctx, "r-1", who(1))
	require.NoError(t, err)
	b, err := g.Prepare(w.ctx, "r-2", who(2))
	require.NoError(t, err)
	for i, mixed := range []tombstone.Stone{
		{ID: a.ID, Tenant: a.Tenant, Key: a.Key, Subject: a.Subject, Born: a.Born, Map: a.Map, Sealed: b.Sealed},
		{ID: a.ID, Tenant: a.Tenant, Key: a.Key, Subject: a.Subject, Born: b.Born, Map: a.Map, Sealed: a.Sealed},
		{ID: b.ID, Tenant: a.Tenant, Key: a.Key, Subject: a.Subject, Born: a.Born, Map: a.Map, Sealed: a.Sealed},
	} {
		g := w.guard()
		other := openFile(t, logPath(t))
		g.Log = other
		_, err := other.Append(w.ctx, mixed, day)
		require.NoError(t, err)
		_, err = g.Replay(w.ctx)
		require.ErrorIs(t, err, tombstone.ErrLog, "%d", i)
	}
	require.Equal(t, 2, w.count("SELECT count(*) FROM users"))
	other := tenancy.With(t.Context(), acme)
	require.ErrorIs(t, g.Place(other, a, day), tenancy.ErrConflict)
	_, err = g.Prepare(t.Context(), "r", who(1))
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
}
