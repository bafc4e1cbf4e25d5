package storetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var modelTests = []test{
	{"any sequence of calls does as the model does", modelAgrees},
}

// model is one log, as simply as it can be written down.
type model struct {
	events   []audit.Entry
	parked   []audit.Entry
	pruned   uint64
	grown    uint64
	frontier string
	signed   []audit.Signed
	holds    map[string]*audit.Pseudonym
}

func (m *model) copy() *model {
	c := *m
	c.events, c.parked, c.signed = slices.Clone(m.events), slices.Clone(m.parked), slices.Clone(m.signed)
	for i := range c.events {
		c.events[i].Open = slices.Clone(c.events[i].Open)
	}
	c.holds = maps.Clone(m.holds)
	return &c
}

// place gives e the next place, or tells the one it has.
func (m *model) place(e audit.Entry) audit.Placed {
	i := slices.IndexFunc(m.events, func(o audit.Entry) bool { return o.ID == e.ID })
	if i >= 0 {
		return audit.Placed{Seq: uint64(i), Hash: m.events[i].Hash, Again: true}
	}
	m.events = append(m.events, e)
	return audit.Placed{Seq: uint64(len(m.events) - 1), Hash: e.Hash}
}

func (m *model) held(subject audit.Pseudonym) bool {
	for _, h := range m.holds {
		if h == nil || *h == subject {
			return true
		}
	}
	return false
}

var modelPeople = []string{"ann", "bob", "cy"}

// deed draws a call, and does it to the model and to the store. One that fails is left out if clean is set.
type deed struct {
	b     *book
	parks bool // the store parks, and does not give places at once
}

func (d deed) entry(t *rapid.T, m *model) audit.Entry {
	if n := len(m.events); uint64(n) > m.pruned && rapid.IntRange(0, 4).Draw(t, "known") == 0 {
		have := m.events[rapid.IntRange(int(m.pruned), n-1).Draw(t, "id of")]
		return d.b.entryID(have.ID, have.Action, `"again":true`)
	}
	var open []audit.Opening
	for _, p := range modelPeople {
		if rapid.Bool().Draw(t, p) {
			open = append(open, about(p, []string{"", "v", p + "'s value"}[rapid.IntRange(0, 2).Draw(t, "value")]))
		}
	}
	return d.b.entry(rapid.SampledFrom([]string{"note.written", "note.read"}).Draw(t, "action"), open...)
}

