package audit

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestAnEventThatCannotBeRecordedIsRefusedByTheNameOfItsField(t *testing.T) {
	t.Parallel()
	const marker = "Grace Hopper"
	bad := marker + "\xff"
	long := marker + strings.Repeat("x", MaxLeaf)
	person := Party{Type: "user", ID: "1", Person: true}
	with := func(change func(*Event)) Event {
		e := Event{Action: docRead}
		change(&e)
		return e
	}
	for _, c := range []struct {
		field string
		e     Event
	}{
		{"action", Event{}},
		{"outcome", with(func(e *Event) { e.Outcome = Attempted + 1 })},
		{"time", with(func(e *Event) { e.Time = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) })},
		{"time", with(func(e *Event) { e.Time = time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC) })},
		{"time", with(func(e *Event) { e.Time = time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", -7200)) })},
		{"actor.type", with(func(e *Event) { e.Actor = Party{ID: marker} })},
		{"actor.type", with(func(e *Event) { e.Actor = Party{Type: marker} })},
		{"actor.type", with(func(e *Event) { e.Actor = Party{Type: strings.Repeat("x", 65)} })},
		{"actor.type", with(func(e *Event) { e.Actor.Person = true })},
		{"actor.id", with(func(e *Event) { e.Actor = Party{Type: "user", Name: marker, Person: true} })},
		{"actor.id", with(func(e *Event) { e.Actor = Party{Type: "user", ID: bad} })},
		{"actor.name", with(func(e *Event) { e.Actor = person; e.Actor.Name = bad })},
		{"actor.email", with(func(e *Event) { e.Actor = person; e.Actor.Email = marker + strings.Repeat("x", maxOpening) })},
		{"target.1.email", with(func(e *Event) { e.Targets = []Party{person, {Type: "user", Email: bad}} })},
		{"targets", with(func(e *Event) { e.Targets = make([]Party, 17) })},
		{"source.ip", with(func(e *Event) { e.Source.IP = netip.MustParseAddr("fe80::1%" + bad) })},
		{"source.agent", with(func(e *Event) { e.Source.UserAgent = bad })},
		{"source.session", with(func(e *Event) { e.Source.Session = bad })},
		{"source.request", with(func(e *Event) { e.Source.RequestID = bad })},
		{"source.trace", with(func(e *Event) { e.Source.TraceID = long })},
		{"reason", with(func(e *Event) { e.Reason = bad })},
		{"event", with(func(e *Event) { e.Reason = strings.Repeat("x", maxOpening) })},
		{"data", with(func(e *Event) { e.Data = map[string]any{marker: 1} })},
		{"data", with(func(e *Event) { e.Data = map[string]any{"": 1} })},
		{"data", with(func(e *Event) { e.Data = map[string]any{strings.Repeat("k", 65): 1} })},
		{"data", with(func(e *Event) {
			e.Data = map[string]any{}
			for i := range maxData + 1 {
				e.Data["k"+strings.Repeat("x", i%60)+string(rune('a'+i/60))] = 1
			}
		})},
		{"data.k", with(func(e *Event) { e.Data = map[string]any{"k": nil} })},
		{"data.k", with(func(e *Event) { e.Data = map[string]any{"k": []byte(marker)} })},
		{"data.k", with(func(e *Event) { e.Data = map[string]any{"k": struct{ S string }{marker}} })},
		{"data.k", with(func(e *Event) { e.Data = map[string]any{"k": math.NaN()} })},
		{"data.k", with(func(e *Event) { e.Data = map[string]any{"k": math.Inf(-1)} })},
		{"data.k", with(func(e *Event) { e.Data = map[string]any{"k": bad} })},
		{"data.k", with(func(e *Event) { e.Data = map[string]any{"k": long} })},
		{"data.k", with(func(e *Event) { e.Data = map[string]any{"k": []string{"a", bad}} })},
		{"data.k", with(func(e *Event) { e.Data = map[string]any{"k": []string{marker, long[:MaxLeaf-5]}} })},
		{"data.k", with(func(e *Event) { e.Data = map[string]any{"k": make([]string, MaxLeaf)} })},
		{"data.k", with(func(e *Event) { e.Data = map[string]any{"k": time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)} })},
		{"data.k", with(func(e *Event) { e.Data = map[string]any{"k": Personal("user:1", bad)} })},
		{"data.k", with(func(e *Event) { e.Data = map[string]any{"k": Personal(Subject(bad), "x")} })},
		{"event", with(func(e *Event) { e.Data = map[string]any{"k": strings.Repeat("\x00", MaxLeaf/4)} })},
	} {
		s := NewMemory()
		l := logOver(t, s)
		rs, err := l.Append(inAcme(t), Event{Action: docRead}, c.e)
		require.ErrorIs(t, err, ErrEvent)
		require.ErrorContains(t, err, "audit: bad event: "+c.field+": ")
		require.NotContains(t, err.Error(), "Hopper")
		require.Empty(t, rs)
		require.Empty(t, logged(t, inAcme(t), s), "nothing is half-written")
	}
}

