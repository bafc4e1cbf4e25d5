package consenttest

import (
	"context"
	"crypto/sha256"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/stretchr/testify/require"
)

var writeTests = []storeTest{
	{"an entry comes back as it was written, with every value it can have", writeKept},
	{"entries, states and texts of one call are written together", writeTogether},
	{"a thousand entries and states are one call", writeMany},
	{"a text is kept as it was first written", writeText},
	{"a text of any size is kept, and is a copy", writeBody},
	{"nothing to write is no error", writeNothing},
}

var refusalTests = []storeTest{
	{"an entry that does not follow the last one is a conflict", refuseGap},
	{"a ledger has one entry of a key", refuseKey},
	{"an entry is on a text that is known", refuseNoText},
	{"a text's hash is that of its body", refuseHash},
	{"an entry has a method, a subject and a time, and a state is of somebody", refuseNothing},
	{"a line that a database would change is refused", refuseLine},
}

func writeKept(t *testing.T, h *house) {
	doc := document("text")
	bare := consent.Entry{Subject: fresh[consent.Subject](), Method: consent.Accepted, At: moment}
	full := consent.Entry{Key: fresh[consent.Key](), Subject: fresh[consent.Subject](), Browser: fresh[consent.Subject](), Method: consent.Forgotten, Granted: math.MaxUint16,
		Denied: math.MaxUint16, OptOut: true, Signal: true, Policy: math.MaxUint16, Text: doc.Hash, Place: "Zürich\u00a0\"'\\;--", Regimes: strings.Repeat("a,", 500),
		At: moment, Expires: moment.Add(400 * 24 * time.Hour), Given: moment.Add(-time.Microsecond), Hash: fresh[consent.Hash]()}
	var want []consent.Entry
	for i, change := range []func(*consent.Entry){
		func(e *consent.Entry) { *e = bare }, func(e *consent.Entry) {},
		func(e *consent.Entry) { e.Browser = consent.Subject{} }, func(e *consent.Entry) { e.Text = consent.Hash{} },
		func(e *consent.Entry) { e.OptOut = false }, func(e *consent.Entry) { e.Signal = false },
		func(e *consent.Entry) { e.Granted = 0 }, func(e *consent.Entry) { e.Denied = 0 }, func(e *consent.Entry) { e.Policy = 0 },
		func(e *consent.Entry) { e.Expires = time.Time{} }, func(e *consent.Entry) { e.Given = time.Time{} },
		func(e *consent.Entry) { e.Place = "" }, func(e *consent.Entry) { e.Regimes = "" },
		func(e *consent.Entry) { e.At = time.UnixMicro(1).UTC() }, func(e *consent.Entry) { e.At = time.UnixMicro(-1).UTC() },
		func(e *consent.Entry) { e.Expires = time.UnixMicro(0).UTC() }, func(e *consent.Entry) { e.Given = time.UnixMicro(0).UTC() },
		func(e *consent.Entry) { e.Expires = time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC) },
	} {
		e := full
		change(&e)
		e.Seq = uint64(i + 1)
		e.Key[0], e.Key[15] = byte(i), 255
		want = append(want, e)
	}
	for m := consent.Accepted; m <= consent.Forgotten; m++ {
		e := entry(uint64(len(want) + 1))
		e.Method = m
		want = append(want, e)
	}
	require.NoError(t, h.Write(h.ctx, want, nil, []consent.Document{doc}))
	require.Equal(t, want, h.all(t))
	for i := range want {
		es, err := h.other().Keyed(h.ctx, []consent.Key{want[i].Key})
		require.NoError(t, err)
		require.Equal(t, want[i:i+1], es)
	}
	es, err := h.other().History(h.ctx, full.Subject, 0, 100)
	require.NoError(t, err)
	require.Equal(t, want[1:18], es)
	require.Equal(t, want[len(want)-1].Hash, h.head(t).Hash)
	// What is finer than a microsecond is left out.
	e := entry(uint64(len(want) + 1))
	e.At, e.Expires, e.Given = moment.Add(999), moment.Add(1), moment.Add(1500)
	require.NoError(t, h.Write(h.ctx, []consent.Entry{e}, nil, nil))
	e.At, e.Expires, e.Given = moment, moment, moment.Add(time.Microsecond)
	es, err = h.other().Keyed(h.ctx, []consent.Key{e.Key})
	require.NoError(t, err)
	require.Equal(t, []consent.Entry{e}, es)
}