func (d deed) do(t *rapid.T, ctx context.Context, m *model, clean bool) {
	s := d.b.store()
	switch name := rapid.SampledFrom([]string{"append", "append", "reused", "park", "drain", "reopen", "hold", "release", "prune", "grow", "sign"}).Draw(t, "call"); name {
	case "append":
		var list []audit.Entry
		var want []audit.Placed
		for range rapid.IntRange(1, 4).Draw(t, "entries") {
			e := d.entry(t, m)
			list, want = append(list, e), append(want, m.place(e))
		}
		got, err := s.Append(ctx, list)
		require.NoError(t, err)
		require.Equal(t, want, got)
	case "reused":
		if clean || uint64(len(m.events)) == m.pruned {
			return
		}
		have := m.events[rapid.IntRange(int(m.pruned), len(m.events)-1).Draw(t, "id of")]
		_, err := s.Append(ctx, []audit.Entry{d.b.entry("note.read"), d.b.entryID(have.ID, "note.other", "")})
		require.ErrorIs(t, err, audit.ErrIDReused)
	case "park":
		e := d.entry(t, m)
		_, err := s.Park(ctx, []audit.Entry{e})
		require.NoError(t, err)
		if !d.parks {
			m.place(e)
		} else if !slices.ContainsFunc(m.events, func(o audit.Entry) bool { return o.ID == e.ID }) {
			m.parked = append(m.parked, e)
		}
	case "drain":
		limit := rapid.IntRange(1, 5).Draw(t, "limit")
		left := limit
		for left > 0 { // a store may skip what it will not place, so drain until enough is done
			n, err := s.Drain(ctx, left)
			require.NoError(t, err)
			require.LessOrEqual(t, n, left)
			if left -= n; n == 0 {
				break
			}
		}
		for _, e := range m.parked[:min(limit, len(m.parked))] {
			m.place(e)
		}
		m.parked = m.parked[min(limit, len(m.parked)):]
	case "reopen":
		person := rapid.SampledFrom(modelPeople).Draw(t, "who")
		seq := rapid.IntRange(0, len(m.events)).Draw(t, "seq")
		d.reopen(t, ctx, m, who(person), uint64(seq), rapid.Bool().Draw(t, "whole"), clean)
	case "hold":
		id := rapid.SampledFrom([]string{"h1", "h2"}).Draw(t, "hold")
		h := audit.Hold{ID: id}
		if rapid.Bool().Draw(t, "of one") {
			h.Subject = new(who(rapid.SampledFrom(modelPeople).Draw(t, "who")))
		}
		require.NoError(t, s.Hold(ctx, h))
		if _, ok := m.holds[id]; !ok {
			m.holds[id] = h.Subject
		}
	case "release":
		id := rapid.SampledFrom([]string{"h1", "h2"}).Draw(t, "hold")
		if _, ok := m.holds[id]; ok {
			require.NoError(t, s.Release(ctx, id))
			delete(m.holds, id)
		} else if !clean {
			require.ErrorIs(t, s.Release(ctx, id), audit.ErrNotFound)
		}
	case "prune":
		d.prune(t, ctx, m, clean)
	case "grow":
		to := rapid.IntRange(int(m.grown), len(m.events)).Draw(t, "to")
		frontier := fmt.Sprintf("edge of %d", to)
		require.NoError(t, s.Grow(ctx, m.grown, uint64(to), []byte(frontier), nil))
		m.grown, m.frontier = uint64(to), frontier
		if !clean && m.grown > 0 {
			require.ErrorIs(t, s.Grow(ctx, m.grown-1, m.grown, nil, nil), audit.ErrConflict)
		}
	case "sign":
		size := uint64(rapid.IntRange(0, len(m.events)).Draw(t, "size"))
		c := audit.Signed{Size: size, Note: fmt.Appendf(nil, "note of %d", size), HeadsIndex: -1}
		newest := int64(-1)
		if n := len(m.signed); n > 0 {
			newest = int64(m.signed[n-1].Size)
		}
		switch {
		case int64(size) < newest && clean:
		case int64(size) < newest:
			require.ErrorIs(t, s.Sign(ctx, c), audit.ErrBackwards)
		default:
			require.NoError(t, s.Sign(ctx, c))
			if int64(size) > newest {
				m.signed = append(m.signed, c)
			}
		}
	}
}

func (d deed) reopen(t *rapid.T, ctx context.Context, m *model, subject audit.Pseudonym, seq uint64, whole, clean bool) {
	with := []audit.Reopening{{Seq: seq}}
	if !whole {
		with[0].Data = []byte("c")
	}
	i := -1
	if seq < uint64(len(m.events)) && seq >= m.pruned {
		i = slices.IndexFunc(m.events[seq].Open, func(o audit.Opening) bool { return o.Subject == subject })
	}
	fails := i < 0 || m.held(subject) || (!whole && len(m.events[seq].Open[i].Data) <= 1)
	if fails && clean {
		return
	}
	err := d.b.store().Reopen(ctx, subject, with)
	if fails {
		require.Error(t, err)
		return
	}
	require.NoError(t, err)
	if whole {
		m.events[seq].Open = slices.Delete(m.events[seq].Open, i, i+1)
	} else {
		m.events[seq].Open[i].Data = with[0].Data
	}
}