func TestTheLargestEventIsRecordedAndOneByteMoreIsNot(t *testing.T) {
	t.Parallel()
	l := codec(t)
	e := Event{ID: IDFor("x"), Time: time.Unix(0, 0), Action: docRead, Source: Source{TraceID: "x"}}
	en, err := l.encode(t.Context(), acme, e)
	require.NoError(t, err)
	e.Source.TraceID = strings.Repeat("x", 1+MaxLeaf-len(en.Leaf))
	en, err = l.encode(t.Context(), acme, e)
	require.NoError(t, err)
	require.Len(t, en.Leaf, MaxLeaf)
	require.Equal(t, e.Source.TraceID, readBack(t, l, acme, en).Source.TraceID)
	e.Source.TraceID += "x"
	_, err = l.encode(t.Context(), acme, e)
	require.ErrorIs(t, err, ErrEvent)
}

func TestAnEventWithoutAnIDOrATimeGetsOne(t *testing.T) {
	t.Parallel()
	l := codec(t)
	before := time.Now().Truncate(time.Microsecond)
	a, err := l.encode(t.Context(), acme, Event{Action: docRead})
	require.NoError(t, err)
	b, err := l.encode(t.Context(), acme, Event{Action: docRead})
	require.NoError(t, err)
	require.NotEqual(t, a.ID, b.ID)
	require.Equal(t, uuid.Version(7), a.ID.Version())
	require.Equal(t, uuid.RFC4122, a.ID.Variant())
	at := readBack(t, l, acme, a).Time
	require.False(t, at.Before(before))
	require.False(t, at.After(time.Now()))
}

// Clocks that jump change when an event says it happened, never whether it is recorded.
func TestAnyTimeOfFourDigitYearsIsKeptToTheMicrosecondInUTC(t *testing.T) {
	t.Parallel()
	l := codec(t)
	for _, at := range []time.Time{
		time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC), time.Date(1969, 12, 31, 23, 59, 59, 999_999_999, time.UTC), time.Unix(0, 0),
		time.Date(2024, 2, 29, 12, 0, 0, 0, time.FixedZone("", 14*3600)), time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), time.Now(),
	} {
		en, err := l.encode(t.Context(), acme, Event{Action: docRead, Time: at, Data: map[string]any{"t": at}})
		require.NoError(t, err)
		r := readBack(t, l, acme, en)
		require.Equal(t, at.UTC().Truncate(time.Microsecond), r.Time)
		require.Equal(t, r.Time, r.Data["t"])
	}
}

