package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func newEntry(g supportgrant.GrantID, kind supportgrant.Kind) supportgrant.Entry {
	return supportgrant.Entry{ID: uuid.Must(uuid.NewV7()), Kind: kind, Grant: g, By: "sam", Category: "posts", Resource: "posts",
		Columns: []string{"title", "profile.city"}, Matched: []string{"id"}, Keys: []string{"7", "\"ü,\n"}, After: []string{""}, Limit: 50, Why: "because – so"}
}

// newestFirst is the order of a log.
func newestFirst(a, b supportgrant.Entry) int {
	if c := b.At.Compare(a.At); c != 0 {
		return c
	}
	return strings.Compare(b.ID.String(), a.ID.String())
}

func (h *house) log(t require.TestingT, f supportgrant.Look) []supportgrant.Entry {
	out, err := h.other().Log(h.ctx, f, supportgrant.Place{}, 500)
	require.NoError(t, err)
	return out
}

var logTests = []test{
	{"an entry comes back as it was, with the store's time and the grant's ticket", func(t *testing.T, h *house) {
		g := h.add(t, nil)
		e := newEntry(g.ID, supportgrant.KindWithdrawn)
		e.At, e.Ticket = time.Unix(1, 0), "made up"
		require.NoError(t, h.Append(h.ctx, e))
		require.NoError(t, h.Append(h.ctx, e), "twice under one id")
		bare := supportgrant.Entry{ID: uuid.Must(uuid.NewV7()), Kind: supportgrant.KindRefused}
		require.NoError(t, h.Append(h.ctx, bare), "about no grant")
		lost := supportgrant.Entry{ID: uuid.Must(uuid.NewV7()), Kind: supportgrant.KindRefused, Grant: uuid.New()}
		require.NoError(t, h.Append(h.ctx, lost), "about a grant that is not there")
		got := h.log(t, supportgrant.Look{})
		require.Len(t, got, 3)
		at := func(id uuid.UUID) supportgrant.Entry {
			return got[slices.IndexFunc(got, func(e supportgrant.Entry) bool { return e.ID == id })]
		}
		require.False(t, at(e.ID).At.Before(g.Requested))
		e.At, e.Ticket = at(e.ID).At, g.Ticket
		bare.At, lost.At = at(bare.ID).At, at(lost.ID).At
		require.Equal(t, e, at(e.ID))
		require.Equal(t, bare, at(bare.ID))
		require.Equal(t, lost, at(lost.ID))
	}},
	{"an entry that must not be is refused", func(t *testing.T, h *house) {
		for what, change := range map[string]func(*supportgrant.Entry){
			"no kind":  func(e *supportgrant.Entry) { e.Kind = "" },
			"any kind": func(e *supportgrant.Entry) { e.Kind = "erased" },
			"NUL":      func(e *supportgrant.Entry) { e.Keys = []string{"\x00"} },
			"no UTF-8": func(e *supportgrant.Entry) { e.Why = "\xff" },
		} {
			e := newEntry(uuid.New(), supportgrant.KindRefused)
			change(&e)
			require.ErrorIs(t, h.Append(h.ctx, e), supportgrant.ErrRefused, what)
		}
		require.Empty(t, h.log(t, supportgrant.Look{}))
	}},
	{"a log is paged from the newest to the oldest, and misses nothing", func(t *testing.T, h *house) {
		g, other := h.add(t, nil), h.add(t, func(g *supportgrant.GrantRow) { g.Staff = "sue" })
		const n = 57
		var mu sync.Mutex
		var ids []uuid.UUID
		together(n, func(i int) {
			e := newEntry(g.ID, supportgrant.KindRefused)
			if i%3 == 0 {
				e.Grant = other.ID
			}
			if i%2 == 0 {
				e.Kind = supportgrant.KindExpired
			}
			mu.Lock()
			ids = append(ids, e.ID)
			mu.Unlock()
			require.NoError(t, h.process(i).Append(h.ctx, e))
		})
		var paged []supportgrant.Entry
		var before supportgrant.Place
		for {
			page, err := h.other().Log(h.ctx, supportgrant.Look{}, before, 10)
			require.NoError(t, err)
			paged = append(paged, page...)
			if len(page) < 10 {
				break
			}
			before = supportgrant.Place{At: page[9].At, ID: page[9].ID}
		}
		require.Len(t, paged, n)
		require.True(t, slices.IsSortedFunc(paged, newestFirst))
		var got []uuid.UUID
		for _, e := range paged {
			got = append(got, e.ID)
		}
		require.ElementsMatch(t, ids, got)
		require.Len(t, h.log(t, supportgrant.Look{Grant: other.ID}), 19)
		require.Len(t, h.log(t, supportgrant.Look{Staff: "sue"}), 19)
		require.Len(t, h.log(t, supportgrant.Look{Staff: "sam"}), n-19)
		require.Len(t, h.log(t, supportgrant.Look{Kinds: []supportgrant.Kind{supportgrant.KindExpired}}), 29)
		require.Len(t, h.log(t, supportgrant.Look{Grant: other.ID, Kinds: []supportgrant.Kind{supportgrant.KindExpired, supportgrant.KindRead}}), 10)
		require.Empty(t, h.log(t, supportgrant.Look{Grant: other.ID, Staff: "sam"}))
	}},
	{"a note is posted once, claimed by one, and gone when it is sent", func(t *testing.T, h *house) {
		g := h.add(t, nil)
		for i := range 20 {
			n := supportgrant.NoteRow{Key: fmt.Sprint("key/", i, "/ü"), Kind: supportgrant.NoticeDigest, Grant: g.ID}
			require.NoError(t, h.process(i).Post(h.ctx, n))
			require.NoError(t, h.process(i+1).Post(h.ctx, n), "twice")
		}
		require.NoError(t, h.Post(h.ctx, supportgrant.NoteRow{Key: "later", Kind: supportgrant.NoticeDigest, Grant: g.ID, Delay: time.Hour}))
		var mu sync.Mutex
		var keys []string
		together(8, func(i int) {
			for {
				claimed, err := h.process(i).Claim(h.ctx, 3, time.Hour)
				require.NoError(t, err)
				if len(claimed) == 0 {
					return
				}
				mu.Lock()
				for _, n := range claimed {
					require.Equal(t, supportgrant.NoticeDigest, n.Kind)
					require.Equal(t, g.ID, n.Grant)
					require.False(t, n.At.Before(g.Requested))
					keys = append(keys, n.Key)
				}
				mu.Unlock()
			}
		})
		require.Len(t, keys, 20, "each by one, and not what is due later")
		slices.Sort(keys)
		require.Len(t, slices.Compact(keys), 20)
		for _, k := range keys[:19] {
			require.NoError(t, h.other().Sent(h.ctx, k))
		}
		require.NoError(t, h.Sent(h.ctx, "no such note"))
		require.NoError(t, h.Post(h.ctx, supportgrant.NoteRow{Key: keys[0], Kind: supportgrant.NoticeDigest, Grant: g.ID}), "it was there")
		claimed, err := h.Claim(h.ctx, 99, time.Hour)
		require.NoError(t, err)
		require.Empty(t, claimed)
	}},
	{"a note that was claimed and not sent comes again after its lease", func(t *testing.T, h *house) {
		g := h.add(t, nil)
		require.NoError(t, h.Post(h.ctx, supportgrant.NoteRow{Key: "k", Kind: supportgrant.NoticeEnded, Grant: g.ID}))
		for range 3 {
			claimed, err := h.process(1).Claim(h.ctx, 9, 0)
			require.NoError(t, err)
			require.Len(t, claimed, 1)
		}
	}},
	{"a budget is never overdrawn", func(t *testing.T, h *house) {
		g := h.approved(t, nil)
		var mu sync.Mutex
		var sum int64
		together(32, func(i int) {
			for {
				got, err := h.process(i).Reserve(h.ctx, g.ID, 7, 500)
				require.NoError(t, err)
				require.LessOrEqual(t, got, int64(7))
				if got == 0 {
					return
				}
				mu.Lock()
				sum += got
				mu.Unlock()
			}
		})
		require.EqualValues(t, 500, sum)
		got, err := h.Reserve(h.ctx, g.ID, 7, 400)
		require.NoError(t, err)
		require.Zero(t, got, "a budget that was made smaller")
		_, err = h.Reserve(h.ctx, uuid.New(), 1, 1)
		require.ErrorIs(t, err, supportgrant.ErrNotFound)
	}},
}
