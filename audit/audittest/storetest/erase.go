package storetest

import (
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/stretchr/testify/require"
)

var eraseTests = []test{
	{"a subject's places in order, where there is something to erase", eraseSubjects},
	{"an opening is cut or removed and nothing else changes", eraseReopens},
	{"openings are reopened all or none", eraseAllOrNone},
	{"a hold stays until it is released", holdStays},
	{"what a hold covers is not reopened", holdBlocks},
}

// people gives b's log 12 entries with something of ann, the mark of bob, or both.
func people(t *testing.T, b *book) []audit.Entry {
	var list []audit.Entry
	for i := range 12 {
		var open []audit.Opening
		if i%2 == 0 {
			open = append(open, about("ann", "ann's value\x00"))
		}
		if i%3 == 0 {
			open = append(open, about("bob", ""))
		}
		list = append(list, b.entry("note.written", open...))
	}
	b.append(t, list...)
	return list
}

func (b *book) subject(t require.TestingT, name string) (at []uint64, data []string) {
	require.NoError(t, b.Stores[len(b.Stores)-1].Subjects(b.ctx, who(name), func(seq uint64, d []byte) error {
		at, data = append(at, seq), append(data, string(d))
		return nil
	}))
	return at, data
}

func (b *book) found(t require.TestingT, name string) (at []uint64) {
	require.NoError(t, b.store().Find(b.ctx, audit.Find{Subject: new(who(name)), Limit: 100}, func(e audit.Stored) error {
		at = append(at, e.Seq)
		return nil
	}))
	return at
}

func eraseSubjects(t *testing.T, b *book) {
	people(t, b)
	at, data := b.subject(t, "ann")
	require.Equal(t, []uint64{0, 2, 4, 6, 8, 10}, at)
	for _, d := range data {
		require.Equal(t, "ann's value\x00", d)
	}
	at, _ = b.subject(t, "bob")
	require.Empty(t, at, "nothing of bob's can be erased")
	require.Equal(t, []uint64{0, 3, 6, 9}, b.found(t, "bob"))
	at, _ = b.subject(t, "nobody")
	require.Empty(t, at)
	require.ErrorIs(t, b.store().Subjects(b.ctx, who("ann"), func(uint64, []byte) error { return errStop }), errStop)
}

func eraseReopens(t *testing.T, b *book) {
	list := people(t, b)
	hashes, err := b.store().Hashes(b.ctx, 0, 12)
	require.NoError(t, err)
	hashes = append([]byte(nil), hashes...)
	require.NoError(t, b.store().Reopen(b.ctx, who("ann"), []audit.Reopening{{Seq: 4, Data: []byte("shorter")}, {Seq: 6}, {Seq: 0, Data: []byte("s")}}))
	require.NoError(t, b.store().Reopen(b.ctx, who("bob"), []audit.Reopening{{Seq: 9}}))
	require.NoError(t, b.store().Reopen(b.ctx, who("bob"), nil))
	list[0].Open = []audit.Opening{about("ann", "s"), about("bob", "")}
	list[4].Open[0].Data = []byte("shorter")
	list[6].Open = []audit.Opening{about("bob", "")}
	list[9].Open = nil
	for i, e := range b.all(t) {
		same(t, uint64(i), list[i], e)
	}
	at, data := b.subject(t, "ann")
	require.Equal(t, []uint64{0, 2, 4, 8, 10}, at)
	require.Equal(t, "shorter", data[2])
	require.Equal(t, []uint64{0, 2, 4, 8, 10}, b.found(t, "ann"), "no trace of her")
	require.Equal(t, []uint64{0, 3, 6}, b.found(t, "bob"))
	b.whole(t, 12)
	after, err := b.store().Hashes(b.ctx, 0, 12)
	require.NoError(t, err)
	require.Equal(t, hashes, append([]byte(nil), after...))
}