// everyPersonalField is an event with marker in all that is erasable.
func everyPersonalField(marker string) Event {
	return Event{
		Action:  docRead,
		Actor:   Party{Type: "user", ID: marker + "1", Name: marker + "2", Email: marker + "3", Person: true},
		Targets: []Party{{Type: "document", ID: "d1"}, {Type: "user", ID: marker + "4", Name: marker + "5", Email: marker + "6", Person: true}},
		Source:  Source{UserAgent: marker + "7", Session: marker + "8", IP: netip.MustParseAddr("192.0.2.77")},
		Reason:  marker + "9",
		Data:    map[string]any{"clear": "x", "note": Personal(Subject("user:"+marker), marker+"10")},
	}
}

func TestNoPersonalValueIsInALeafOrKeptBesideItUnderAName(t *testing.T) {
	t.Parallel()
	l := codec(t)
	const marker = "Hopper"
	en, err := l.encode(t.Context(), acme, everyPersonalField(marker))
	require.NoError(t, err)
	for _, hidden := range []string{marker, "192.0.2.77", base64.StdEncoding.EncodeToString([]byte(marker))[:7]} {
		require.NotContains(t, string(en.Leaf), hidden)
	}
	require.NotContains(t, en.Action+en.ID.String(), marker)
	found := 0
	for _, o := range en.Open {
		require.NotContains(t, string(o.Subject[:]), marker)
		found += strings.Count(string(o.Data), marker)
	}
	require.Equal(t, 10, found, "each value is in one opening, once")
}

// What is left of an erased address is a hash that no guess can be tried against: the salt went with the value.
func TestAnErasedValueCannotBeGuessedEvenFromAFewCandidates(t *testing.T) {
	t.Parallel()
	l := codec(t)
	address := func(i byte) string { return netip.AddrFrom4([4]byte{192, 0, 2, i}).String() }
	e := everyPersonalField("x")
	e.Source.IP = netip.MustParseAddr(address(77))
	en, err := l.encode(t.Context(), acme, e)
	require.NoError(t, err)
	lf, err := decodeLeaf(en.Leaf)
	require.NoError(t, err)
	erased := lf.personal[6]
	require.Equal(t, "source.ip", erased.label())
	// All that an attacker may still have: the other fields' salts, the ids, what stands in the leaf.
	salts := [][]byte{make([]byte, saltLen), en.ID[:], en.Hash[:saltLen]}
	var truth []byte
	for _, o := range en.Open {
		if len(o.Data) == 0 {
			continue
		}
		fields, err := parseOpening(o.Data[1:])
		require.NoError(t, err)
		for _, f := range fields {
			if string(f.label) == "source.ip" {
				truth = f.salt
			} else {
				salts = append(salts, f.salt)
			}
		}
		salts = append(salts, o.Subject[:])
	}
	guesses := func(salts [][]byte) (hits int) {
		for i := range 256 {
			v := []byte(address(byte(i)))
			for _, s := range salts {
				h, _ := commitmentTo(nil, openField{[]byte("source.ip"), s, v})
				if h == erased.commitment || sha256.Sum256(v) == erased.commitment {
					hits++
				}
			}
		}
		return hits
	}
	require.Equal(t, 1, guesses([][]byte{truth}), "with the salt it is one guess in 256")
	require.Zero(t, guesses(salts))
}

func TestNoSaltIsEverUsedTwice(t *testing.T) {
	t.Parallel()
	l := codec(t)
	seen := map[string]bool{}
	for range 200 {
		e := everyPersonalField("x")
		e.ID, e.Time = IDFor("the same"), time.Unix(0, 0)
		en, err := l.encode(t.Context(), acme, e)
		require.NoError(t, err)
		for _, o := range en.Open {
			if len(o.Data) == 0 {
				continue
			}
			fields, err := parseOpening(o.Data[1:])
			require.NoError(t, err)
			for _, f := range fields {
				require.False(t, seen[string(f.salt)])
				seen[string(f.salt)] = true
			}
		}
		lf, err := decodeLeaf(en.Leaf)
		require.NoError(t, err)
		for _, f := range lf.personal {
			require.False(t, seen[string(f.commitment[:])])
			seen[string(f.commitment[:])] = true
		}
	}
}