func (d deed) prune(t *rapid.T, ctx context.Context, m *model, clean bool) {
	if len(m.events) < 256 || m.pruned > 0 || m.grown < 256 {
		return
	}
	held := slices.ContainsFunc(m.events[:256], func(e audit.Entry) bool {
		return slices.ContainsFunc(e.Open, func(o audit.Opening) bool { return m.held(o.Subject) })
	}) || m.held(audit.Pseudonym{})
	if held && clean {
		return
	}
	e := d.b.pruning(256)
	placed, err := d.b.store().Append(ctx, []audit.Entry{e})
	require.NoError(t, err)
	at := m.place(e)
	require.Equal(t, []audit.Placed{at}, placed)
	err = d.b.store().Prune(ctx, 256, at.Seq)
	if held {
		require.ErrorIs(t, err, audit.ErrHeld)
		return
	}
	require.NoError(t, err)
	m.pruned = 256
}

// agrees compares all that can be read of the log with the model.
func (d deed) agrees(t *rapid.T, ctx context.Context, m *model) {
	s := d.b.everything(t, ctx)
	require.EqualValues(t, len(m.events), s.Size)
	require.Equal(t, m.grown, s.Grown)
	require.Equal(t, m.frontier, s.Frontier)
	require.Equal(t, m.pruned, s.Pruned)
	require.Equal(t, m.signed, s.Signed)
	require.Len(t, s.Holds, len(m.holds))
	for _, h := range s.Holds {
		require.Equal(t, m.holds[h.ID], h.Subject)
	}
	require.Len(t, s.Events, len(m.events)-int(m.pruned))
	for i, e := range s.Events {
		want := m.events[m.pruned+uint64(i)]
		require.Equal(t, m.pruned+uint64(i), e.Seq)
		require.Equal(t, want.ID, e.ID)
		require.Equal(t, want.Hash, e.Hash)
		require.Equal(t, openings(want.Open), s.Open[i])
	}
}

func modelAgrees(t *testing.T, b *book) {
	probe := newBook(t, b.Harness)
	parks := probe.park(t, probe.entries(1)...)
	rapid.Check(t, func(rt *rapid.T) {
		d := deed{newBook(t, b.Harness), parks}
		m := &model{holds: map[string]*audit.Pseudonym{}}
		if rapid.Bool().Draw(rt, "long") {
			for i := range 260 {
				m.place(d.b.entryID(uuid.New(), "note.written", fmt.Sprintf(`"n":%d`, i), about(modelPeople[i%2], "value")))
			}
			d.b.append(rt, m.events...)
			require.NoError(rt, d.b.store().Grow(d.b.ctx, 0, 256, []byte("edge of 256"), []audit.Tile{tile(0, 0)}))
			require.NoError(rt, d.b.store().Sign(d.b.ctx, audit.Signed{Size: 256, Note: []byte("note of 256"), HeadsIndex: -1}))
			m.grown, m.frontier, m.signed = 256, "edge of 256", []audit.Signed{{Size: 256, Note: []byte("note of 256"), HeadsIndex: -1}}
			m = m.copy() // what the store was given is not the model's
		}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			if !rapid.Bool().Draw(rt, "in a transaction") {
				d.do(rt, d.b.ctx, m, false)
				d.agrees(rt, d.b.ctx, m)
				continue
			}
			inside, undo := m.copy(), rapid.Bool().Draw(rt, "undone")
			err := d.b.store().Tx(d.b.ctx, func(ctx context.Context) error {
				for range rapid.IntRange(1, 4).Draw(rt, "calls") {
					d.do(rt, ctx, inside, true)
				}
				d.agrees(rt, ctx, inside)
				if undo {
					return errUndo
				}
				return nil
			})
			if undo {
				require.ErrorIs(rt, err, errUndo)
			} else {
				require.NoError(rt, err)
				m = inside
			}
			d.agrees(rt, d.b.ctx, m)
		}
	})
}
