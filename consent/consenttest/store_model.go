package consenttest

import (
	"context"
	"errors"
	"testing"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var modelTests = []storeTest{
	{"every history is as in memory", modelHistories},
}

// pools are what histories are made of: few of each, so that they meet.
type pools struct {
	keys     []consent.Key
	subjects []consent.Subject
	whos     []consent.Who
	docs     []consent.Document
}

func newPools() (p pools) {
	for range 40 {
		p.keys = append(p.keys, fresh[consent.Key]())
	}
	for i := range 6 {
		p.subjects, p.whos = append(p.subjects, fresh[consent.Subject]()), append(p.whos, fresh[consent.Who]())
		p.docs = append(p.docs, document(string(rune('a'+i))))
	}
	return p
}

// A step is a call of a store, made up beforehand so that two stores are called the same.
type step func(ctx context.Context, s consent.Store) (any, error)

func (p *pools) step(t *rapid.T, end *uint64) step {
	one := func(n int, name string) int { return rapid.IntRange(0, n-1).Draw(t, name) }
	switch rapid.SampledFrom([]string{"write", "write", "write", "forget", "keyed", "states", "history", "ledger", "document", "head"}).Draw(t, "call") {
	case "write":
		var es []consent.Entry
		seq := *end + uint64(rapid.SampledFrom([]int{1, 1, 1, 1, 1, 1, 1, 0, 2}).Draw(t, "next"))
		for range rapid.IntRange(0, 5).Draw(t, "entries") {
			e := entry(seq)
			if rapid.IntRange(0, 9).Draw(t, "key known") == 0 {
				e.Key = p.keys[one(len(p.keys), "key")]
			}
			e.Subject = p.subjects[one(len(p.subjects), "subject")]
			e.OptOut, e.Signal = rapid.Bool().Draw(t, "opt-out"), rapid.Bool().Draw(t, "signal")
			if rapid.Bool().Draw(t, "on text") {
				e.Text = p.docs[one(len(p.docs), "text")].Hash
			}
			es = append(es, e)
			seq++
		}
		var ss []consent.State
		for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, len(p.whos)-1), 0, 3, rapid.ID[int]).Draw(t, "states") {
			s := state(entry(1))
			s.Who, s.Subject = p.whos[i], p.subjects[one(len(p.subjects), "whose")]
			ss = append(ss, s)
		}
		var ds []consent.Document
		for range rapid.IntRange(0, 2).Draw(t, "texts") {
			ds = append(ds, p.docs[one(len(p.docs), "put")])
		}
		*end += uint64(len(es))
		return func(ctx context.Context, s consent.Store) (any, error) { return nil, s.Write(ctx, es, ss, ds) }
	case "forget":
		who := p.whos[one(len(p.whos), "who")]
		return func(ctx context.Context, s consent.Store) (any, error) { return nil, s.Forget(ctx, who) }
	case "keyed":
		keys := p.keys[:one(len(p.keys), "keys")]
		return func(ctx context.Context, s consent.Store) (any, error) {
			es, err := s.Keyed(ctx, keys)
			found := map[consent.Key]consent.Entry{}
			for _, e := range es {
				found[e.Key] = e
			}
			return found, err
		}
	case "states":
		n := one(len(p.whos), "whos")
		return func(ctx context.Context, s consent.Store) (any, error) {
			one, err := s.State(ctx, p.whos[n])
			if err != nil {
				return nil, err
			}
			ss, err := s.States(ctx, append([]consent.Who{p.whos[n]}, p.whos...))
			return append(ss, one), err
		}
	case "history":
		who, after, limit := p.subjects[one(len(p.subjects), "of")], uint64(one(20, "after")), one(10, "limit")
		return func(ctx context.Context, s consent.Store) (any, error) {
			es, err := s.History(ctx, who, after, limit)
			return append([]consent.Entry{}, es...), err
		}
	case "ledger":
		after, limit := uint64(one(int(*end)+5, "after")), one(20, "limit")
		return func(ctx context.Context, s consent.Store) (any, error) {
			es, err := s.Ledger(ctx, after, limit)
			return append([]consent.Entry{}, es...), err
		}
	case "document":
		hash := p.docs[one(len(p.docs), "document")].Hash
		return func(ctx context.Context, s consent.Store) (any, error) { return s.Document(ctx, hash) }
	}
	return func(ctx context.Context, s consent.Store) (any, error) {
		head, err := s.Head(ctx)
		return [2]any{head.Seq, head.Hash}, err
	}
}

// sort of an error, which two stores say in their own words.
func sort(err error) error {
	for _, known := range []error{errUndo, consent.ErrNotFound, consent.ErrConflict, consent.ErrRefused} {
		if errors.Is(err, known) {
			return known
		}
	}
	return err
}

// modelHistories goes on with one ledger from one history to the next: what fails is shown whole, if not in its shortest form.
func modelHistories(t *testing.T, h *house) {
	model, p := consent.NewMemory(), newPools()
	together := func(t *rapid.T, ctx, modelCtx context.Context, s consent.Store, do step) error {
		got, err := do(ctx, s)
		want, wantErr := do(modelCtx, model)
		require.Equal(t, sort(wantErr), sort(err))
		if err == nil {
			require.Equal(t, want, got)
		}
		return err
	}
	rapid.Check(t, func(t *rapid.T) {
		s := h.process(rapid.IntRange(0, len(h.Stores)-1).Draw(t, "process"))
		end := h.head(t).Seq
		if rapid.IntRange(0, 3).Draw(t, "alone") == 0 {
			_ = together(t, h.ctx, h.ctx, s, p.step(t, &end))
			return
		}
		var steps []step
		for range rapid.IntRange(1, 6).Draw(t, "steps") {
			steps = append(steps, p.step(t, &end))
		}
		undo := rapid.IntRange(0, 4).Draw(t, "undo") == 0
		var wantErr error
		err := s.Tx(h.ctx, func(ctx context.Context) error {
			return model.Tx(h.ctx, func(modelCtx context.Context) error {
				for _, do := range steps {
					if err := together(t, ctx, modelCtx, s, do); err != nil && !errors.Is(err, consent.ErrNotFound) {
						wantErr = sort(err)
						return err
					}
				}
				if undo {
					wantErr = errUndo
					return errUndo
				}
				return nil
			})
		})
		require.Equal(t, wantErr, sort(err))
	})
	require.Equal(t, ledger(t, h.ctx, model), h.all(t))
	got, err := h.other().States(h.ctx, p.whos)
	require.NoError(t, err)
	want, err := model.States(h.ctx, p.whos)
	require.NoError(t, err)
	require.Equal(t, want, got)
}
