package vaulttest

import (
	"context"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/stretchr/testify/require"
)

var keyTests = []test{
	{"a store without keys has none, at epoch 0", noKeys},
	{"what is added is read back", addedKeys},
	{"an active key is returned in place of a second one", secondKey},
	{"a key is replaced by naming it", replacedKey},
	{"a key under one that is not active is refused", keyUnderInactive},
	{"of 50 who add the first key all get the same", raceFirst},
	{"of 50 who replace a key one does", raceReplace},
	{"nothing is added under a key once it is retired", raceRetire},
	{"keys are listed oldest first", keyOrder},
	{"keys are found by their names, whatever their state", keysByID},
	{"the keys of many persons are found at once", subjectKeys},
	{"a ctx that has ended does nothing", endedCtx},
}

func noKeys(t *testing.T, h *house) {
	rows, epoch, err := h.Keys(h.ctx)
	require.NoError(t, err)
	require.Empty(t, rows)
	require.Zero(t, epoch)
	require.Zero(t, h.epochNow(t))
	for _, n := range []int{0, 1, 3} {
		some := make([]vault.KeyID, n)
		rows, err = h.KeysByID(h.ctx, some)
		require.NoError(t, err)
		require.Empty(t, rows)
		rows, err = h.SubjectKeys(h.ctx, "mail", make([]vault.Pseudonym, n))
		require.NoError(t, err)
		require.Empty(t, rows)
	}
}

func addedKeys(t *testing.T, h *house) {
	before, err := h.Now(h.ctx)
	require.NoError(t, err)
	top, purpose := h.tree(t)
	after, err := h.process(1).Now(h.ctx)
	require.NoError(t, err)
	require.False(t, top.Created.Before(before.Truncate(time.Microsecond)))
	require.False(t, after.Before(purpose.Created))
	person := h.add(t, newKey(vault.OfSubject, "mail", somebody(), purpose.ID), vault.KeyID{})
	for _, k := range []vault.WrappedKey{top, purpose, person} {
		got := h.one(t, k.ID)
		same(t, k, got)
		require.True(t, k.Created.Equal(got.Created))
		require.Equal(t, vault.Active, got.State)
	}
	rows, epoch, err := h.Keys(h.ctx)
	require.NoError(t, err)
	require.Equal(t, []vault.KeyID{top.ID, purpose.ID}, ids(rows), "those of persons are not listed")
	require.Zero(t, epoch, "nothing was retired")
	same(t, purpose, rows[1])
}

func secondKey(t *testing.T, h *house) {
	top, purpose := h.tree(t)
	who := somebody()
	person := h.add(t, newKey(vault.OfSubject, "mail", who, purpose.ID), vault.KeyID{})
	for _, first := range []vault.WrappedKey{top, purpose, person} {
		for _, after := range []vault.KeyID{{}, newID()} {
			k := newKey(first.Level, first.Purpose, first.Subject, first.Parent)
			got, err := h.AddKey(h.ctx, k, after)
			require.NoError(t, err)
			same(t, first, got)
			rows, err := h.KeysByID(h.ctx, []vault.KeyID{k.ID})
			require.NoError(t, err)
			require.Empty(t, rows, "it is not stored")
		}
		got, err := h.AddKey(h.ctx, first, vault.KeyID{})
		require.NoError(t, err, "also the same again")
		same(t, first, got)
	}
	require.Zero(t, h.epochNow(t))
	// Level, purpose and person make the place.
	h.add(t, newKey(vault.OfPurpose, "phone", vault.Pseudonym{}, top.ID), vault.KeyID{})
	h.add(t, newKey(vault.OfSubject, "mail", somebody(), purpose.ID), vault.KeyID{})
	h.add(t, newKey(vault.OfSubject, "phone", who, purpose.ID), vault.KeyID{})
	h.add(t, newKey(vault.OfPurpose, "", vault.Pseudonym{}, top.ID), vault.KeyID{})
}

func replacedKey(t *testing.T, h *house) {
	top, purpose := h.tree(t)
	for _, old := range []vault.WrappedKey{purpose, top} {
		before := h.epochNow(t)
		k := h.add(t, newKey(old.Level, old.Purpose, old.Subject, old.Parent), old.ID)
		require.Greater(t, h.epochNow(t), before)
		require.Equal(t, vault.Active, h.one(t, k.ID).State)
		got := h.one(t, old.ID)
		require.Equal(t, vault.Retired, got.State)
		same(t, old, got)
		// Who names the retired one comes too late.
		late, err := h.AddKey(h.ctx, newKey(old.Level, old.Purpose, old.Subject, old.Parent), old.ID)
		require.NoError(t, err)
		require.Equal(t, k.ID, late.ID)
	}
	rows, _, err := h.Keys(h.ctx)
	require.NoError(t, err)
	require.Len(t, rows, 4, "retired ones are listed")
}