func TestAPseudonymIsOfOneSubjectInOneTenantUnderOneKey(t *testing.T) {
	t.Parallel()
	l := codec(t)
	key, err := tenancy.NewKey("k2", bytes.Repeat([]byte{7}, 32))
	require.NoError(t, err)
	other := &Log{coders: newCoders(key)}
	seen := map[Pseudonym]bool{}
	for _, p := range []Pseudonym{
		l.pseudonym(acme, ""), l.pseudonym(acme, "user:1"), l.pseudonym(acme, "user:11"),
		l.pseudonym(tenancy.MustParseID("acm"), "euser:1"), l.pseudonym(tenancy.MustParseID("acmeu"), "ser:1"), l.pseudonym(tenancy.MustParseID("acmf"), "user:1"), other.pseudonym(acme, "user:1"),
	} {
		require.False(t, seen[p])
		seen[p] = true
	}
	require.Equal(t, l.pseudonym(acme, "user:1"), l.pseudonym(acme, "user:1"))
}

// What others must be able to compute is spelled out here once more.
func TestCommitmentsHashesAndPseudonymsAreWhatTheDocumentationSays(t *testing.T) {
	t.Parallel()
	salt := []byte("0123456789abcdef")
	got, _ := commitmentTo(nil, openField{[]byte("actor.email"), salt, []byte("ada@example.com")})
	require.Equal(t, sha256.Sum256([]byte("\x020123456789abcdef\x0bactor.emailada@example.com")), got)
	require.True(t, commitmentIs([]byte(base64.RawURLEncoding.EncodeToString(got[:])), &got))
	require.Equal(t, sha256.Sum256([]byte("\x00leaf")), hashOfLeaf([]byte("leaf")))

	key, err := tenancy.NewKey("k1", []byte("0123456789abcdef0123456789abcdef"))
	require.NoError(t, err)
	mac := hmac.New(sha256.New, key.Derive("audit pseudonym v1"))
	mac.Write([]byte("\x04acmeuser:42"))
	p := codec(t).pseudonym(acme, "user:42")
	require.Equal(t, mac.Sum(nil)[:16], p[:])

	l := codec(t)
	en, err := l.encode(t.Context(), acme, Event{Action: docRead, Reason: "r"})
	require.NoError(t, err)
	f, rest, ok := nextField(en.Open[0].Data[1:])
	require.True(t, ok)
	require.Empty(t, rest)
	got, _ = commitmentTo(nil, f)
	require.True(t, commitmentIs([]byte(textOf(en.Leaf, "reason")), &got), "what is written is what is checked")
}

// vaultDouble seals so that a test can see what it was given.
type vaultDouble struct {
	shredded map[Subject]bool
	down     error
}

func (v *vaultDouble) Seal(_ context.Context, who Subject, plain, bound []byte) ([]byte, error) {
	if v.down != nil {
		return nil, v.down
	}
	out := append([]byte{byte(len(who))}, who...)
	mac := sha256.Sum256(bound)
	out = append(out, mac[:]...)
	for _, b := range plain {
		out = append(out, b^0xa5)
	}
	return out, nil
}

func (v *vaultDouble) Open(_ context.Context, sealed, bound []byte) ([]byte, error) {
	who := Subject(sealed[1 : 1+sealed[0]])
	if v.shredded[who] {
		return nil, errors.Join(errors.New("vault: no key"), ErrShredded)
	}
	sealed = sealed[1+len(who):]
	if mac := sha256.Sum256(bound); !bytes.Equal(mac[:], sealed[:32]) {
		return nil, errors.New("vault: not of this context")
	}
	plain := bytes.Clone(sealed[32:])
	for i := range plain {
		plain[i] ^= 0xa5
	}
	return plain, nil
}