func writeTogether(t *testing.T, h *house) {
	doc := document("text")
	e := entry(1)
	e.Text = doc.Hash
	s := state(e)
	bad := entry(2)
	bad.Text = consent.Hash{9}
	require.ErrorIs(t, h.Write(h.ctx, []consent.Entry{e, bad}, []consent.State{s}, []consent.Document{doc}), consent.ErrRefused)
	require.Empty(t, h.all(t))
	_, err := h.other().Document(h.ctx, doc.Hash)
	require.ErrorIs(t, err, consent.ErrNotFound)
	got, err := h.other().State(h.ctx, s.Who)
	require.NoError(t, err)
	require.Zero(t, got)
	require.NoError(t, h.Write(h.ctx, []consent.Entry{e}, []consent.State{s}, []consent.Document{doc}))
	require.Equal(t, []consent.Entry{e}, h.all(t))
	got, err = h.other().State(h.ctx, s.Who)
	require.NoError(t, err)
	require.Equal(t, s, got)
}

func writeMany(t *testing.T, h *house) {
	es := entries(0, 1003)
	var ss []consent.State
	var whos []consent.Who
	var keys []consent.Key
	for _, e := range es {
		ss = append(ss, state(e))
		whos, keys = append(whos, ss[len(ss)-1].Who), append(keys, e.Key)
	}
	require.NoError(t, h.Write(h.ctx, es, ss, nil))
	require.Equal(t, es, h.all(t))
	got, err := h.other().States(h.ctx, whos)
	require.NoError(t, err)
	require.Equal(t, ss, got)
	found, err := h.other().Keyed(h.ctx, keys)
	require.NoError(t, err)
	require.ElementsMatch(t, es, found)
}

func writeText(t *testing.T, h *house) {
	doc := document("text")
	require.NoError(t, h.Write(h.ctx, nil, nil, []consent.Document{doc}))
	for _, again := range []consent.Document{doc, {Version: 9, Language: "fr", Body: doc.Body, Hash: doc.Hash}} {
		e := entry(h.head(t).Seq + 1)
		e.Text = doc.Hash
		require.NoError(t, h.Write(h.ctx, []consent.Entry{e}, nil, []consent.Document{again}))
		got, err := h.other().Document(h.ctx, doc.Hash)
		require.NoError(t, err)
		require.Equal(t, doc, got)
	}
	_, err := h.Document(h.ctx, consent.Hash{1})
	require.ErrorIs(t, err, consent.ErrNotFound)
	_, err = h.Document(h.ctx, consent.Hash{})
	require.ErrorIs(t, err, consent.ErrNotFound)
}

func writeBody(t *testing.T, h *house) {
	for _, body := range []string{"", "\x00\xff\n", strings.Repeat("0123456789abcdef", 1<<16)} {
		doc := document(body)
		put := document(body)
		require.NoError(t, h.Write(h.ctx, nil, nil, []consent.Document{put}))
		clear(put.Body)
		for range 2 {
			got, err := h.Document(h.ctx, doc.Hash)
			require.NoError(t, err)
			require.True(t, string(got.Body) == body && got.Hash == doc.Hash && got.Version == doc.Version && got.Language == doc.Language)
			clear(got.Body)
		}
	}
}

func writeNothing(t *testing.T, h *house) {
	require.NoError(t, h.Write(h.ctx, nil, nil, nil))
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error { return h.Write(ctx, []consent.Entry{}, nil, nil) }))
	require.Empty(t, h.all(t))
}

func refuseGap(t *testing.T, h *house) {
	for range 3 {
		n := h.head(t).Seq
		for _, seq := range []uint64{0, n, n + 2, n + 1000, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64} {
			if seq != n+1 {
				h.refused(t, consent.ErrConflict, func(ctx context.Context, _ uint64) error { return h.Write(ctx, []consent.Entry{entry(seq)}, nil, nil) }, seq)
				require.ErrorIs(t, h.Write(h.ctx, []consent.Entry{entry(seq)}, nil, nil), consent.ErrConflict)
			}
		}
		for _, seqs := range [][]uint64{{n + 1, n + 1}, {n + 1, n + 3}, {n + 1, n}, {n + 2, n + 1}} {
			h.refused(t, consent.ErrConflict, func(ctx context.Context, _ uint64) error {
				return h.Write(ctx, []consent.Entry{entry(seqs[0]), entry(seqs[1])}, nil, nil)
			}, seqs)
		}
		h.add(t, 2)
	}
}