func keyUnderInactive(t *testing.T, h *house) {
	top, purpose := h.tree(t)
	h.add(t, newKey(vault.OfPurpose, "mail", vault.Pseudonym{}, top.ID), purpose.ID)
	before := h.epochNow(t)
	for _, parent := range []vault.KeyID{purpose.ID, newID(), {}} {
		k := newKey(vault.OfSubject, "mail", somebody(), parent)
		_, err := h.AddKey(h.ctx, k, vault.KeyID{})
		require.ErrorIs(t, err, vault.ErrConflict)
		rows, err := h.KeysByID(h.ctx, []vault.KeyID{k.ID})
		require.NoError(t, err)
		require.Empty(t, rows)
	}
	old := h.add(t, newKey(vault.OfPurpose, "phone", vault.Pseudonym{}, top.ID), vault.KeyID{})
	_, err := h.AddKey(h.ctx, newKey(vault.OfPurpose, "phone", vault.Pseudonym{}, purpose.ID), old.ID)
	require.ErrorIs(t, err, vault.ErrConflict)
	require.Equal(t, vault.Active, h.one(t, old.ID).State, "it changes nothing")
	require.Equal(t, before, h.epochNow(t))
}

const racers = 50

func raceFirst(t *testing.T, h *house) {
	parent := newID()
	var top vault.KeyID
	for _, place := range []vault.WrappedKey{{Level: vault.OfTenant}, {Level: vault.OfPurpose, Purpose: "mail"}, {Level: vault.OfSubject, Purpose: "mail", Subject: somebody()}} {
		got, errs := make([]vault.WrappedKey, racers), make([]error, racers)
		together(racers, func(i int) {
			got[i], errs[i] = h.process(i).AddKey(h.ctx, newKey(place.Level, place.Purpose, place.Subject, parent), vault.KeyID{})
		})
		for i := range got {
			require.NoError(t, errs[i])
			require.Equal(t, got[0], got[i], "all have the same key")
		}
		top = got[0].ID
		parent = top
	}
	rows, epoch, err := h.Keys(h.ctx)
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Zero(t, epoch)
}

func raceReplace(t *testing.T, h *house) {
	top, old := h.tree(t)
	for range 3 {
		added, errs := make([]vault.WrappedKey, racers), make([]error, racers)
		before := h.epochNow(t)
		own := make([]vault.KeyID, racers)
		together(racers, func(i int) {
			k := newKey(vault.OfPurpose, "mail", vault.Pseudonym{}, top.ID)
			own[i] = k.ID
			added[i], errs[i] = h.process(i).AddKey(h.ctx, k, old.ID)
		})
		winners := 0
		for i := range added {
			require.NoError(t, errs[i])
			require.Equal(t, added[0].ID, added[i].ID)
			if added[i].ID == own[i] {
				winners++
			}
		}
		require.Equal(t, 1, winners)
		require.Equal(t, vault.Retired, h.one(t, old.ID).State)
		require.Equal(t, before+1, h.epochNow(t))
		old = added[0]
	}
}

// Who adds keys and who replaces their parent meet: what was added is under the parent by the time it is retired, or not at all.
func raceRetire(t *testing.T, h *house) {
	top, old := h.tree(t)
	for range 4 {
		errs := make([]error, 24)
		var under int
		var replaced error
		var fresh vault.WrappedKey
		together(len(errs)+1, func(i int) {
			if i == len(errs) {
				fresh, replaced = h.process(1).AddKey(h.ctx, newKey(vault.OfPurpose, "mail", vault.Pseudonym{}, top.ID), old.ID)
				if replaced == nil {
					under, replaced = h.process(1).CountUnder(h.ctx, old.ID)
				}
				return
			}
			_, errs[i] = h.process(i).AddKey(h.ctx, newKey(vault.OfSubject, "mail", somebody(), old.ID), vault.KeyID{})
		})
		require.NoError(t, replaced)
		added := 0
		for _, err := range errs {
			if err == nil {
				added++
			} else {
				require.ErrorIs(t, err, vault.ErrConflict)
			}
		}
		require.Equal(t, added, under, "none came under it later")
		old = fresh
	}
}

