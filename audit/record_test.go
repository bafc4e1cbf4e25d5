package audit

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// stored is an entry as a store would return it, in memory of its own.
func stored(en Entry) Stored {
	en.Leaf = slices.Clone(en.Leaf)
	en.Open = slices.Clone(en.Open)
	for i := range en.Open {
		en.Open[i].Data = slices.Clone(en.Open[i].Data)
	}
	return Stored{Entry: en}
}

func TestNoByteOfAnEventOrItsOpeningsCanBeChangedUnseen(t *testing.T) {
	t.Parallel()
	l := codec(t)
	en, err := l.encode(t.Context(), acme, everyPersonalField("Hopper"))
	require.NoError(t, err)
	whole := readBack(t, l, acme, en)
	require.Empty(t, whole.Erased)
	flipped := func(b []byte, i int, why string, s Stored) {
		for _, bit := range []byte{1, 0x20, 0x80} {
			b[i] ^= bit
			_, err := l.record(context.Background(), acme, s)
			require.Error(t, err, why)
			b[i] ^= bit
		}
	}
	s := stored(en)
	for i := range s.Leaf {
		flipped(s.Leaf, i, "leaf", s)
	}
	for _, o := range s.Open {
		for i := range o.Data {
			flipped(o.Data, i, "opening", s)
		}
	}
	// Nor does it help to keep the hash in step: the leaf is not of this event, or not one at all, or its
	// commitments do not fit. What is free text can be changed so; the tree knows the old hash.
	_, err = l.record(t.Context(), tenancy.MustParseID("globex"), s)
	require.ErrorIs(t, err, ErrCorrupt)
	for i := range 250 {
		s := stored(en)
		s.Leaf[i] ^= 0x80
		s.Hash = hashOfLeaf(s.Leaf)
		_, err := l.record(t.Context(), acme, s)
		require.ErrorIs(t, err, ErrCorrupt)
	}
}

func TestOpeningsThatAreNotOfTheEventAreRefused(t *testing.T) {
	t.Parallel()
	l := codec(t)
	en, err := l.encode(t.Context(), acme, everyPersonalField("Hopper"))
	require.NoError(t, err)
	fields, err := parseOpening(en.Open[0].Data[1:])
	require.NoError(t, err)
	require.Len(t, fields, 7)
	with := func(fs ...openField) error {
		s := stored(en)
		s.Open[0].Data = []byte{openingPlain}
		for _, f := range fs {
			s.Open[0].Data = appendField(s.Open[0].Data, f)
		}
		_, err := l.record(t.Context(), acme, s)
		return err
	}
	require.NoError(t, with(fields...))
	require.NoError(t, with(fields[1:]...), "a field that is gone was erased")
	swapped := slices.Clone(fields)
	swapped[0].salt, swapped[1].salt = fields[1].salt, fields[0].salt
	require.ErrorIs(t, with(swapped...), ErrCorrupt)
	swapped = slices.Clone(fields)
	swapped[0].label, swapped[1].label = fields[1].label, fields[0].label
	require.ErrorIs(t, with(swapped...), ErrCorrupt)
	require.ErrorIs(t, with(append(slices.Clone(fields), fields[0])...), ErrCorrupt, "twice")
	require.ErrorIs(t, with(append(slices.Clone(fields), openField{[]byte("data.forged"), fields[0].salt, []byte("x")})...), ErrCorrupt)
	for _, data := range [][]byte{{0x02}, {openingPlain, 1}, append(bytes.Clone(en.Open[0].Data), 0)} {
		s := stored(en)
		s.Open[0].Data = data
		_, err := l.record(t.Context(), acme, s)
		require.ErrorIs(t, err, ErrCorrupt)
	}
	s := stored(en)
	s.ID = IDFor("another")
	_, err = l.record(t.Context(), acme, s)
	require.ErrorIs(t, err, ErrCorrupt)
	s = stored(en)
	s.Action = "test.document_update"
	_, err = l.record(t.Context(), acme, s)
	require.ErrorIs(t, err, ErrCorrupt)
	s = stored(en)
	s.Outcome = (s.Outcome + 1) % 3
	_, err = l.record(t.Context(), acme, s)
	require.ErrorIs(t, err, ErrCorrupt)
}

func TestWhatIsErasedIsEmptyAndNamedAndTheRestIsThere(t *testing.T) {
	t.Parallel()
	l := codec(t)
	rapid.Check(t, func(rt *rapid.T) {
		en, err := l.encode(context.Background(), acme, anyEvent(rt))
		require.NoError(rt, err)
		before, err := l.record(context.Background(), acme, Stored{Entry: en})
		require.NoError(rt, err)
		gone := map[string]bool{}
		s := stored(en)
		for i := range s.Open {
			if len(s.Open[i].Data) == 0 {
				continue
			}
			fields, err := parseOpening(s.Open[i].Data[1:])
			require.NoError(rt, err)
			left := []byte{openingPlain}
			for _, f := range fields {
				if rapid.Bool().Draw(rt, "erase") {
					gone[string(f.label)] = true
				} else {
					left = appendField(left, f)
				}
			}
			s.Open[i].Data = left
		}
		after, err := l.record(context.Background(), acme, s)
		require.NoError(rt, err)
		lf, err := decodeLeaf(en.Leaf)
		require.NoError(rt, err)
		want := Record{Event: *lf.event}
		var erased []string
		for i := range lf.personal {
			f := &lf.personal[i]
			if gone[f.label()] {
				erased = append(erased, f.label())
			} else {
				require.True(rt, want.set(f, before.value(f.label())))
			}
		}
		require.Equal(rt, erased, after.Erased)
		require.Equal(rt, want.Event, after.Event)
		require.Equal(rt, before.Leaf, after.Leaf)
	})
}

// value returns an erasable value of r by its label.
func (r *Record) value(label string) string {
	parties := append([]Party{r.Actor}, r.Targets...)
	for i, labels := range append([][3]string{actorLabels}, targetLabels[:len(r.Targets)]...) {
		for j, v := range []string{parties[i].ID, parties[i].Name, parties[i].Email} {
			if labels[j] == label {
				return v
			}
		}
	}
	for i, v := range []string{r.Source.IP.String(), r.Source.UserAgent, r.Source.Session, r.Reason} {
		if sourceLabels[i] == label {
			return v
		}
	}
	return r.Data[label[len(dataLabel):]].(PersonalValue).Value()
}