func refuseKey(t *testing.T, h *house) {
	es := h.add(t, 3)
	for _, old := range es {
		h.refused(t, consent.ErrRefused, func(ctx context.Context, seq uint64) error {
			e := entry(seq + 1)
			e.Key = old.Key
			return h.Write(ctx, []consent.Entry{e}, nil, nil)
		})
		h.refused(t, consent.ErrRefused, func(ctx context.Context, seq uint64) error {
			e := entries(seq, 3)
			e[1].Key = old.Key
			return h.Write(ctx, e, nil, nil)
		})
	}
	h.refused(t, consent.ErrRefused, func(ctx context.Context, seq uint64) error {
		e := entries(seq, 3)
		e[2].Key = e[0].Key
		return h.Write(ctx, e, nil, nil)
	})
	h.refused(t, consent.ErrRefused, func(ctx context.Context, seq uint64) error {
		e := entries(seq, 2)
		e[1].Key = e[0].Key
		if err := h.Write(ctx, e[:1], nil, nil); err != nil {
			return err
		}
		return h.Write(ctx, e[1:], nil, nil)
	})
}

func refuseNoText(t *testing.T, h *house) {
	doc := document("text")
	on := func(seq uint64) []consent.Entry {
		e := entry(seq + 1)
		e.Text = doc.Hash
		return []consent.Entry{e}
	}
	h.refused(t, consent.ErrRefused, func(ctx context.Context, seq uint64) error { return h.Write(ctx, on(seq), nil, nil) })
	h.refused(t, consent.ErrRefused, func(ctx context.Context, seq uint64) error {
		return h.Write(ctx, on(seq), nil, []consent.Document{document("another")})
	})
	// Another tenant's is not known here.
	other := newHouse(t, h.Harness)
	require.NoError(t, other.Write(other.ctx, on(0), nil, []consent.Document{doc}))
	h.refused(t, consent.ErrRefused, func(ctx context.Context, seq uint64) error { return h.Write(ctx, on(seq), nil, nil) })
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error {
		if err := h.Write(ctx, nil, nil, []consent.Document{doc}); err != nil {
			return err
		}
		return h.Write(ctx, on(0), nil, nil)
	}))
	require.NoError(t, h.other().Write(h.ctx, on(1), nil, nil))
}

func refuseHash(t *testing.T, h *house) {
	body := []byte("text")
	for _, hash := range []consent.Hash{{}, {1}, sha256.Sum256([]byte("text\n"))} {
		h.refused(t, consent.ErrRefused, func(ctx context.Context, seq uint64) error {
			return h.Write(ctx, entries(seq, 1), nil, []consent.Document{{Language: "en", Body: body, Hash: hash}})
		})
	}
}

func refuseNothing(t *testing.T, h *house) {
	for _, change := range []func(*consent.Entry){
		func(e *consent.Entry) { e.Method = 0 }, func(e *consent.Entry) { e.Method = consent.Forgotten + 1 }, func(e *consent.Entry) { e.Method = 255 },
		func(e *consent.Entry) { e.Subject = consent.Subject{} }, func(e *consent.Entry) { e.At = time.Time{} },
	} {
		h.refused(t, consent.ErrRefused, func(ctx context.Context, seq uint64) error {
			es := entries(seq, 2)
			change(&es[1])
			return h.Write(ctx, es, nil, nil)
		})
	}
	for _, change := range []func(*consent.State){
		func(s *consent.State) { s.Who = consent.Who{} }, func(s *consent.State) { s.Subject = consent.Subject{} },
		func(s *consent.State) { s.Seq = 0 }, func(s *consent.State) { s.At = time.Time{} },
	} {
		h.refused(t, consent.ErrRefused, func(ctx context.Context, seq uint64) error {
			es := entries(seq, 1)
			s := state(es[0])
			change(&s)
			return h.Write(ctx, es, []consent.State{s}, nil)
		})
	}
	h.refused(t, consent.ErrRefused, func(ctx context.Context, seq uint64) error {
		es := entries(seq, 1)
		s := state(es[0])
		return h.Write(ctx, es, []consent.State{s, s}, nil)
	}, "which of them it is to be is not said")
}

func refuseLine(t *testing.T, h *house) {
	for _, bad := range []string{"a\x00b", "a\xffb", "\xed\xa0\x80", "a\nb", "a\r"} {
		for _, change := range []func(*consent.Entry){func(e *consent.Entry) { e.Place = bad }, func(e *consent.Entry) { e.Regimes = bad }} {
			h.refused(t, consent.ErrRefused, func(ctx context.Context, seq uint64) error {
				es := entries(seq, 1)
				change(&es[0])
				return h.Write(ctx, es, nil, nil)
			})
		}
		h.refused(t, consent.ErrRefused, func(ctx context.Context, seq uint64) error {
			d := document("text")
			d.Language = bad
			return h.Write(ctx, entries(seq, 1), nil, []consent.Document{d})
		})
	}
}