func keyOrder(t *testing.T, h *house) {
	top, purpose := h.tree(t)
	want := []vault.KeyID{top.ID, purpose.ID}
	for i := range 20 {
		want = append(want, h.add(t, newKey(vault.OfPurpose, name(i*7%20), vault.Pseudonym{}, top.ID), vault.KeyID{}).ID)
	}
	h.add(t, newKey(vault.OfSubject, "mail", somebody(), purpose.ID), vault.KeyID{})
	want = append(want, h.add(t, newKey(vault.OfPurpose, "mail", vault.Pseudonym{}, top.ID), purpose.ID).ID)
	rows, epoch, err := h.process(1).Keys(h.ctx)
	require.NoError(t, err)
	require.Equal(t, want, ids(rows))
	require.Equal(t, h.epochNow(t), epoch)
	for i := 1; i < len(rows); i++ {
		require.False(t, rows[i].Created.Before(rows[i-1].Created))
	}
}

func keysByID(t *testing.T, h *house) {
	_, purpose := h.tree(t)
	var want, asked []vault.KeyID
	for i, k := range h.fill(t, purpose, 300) { // more than a statement may have
		want, asked = append(want, k.ID), append(asked, k.ID, newID())
		if i%150 == 0 {
			_, err := h.Shred(h.ctx, k.Subject)
			require.NoError(t, err)
		}
	}
	rows, err := h.KeysByID(h.ctx, asked)
	require.NoError(t, err)
	require.ElementsMatch(t, want, ids(rows))
	shredded := 0
	for _, k := range rows {
		if k.State == vault.Shredded {
			require.Empty(t, k.Wrapped)
			shredded++
		}
	}
	require.Equal(t, 2, shredded)
}

func subjectKeys(t *testing.T, h *house) {
	top, purpose := h.tree(t)
	phone := h.add(t, newKey(vault.OfPurpose, "phone", vault.Pseudonym{}, top.ID), vault.KeyID{})
	var who []vault.Pseudonym
	var want []vault.KeyID
	for i := range 30 {
		who = append(who, somebody())
		h.add(t, newKey(vault.OfSubject, "phone", who[i], phone.ID), vault.KeyID{})
		if i%3 == 0 {
			continue // has none of this purpose
		}
		k := h.add(t, newKey(vault.OfSubject, "mail", who[i], purpose.ID), vault.KeyID{})
		if i%3 == 1 { // has a newer one
			k = h.add(t, newKey(vault.OfSubject, "mail", who[i], purpose.ID), k.ID)
		}
		want = append(want, k.ID)
	}
	rows, err := h.SubjectKeys(h.ctx, "mail", who)
	require.NoError(t, err)
	require.ElementsMatch(t, want, ids(rows))
	rows, err = h.SubjectKeys(h.ctx, "mail", who[1:2])
	require.NoError(t, err)
	require.Equal(t, want[:1], ids(rows))
	_, err = h.Shred(h.ctx, who[1])
	require.NoError(t, err)
	rows, err = h.SubjectKeys(h.ctx, "mail", who)
	require.NoError(t, err)
	require.ElementsMatch(t, want[1:], ids(rows))
	// The place of the tenant's and the purposes' keys is nobody's.
	rows, err = h.SubjectKeys(h.ctx, "mail", []vault.Pseudonym{{}})
	require.NoError(t, err)
	require.Empty(t, rows)
}

func endedCtx(t *testing.T, h *house) {
	top, purpose := h.tree(t)
	secret := h.put(t, h.newSecret(t, "slack", "bot"))
	live := h.ctx
	ctx, stop := context.WithCancel(h.ctx)
	stop()
	_, err := h.AddKey(ctx, newKey(vault.OfPurpose, "phone", vault.Pseudonym{}, top.ID), vault.KeyID{})
	require.ErrorIs(t, err, context.Canceled)
	_, err = h.AddKey(ctx, newKey(vault.OfPurpose, "mail", vault.Pseudonym{}, top.ID), purpose.ID)
	require.ErrorIs(t, err, context.Canceled)
	_, err = h.Shred(ctx, somebody())
	require.ErrorIs(t, err, context.Canceled)
	_, _, err = h.Keys(ctx)
	require.ErrorIs(t, err, context.Canceled)
	_, err = h.KeysByID(ctx, []vault.KeyID{top.ID})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, h.PutSecret(ctx, next(secret, 9)), context.Canceled)
	require.ErrorIs(t, h.RemoveSecret(ctx, "slack", "bot"), context.Canceled)
	_, err = h.Lease(ctx, "slack", "bot", "me", 1e9)
	require.ErrorIs(t, err, context.Canceled)
	_, err = h.Now(ctx)
	require.ErrorIs(t, err, context.Canceled)
	_, _, err = h.Roots(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, h.AddRoot(ctx, newRoot(), vault.KeyID{}), context.Canceled)
	h.ctx = live
	rows, epoch, err := h.Keys(h.ctx)
	require.NoError(t, err)
	require.Zero(t, epoch)
	require.Len(t, rows, 2)
	got, err := h.Secret(h.ctx, "slack", "bot")
	require.NoError(t, err)
	require.Equal(t, secret, got)
}
