package consent

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func (b *browser) withdraw(c ...Category) (err error) {
	b.do("POST", func(w http.ResponseWriter, r *http.Request) { _, err = b.m.Withdraw(w, r, c...) })
	return err
}

func TestAnOptOutIsNotTakenForARefusalOfTheSameMinute(t *testing.T) {
	t.Parallel()
	b, _ := newLedger(t, nil)
	_, err := b.choose(Answer{})
	require.NoError(t, err)
	b.user = "ann"
	b.get()
	other := b.another("")
	_, err = other.choose(Answer{OptOut: true})
	require.NoError(t, err)
	other.user = "ann"
	other.get()
	require.Equal(t, []Method{Linked, Linked}, methodsOf(b.ledger()))
	require.True(t, b.ledger()[1].OptOut)
}

func TestAYesStaysTheUsersWhoGaveItAfterTheySignedOut(t *testing.T) {
	t.Parallel()
	for _, store := range []bool{true, false} {
		b, s := newLedger(t, func(c *Config) {
			if !store {
				c.Store = nil
			}
		})
		b.user = "ann"
		_, err := b.choose(Answer{Grant: Of(Analytics, Functional)})
		require.NoError(t, err)
		b.user = ""
		failed := *b
		require.NoError(t, b.withdraw(Analytics))
		require.Equal(t, Of(Essential, Functional), b.get().Allowed())
		b.user = "ben"
		require.Equal(t, DeniedOtherUser, b.get().Why(Functional))
		b.user = "ann"
		require.Equal(t, Of(Essential, Functional), b.get().Allowed())
		if !store {
			continue
		}
		s.set(ErrUnavailable)
		_, err = failed.choose(Answer{Grant: Of(Functional)})
		require.ErrorIs(t, err, ErrUnavailable)
		s.set(nil)
		require.Equal(t, Of(Essential, Functional), failed.get().Allowed())
		failed.user = "ben"
		require.Equal(t, DeniedOtherUser, failed.get().Why(Functional))
		require.Empty(t, historyOf(t, b, "ben"))
	}
}

func TestABrowsersYesEndsAtItsTimeAlsoWhenItIsTheUsers(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	b, s := newLedger(t, nil)
	_, err := b.choose(Answer{Grant: Of(Analytics)})
	require.NoError(t, err)
	first, old := b.ledger()[0], *b
	now := noon.Add(100 * day)
	b.m.now, s.now = func() time.Time { return now }, func() time.Time { return now }
	b.user = "ann"
	require.True(t, b.get().Allows(Analytics))
	linked := b.ledger()[1]
	require.Equal(t, Of(Analytics), linked.Granted)
	require.Equal(t, first.Expires.Truncate(time.Second), linked.Expires)
	now = noon.Add(181 * day)
	old.user = "ben"
	require.False(t, old.get().Allows(Analytics))
	linked = b.ledger()[2]
	require.Zero(t, linked.Granted, "a yes that is over is nobody's")
	require.Zero(t, linked.Expires)
}