func eraseAllOrNone(t *testing.T, b *book) {
	people(t, b)
	before := b.everything(t, b.ctx)
	for name, with := range map[string][]audit.Reopening{
		"no such event":       {{Seq: 0}, {Seq: 12}},
		"not in the event":    {{Seq: 0, Data: []byte("s")}, {Seq: 1}},
		"none but the second": {{Seq: 11, Data: []byte("s")}, {Seq: 2}},
	} {
		require.ErrorIs(t, b.store().Reopen(b.ctx, who("ann"), with), audit.ErrNotFound, name)
		require.Equal(t, before, b.everything(t, b.ctx), name)
	}
	require.ErrorIs(t, b.store().Reopen(b.ctx, who("nobody"), []audit.Reopening{{Seq: 0}}), audit.ErrNotFound)
	require.Error(t, b.store().Reopen(b.ctx, who("ann"), []audit.Reopening{{Seq: 0, Data: []byte("a value that is longer than what it replaces")}}))
	require.NoError(t, b.store().Reopen(b.ctx, who("ann"), []audit.Reopening{{Seq: 0}}))
	require.ErrorIs(t, b.store().Reopen(b.ctx, who("ann"), []audit.Reopening{{Seq: 0}}), audit.ErrNotFound, "it is gone")
}

func holdStays(t *testing.T, b *book) {
	holds, err := b.store().Holds(b.ctx)
	require.NoError(t, err)
	require.Empty(t, holds)
	before := time.Now()
	require.NoError(t, b.store().Hold(b.ctx, audit.Hold{ID: "matter-2", Reason: "court's order é"}))
	require.NoError(t, b.store().Hold(b.ctx, audit.Hold{ID: "matter-1", Subject: new(who("ann"))}))
	holds, err = b.Stores[len(b.Stores)-1].Holds(b.ctx)
	require.NoError(t, err)
	require.Len(t, holds, 2)
	for _, h := range holds {
		require.WithinDuration(t, before, h.Placed, time.Hour)
		require.Equal(t, time.UTC, h.Placed.Location())
	}
	require.Equal(t, []audit.Hold{
		{ID: "matter-1", Subject: new(who("ann")), Placed: holds[0].Placed},
		{ID: "matter-2", Reason: "court's order é", Placed: holds[1].Placed},
	}, holds)
	require.NoError(t, b.store().Hold(b.ctx, audit.Hold{ID: "matter-2", Subject: new(who("bob")), Reason: "another"}))
	again, err := b.store().Holds(b.ctx)
	require.NoError(t, err)
	require.Equal(t, holds, again)
	require.ErrorIs(t, b.store().Release(b.ctx, "matter-3"), audit.ErrNotFound)
	require.NoError(t, b.store().Release(b.ctx, "matter-1"))
	require.ErrorIs(t, b.store().Release(b.ctx, "matter-1"), audit.ErrNotFound)
	again, err = b.store().Holds(b.ctx)
	require.NoError(t, err)
	require.Equal(t, holds[1:], again)
}

func holdBlocks(t *testing.T, b *book) {
	people(t, b)
	erase := func(name string, seq uint64) error {
		return b.store().Reopen(b.ctx, who(name), []audit.Reopening{{Seq: seq}})
	}
	require.NoError(t, b.store().Hold(b.ctx, audit.Hold{ID: "ann's", Subject: new(who("ann"))}))
	before := b.everything(t, b.ctx)
	require.ErrorIs(t, erase("ann", 0), audit.ErrHeld)
	require.ErrorIs(t, b.store().Reopen(b.ctx, who("ann"), []audit.Reopening{{Seq: 0, Data: []byte("s")}}), audit.ErrHeld)
	require.Equal(t, before, b.everything(t, b.ctx))
	require.NoError(t, erase("bob", 0), "the hold is not his")
	require.NoError(t, b.store().Hold(b.ctx, audit.Hold{ID: "all"}))
	require.ErrorIs(t, erase("bob", 3), audit.ErrHeld)
	require.NoError(t, b.store().Release(b.ctx, "ann's"))
	require.ErrorIs(t, erase("ann", 0), audit.ErrHeld)
	b.append(t, b.entries(1)...) // recording goes on
	require.NoError(t, b.store().Release(b.ctx, "all"))
	require.NoError(t, erase("ann", 0))
	require.NoError(t, erase("bob", 3))
}
