package audit

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// showing is a store whose leaves and openings are shown changed.
type showing struct {
	Store
	change func(*Stored)
}

func (s *showing) Leaves(ctx context.Context, from, to uint64, f func(Stored) error) error {
	return s.Store.Leaves(ctx, from, to, func(st Stored) error {
		if s.change != nil {
			st = st.clone()
			s.change(&st)
		}
		return f(st)
	})
}

// sealedLog is a log of ten events, in each of which something of two people is sealed.
type sealedLog struct {
	*Log
	store *showing
	keys  *keyring
	signs *notary
}

func openSealed(t *testing.T) *sealedLog {
	t.Helper()
	l := &sealedLog{store: &showing{Store: NewMemory()}, keys: &keyring{}, signs: newNotary(t)}
	l.Log = openSigning(t, l.store, l.signs, func(o *Options) { o.Sealer = l.keys })
	for range 10 {
		_, err := l.Append(ofTenant(t, "acme"), Event{Action: docRead, Actor: ada, Reason: "asked",
			Targets: []Party{{Type: "user", ID: "2", Email: "bob@example.com", Person: true}}})
		require.NoError(t, err)
	}
	return l
}

// check bundles the log and verifies it against a note that was held outside.
func (l *sealedLog) check(t *testing.T, set func(*Policy)) *Report {
	t.Helper()
	var b bytes.Buffer
	end, err := l.Bundle(ofTenant(t, "acme"), &b, Bundling{By: admin, Reason: "test"})
	require.NoError(t, err)
	p := Policy{Keys: []Key{{Verifier: l.signs}}, Trusted: [][]byte{end.Note}}
	set(&p)
	r, err := Verify(t.Context(), &b, p)
	require.NoError(t, err)
	require.NotContains(t, r.String(), "bob@example.com")
	return r
}

func (l *sealedLog) opening(p *Policy) { p.Sealer = l.keys }

func TestSealedValuesAreCheckedByWhoCanOpenThem(t *testing.T) {
	t.Parallel()
	l := openSealed(t)
	r := l.check(t, l.opening)
	require.Equal(t, OK, r.Verdict, r)
	require.NotZero(t, r.Opened)
	require.Equal(t, r.Fields, r.Opened)

	l.keys.shred("user:2")
	r = l.check(t, l.opening)
	require.Equal(t, Tampered, r.Verdict, "no event says yet that it was erased")
	require.Equal(t, map[string]int{RuleErasure: 20}, r.Count)
	_, err := l.Erase(ofTenant(t, "acme"), Erasure{Subject: "user:2", Basis: "GDPR Art. 17", By: admin})
	require.NoError(t, err)
	r = l.check(t, l.opening)
	require.Equal(t, OK, r.Verdict, r)
	require.EqualValues(t, 20, r.Erased)
}

func TestASealedValueOfAnotherEventDoesNotOpen(t *testing.T) {
	t.Parallel()
	l := openSealed(t)
	var other []byte
	l.store.change = func(st *Stored) {
		switch st.Seq {
		case 3:
			other = st.Open[0].Data
		case 4:
			st.Open[0].Data = other
		}
	}
	r := l.check(t, l.opening)
	require.Equal(t, Tampered, r.Verdict)
	require.Equal(t, 1, r.Count[RuleCommitment])
	i := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Rule == RuleCommitment })
	require.EqualValues(t, 4, r.Findings[i].Seq)
}

// Erasing one person would else take away what is another's.
func TestASealedValueOfAnotherPersonDoesNotOpen(t *testing.T) {
	t.Parallel()
	l := openSealed(t)
	l.store.change = func(st *Stored) {
		if st.Seq == 4 {
			st.Open[0].Data, st.Open[1].Data = st.Open[1].Data, st.Open[0].Data
		}
	}
	r := l.check(t, l.opening)
	require.Equal(t, Tampered, r.Verdict)
	require.Equal(t, map[string]int{RuleCommitment: 2, RuleUnopened: 1}, r.Count, r)
	require.EqualValues(t, 4, r.Findings[len(r.Findings)-1].Seq)
	s, err := l.at(ofTenant(t, "acme"), 4)
	require.NoError(t, err)
	s.Open[0].Data, s.Open[1].Data = s.Open[1].Data, s.Open[0].Data
	_, err = l.record(t.Context(), tenancy.MustParseID("acme"), s)
	require.ErrorContains(t, err, "opening what was sealed")
	// Who cannot open them sees nothing of it.
	require.Equal(t, Unanchored, l.check(t, func(*Policy) {}).Verdict)
}

// What is sealed tells neither whose it is nor how many values it holds, so who cannot open it cannot miss one of two. That
// the verdict is not OK, unless the policy says so, is all there is.
func TestWhoCannotOpenSealedValuesIsToldHowManyThereAre(t *testing.T) {
	t.Parallel()
	for _, gone := range []int{0, 1, 2} {
		t.Run(fmt.Sprint(gone, " of two gone"), func(t *testing.T) {
			t.Parallel()
			l := openSealed(t)
			l.store.change = func(st *Stored) {
				if st.Seq == 4 {
					st.Open = st.Open[gone:]
				}
			}
			for _, allow := range []bool{false, true} {
				r := l.check(t, func(p *Policy) { p.AllowSealed = allow })
				switch {
				case gone == 2:
					require.Equal(t, Tampered, r.Verdict)
					require.NotZero(t, r.Count[RuleErasure])
				case allow:
					require.Equal(t, OK, r.Verdict, r)
				default:
					require.Equal(t, Unanchored, r.Verdict)
					require.Equal(t, map[string]int{RuleUnopened: 1}, r.Count)
				}
				require.NotZero(t, r.Sealed)
				require.Zero(t, r.Opened)
			}
			r := l.check(t, l.opening)
			require.Equal(t, gone > 0, r.Count[RuleErasure] > 0, "who can open them misses it")
		})
	}
}

// lost is a Sealer whose keys cannot be reached.
type lost struct{ Sealer }

func (lost) Open(context.Context, []byte, []byte) ([]byte, error) { return nil, ErrUnavailable }

func TestKeysThatCannotBeReachedAreNoFinding(t *testing.T) {
	t.Parallel()
	l := openSealed(t)
	var b bytes.Buffer
	_, err := l.Bundle(ofTenant(t, "acme"), &b, Bundling{By: admin, Reason: "test"})
	require.NoError(t, err)
	_, err = Verify(t.Context(), &b, Policy{Keys: []Key{{Verifier: l.signs}}, Sealer: lost{}})
	require.ErrorIs(t, err, ErrUnavailable)
}