func TestWhatIsSealedIsReadableWithItsKeyInItsEventOnly(t *testing.T) {
	t.Parallel()
	l := codec(t)
	v := &vaultDouble{shredded: map[Subject]bool{}}
	l.opts.Sealer = v
	e := everyPersonalField("Hopper")
	e.ID, e.Time = IDFor("x"), time.Unix(0, 0)
	en, err := l.encode(t.Context(), acme, e)
	require.NoError(t, err)
	require.Len(t, en.Open, 4)
	for i, o := range en.Open {
		if i == 1 { // the document is no person
			require.Empty(t, o.Data)
			continue
		}
		require.Equal(t, byte(openingSealed), o.Data[0])
		require.Less(t, strings.Count(string(o.Data), "Hopper"), 2, "the double shows the subject, and no more")
	}
	require.Equal(t, asRead(Event{Actor: e.Actor, Targets: e.Targets, Data: e.Data}).Data, readBack(t, l, acme, en).Data)

	v.shredded["user:Hopper1"] = true
	r := readBack(t, l, acme, en)
	require.Equal(t, []string{"actor.id", "actor.name", "actor.email", "source.ip", "source.agent", "source.session", "reason"}, r.Erased)
	require.Equal(t, Party{Type: "user", Person: true}, r.Actor)
	require.Equal(t, "Hopper4", r.Targets[1].ID)

	// The opening of another event does not open here.
	e.ID = IDFor("y")
	en2, err := l.encode(t.Context(), acme, e)
	require.NoError(t, err)
	en.Open[2] = en2.Open[2]
	_, err = l.record(t.Context(), acme, Stored{Entry: en})
	require.ErrorContains(t, err, "not of this context")

	l.opts.Sealer = nil
	_, err = l.record(t.Context(), acme, Stored{Entry: en2})
	require.ErrorIs(t, err, errNoSealer, "a log without its sealer shows nothing as erased")

	v.down = errors.New("vault: sealed")
	l.opts.Sealer = v
	_, err = l.encode(t.Context(), acme, e)
	require.ErrorIs(t, err, v.down, "what cannot be sealed is not recorded")
}

func BenchmarkEncodeSixErasableFields(b *testing.B) {
	l := codec(b)
	e := Event{
		Action:  docRead,
		Actor:   Party{Type: "user", ID: "0192f0c1-2233-7abc-8def-0123456789ab", Name: "Ada Lovelace", Email: "ada@example.com", Person: true},
		Targets: []Party{{Type: "document", ID: "d-123456"}},
		Source:  Source{IP: netip.MustParseAddr("2001:db8::1"), UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0)", RequestID: "req-0123456789", TraceID: "4bf92f3577b34da6a3ce929d0e0e4736"},
		Reason:  "ticket 4711",
		Data:    map[string]any{"pages": 3, "format": "pdf"},
	}
	ctx := context.Background()
	b.Run("encode", func(b *testing.B) {
		require.LessOrEqual(b, testing.AllocsPerRun(1000, func() { _, _ = l.encode(ctx, acme, e) }), 4.0)
		b.ReportAllocs()
		for b.Loop() {
			en, err := l.encode(ctx, acme, e)
			if err != nil || len(en.Open) != 2 {
				b.Fatal(err)
			}
		}
	})
	// What no way of doing it could save: SHA-256 of the leaf, of six commitments and of two HMACs.
	b.Run("hashes", func(b *testing.B) {
		en, err := l.encode(ctx, acme, e)
		require.NoError(b, err)
		fields, err := parseOpening(en.Open[0].Data[1:])
		require.NoError(b, err)
		require.Len(b, fields, 6)
		c := l.coders.Get().(*coder)
		var scratch []byte
		who := []byte(e.Actor.Subject())
		b.ReportAllocs()
		for b.Loop() {
			hashOfLeaf(en.Leaf)
			for _, f := range fields {
				_, scratch = commitmentTo(scratch, f)
			}
			c.pseudonym(acme, who)
			c.pseudonym(acme, who)
		}
	})
}
