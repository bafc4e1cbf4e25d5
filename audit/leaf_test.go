package audit

import (
	"context"
	"encoding/json"
	"maps"
	"math"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

var (
	docRead   = Define("test.document_read", Read)
	docUpdate = Define("test.document_update", Update)
	acme      = tenancy.MustParseID("acme")
)

// codec is a log that can encode and decode, and no more.
func codec(tb testing.TB) *Log {
	tb.Helper()
	key, err := tenancy.NewKey("k1", []byte("0123456789abcdef0123456789abcdef"))
	require.NoError(tb, err)
	return &Log{coders: newCoders(key)}
}

// readBack returns what the log would show of an entry.
func readBack(tb testing.TB, l *Log, tenant tenancy.ID, en Entry) Record {
	tb.Helper()
	r, err := l.record(tb.Context(), tenant, Stored{Entry: en})
	require.NoError(tb, err)
	return r
}

func TestALeafIsOneLineOfJSONInOneOrder(t *testing.T) {
	t.Parallel()
	l := codec(t)
	e := Event{
		ID: uuid.MustParse("0192f0c1-2233-7abc-8def-0123456789ab"), Time: time.Date(2026, 11, 22, 1, 20, 0, 123456789, time.FixedZone("", 3600)),
		Action: docRead, Outcome: Denied,
		Actor:   Party{Type: "user", ID: "42", Name: "Ada", Email: "ada@example.com", Person: true},
		Targets: []Party{{Type: "document", ID: "d-7", Name: "Plan \"B\""}, {Type: "user", ID: "43", Person: true}},
		Source:  Source{IP: netip.MustParseAddr("2001:db8::1"), UserAgent: "curl", Session: "s1", RequestID: "r\n1", TraceID: "t1"},
		Reason:  "asked to",
		Data: map[string]any{"b": true, "a": "x\u2028y", "n": 7, "big": uint64(math.MaxUint64), "f": 1e21, "g": 3.0, "l": []string{"p", "q"},
			"t": time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), "note": Personal("user:43", "hers"), "Z": int64(-1)},
	}
	en, err := l.encode(t.Context(), acme, e)
	require.NoError(t, err)
	lf, err := decodeLeaf(en.Leaf)
	require.NoError(t, err)
	commitments := ""
	for i, f := range lf.personal {
		if i > 0 {
			commitments += ","
		}
		commitments += `"` + f.label() + `":"` + textOf(en.Leaf, f.label()) + `"`
	}
	require.Equal(t, `{"v":1,"tenant":"acme","id":"0192f0c1-2233-7abc-8def-0123456789ab","time":"2026-11-22T00:20:00.123456Z",`+
		`"action":"test.document_read","outcome":"denied","personal":{`+commitments+`},`+
		`"actor":{"type":"user","person":true},"targets":[{"type":"document","id":"d-7","name":"Plan \"B\""},{"type":"user","person":true}],`+
		`"request":"r\n1","trace":"t1","data":{"Z":-1,"a":"x`+"\u2028"+`y","b":true,"big":18446744073709551615,"f":1e+21,"g":3.0,"l":["p","q"],"n":7,`+
		`"t":{"time":"2026-01-02T03:04:05.000006Z"}}}`, string(en.Leaf))
	var labels []string
	for _, f := range lf.personal {
		labels = append(labels, f.label())
	}
	require.Equal(t, []string{"actor.id", "actor.name", "actor.email", "target.1.id", "source.ip", "source.agent", "source.session", "reason", "data.note"}, labels)
	require.True(t, json.Valid(en.Leaf))
	require.Equal(t, [32]byte(tlog.RecordHash(en.Leaf)), en.Hash)

	// One opening for each subject; that of the document is only to be found by.
	require.Len(t, en.Open, 3)
	require.Equal(t, []Pseudonym{l.pseudonym(acme, "user:42"), l.pseudonym(acme, "document:d-7"), l.pseudonym(acme, "user:43")},
		[]Pseudonym{en.Open[0].Subject, en.Open[1].Subject, en.Open[2].Subject})
	require.Empty(t, en.Open[1].Data)
}

// textOf is the commitment of a label as the leaf shows it.
func textOf(b []byte, label string) string {
	_, after, _ := strings.Cut(string(b), `"`+label+`":"`)
	return after[:commitmentLen]
}

// anyEvent draws events of every shape that can be recorded.
func anyEvent(t *rapid.T) Event {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "\"\\\n\t\r\b\f\x00\x1f", "\u2028\u2029", "a|b,c", "\u00e4\u200d\U0001F600", `{"v":1}`, "\x7f"}))
	filled := text.Filter(func(s string) bool { return s != "" })
	typ := rapid.StringMatching(`[a-z0-9_.-]{1,64}`)
	party := rapid.Custom(func(t *rapid.T) Party {
		p := Party{Type: typ.Draw(t, "type"), Name: text.Draw(t, "name"), Email: text.Draw(t, "email"), Person: rapid.Bool().Draw(t, "person")}
		if p.Person {
			p.ID = filled.Draw(t, "id")
		} else {
			p.ID = text.Draw(t, "id")
		}
		return p
	})
	var id uuid.UUID
	copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "event id"))
	id[0] |= 1 // the zero id asks for a new one
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		return time.Date(rapid.IntRange(1, 9999).Draw(t, "year"), time.Month(rapid.IntRange(1, 12).Draw(t, "month")), rapid.IntRange(1, 28).Draw(t, "day"),
			rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute"), rapid.IntRange(0, 59).Draw(t, "second"),
			rapid.IntRange(0, 999999).Draw(t, "micro")*1000, time.UTC)
	})
	value := rapid.OneOf(rapid.Map(text, toAny), rapid.Map(rapid.Bool(), toAny), rapid.Map(rapid.Int64(), toAny),
		rapid.Map(rapid.Uint64Min(1<<63), toAny), rapid.Map(rapid.Float64(), toAny), rapid.Map(moment, toAny),
		rapid.Map(rapid.SliceOf(text), toAny), rapid.Map(text, func(s string) any { return Personal("user:9", s) }))
	e := Event{
		ID: id, Time: moment.Draw(t, "time"), Action: rapid.SampledFrom([]Action{docRead, docUpdate}).Draw(t, "action"),
		Outcome: Outcome(rapid.IntRange(0, int(Attempted)).Draw(t, "outcome")),
		Targets: rapid.SliceOfN(party, 0, 3).Draw(t, "targets"),
		Source:  Source{UserAgent: text.Draw(t, "agent"), Session: text.Draw(t, "session"), RequestID: text.Draw(t, "request"), TraceID: text.Draw(t, "trace")},
		Reason:  text.Draw(t, "reason"),
		Data:    rapid.MapOfN(rapid.StringMatching(`[a-zA-Z0-9_.-]{1,64}`), value, 0, 5).Draw(t, "data"),
	}
	if rapid.Bool().Draw(t, "has an actor") {
		e.Actor = party.Draw(t, "actor")
	}
	if b := rapid.SampledFrom([]int{0, 4, 16}).Draw(t, "address"); b > 0 {
		e.Source.IP, _ = netip.AddrFromSlice(rapid.SliceOfN(rapid.Byte(), b, b).Draw(t, "ip"))
	}
	return e
}

func toAny[T any](v T) any { return v }

// asRead is e as a record shows it when nothing was erased.
func asRead(e Event) Event {
	e.Data = maps.Clone(e.Data)
	for k, v := range e.Data {
		if p, ok := v.(PersonalValue); ok {
			e.Data[k] = PersonalValue{value: p.value} // the log keeps no subject
		}
	}
	if len(e.Data) == 0 {
		e.Data = nil
	}
	if len(e.Targets) == 0 {
		e.Targets = nil
	}
	return e
}

func TestAnEventComesBackAsItWasRecorded(t *testing.T) {
	t.Parallel()
	l := codec(t)
	rapid.Check(t, func(rt *rapid.T) {
		e := anyEvent(rt)
		en, err := l.encode(context.Background(), acme, e)
		if err != nil {
			rt.Fatal(err)
		}
		r, err := l.record(context.Background(), acme, Stored{Entry: en})
		if err != nil {
			rt.Fatalf("%v: %s", err, en.Leaf)
		}
		require.Equal(rt, asRead(e), r.Event)
		require.Empty(rt, r.Erased)
		require.NotContains(rt, string(en.Leaf), "\n")
	})
}

func TestDifferentEventsHaveDifferentLeaves(t *testing.T) {
	t.Parallel()
	l := codec(t)
	// Without what is only committed to, equal leaves mean equal events.
	inClear := func(e Event) Event {
		e = asRead(e)
		e.Reason, e.Source.IP, e.Source.UserAgent, e.Source.Session = "", netip.Addr{}, "", ""
		blank := func(p *Party) {
			if p.Person {
				p.ID, p.Name, p.Email = "x", "", ""
			}
		}
		blank(&e.Actor)
		e.Targets = slices.Clone(e.Targets)
		for i := range e.Targets {
			blank(&e.Targets[i])
		}
		maps.DeleteFunc(e.Data, func(_ string, v any) bool { _, ok := v.(PersonalValue); return ok })
		return asRead(e)
	}
	rapid.Check(t, func(rt *rapid.T) {
		a, b := inClear(anyEvent(rt)), inClear(anyEvent(rt))
		if rapid.Bool().Draw(rt, "same id and time") {
			b.ID, b.Time = a.ID, a.Time
		}
		without := func(e Event) string {
			en, err := l.encode(context.Background(), acme, e)
			require.NoError(rt, err)
			lf, err := decodeLeaf(en.Leaf)
			require.NoError(rt, err)
			for i := range lf.personal {
				lf.personal[i].commitment = [32]byte{}
			}
			return string(appendLeaf(nil, &lf))
		}
		require.Equal(rt, without(a) == without(b), reflect.DeepEqual(a, b))
	})
}

func FuzzDecodeLeaf(f *testing.F) {
	l := codec(f)
	for _, e := range []Event{
		{Action: docRead},
		{Action: docRead, Actor: Party{Type: "user", ID: "1", Name: "n", Person: true}, Reason: "r", Source: Source{IP: netip.MustParseAddr("192.0.2.1")}},
		{Action: docUpdate, Targets: []Party{{Type: "a"}, {Type: "b", ID: "2", Email: "é\n"}}, Data: map[string]any{"x": 1.5, "y": []string{}, "z": time.Unix(0, 0), "p": Personal("", "v"), "i": 3, "b": false, "s": "\"\\\u0001"}},
	} {
		en, err := l.encode(context.Background(), acme, e)
		require.NoError(f, err)
		f.Add(en.Leaf)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		lf, err := decodeLeaf(b)
		if err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			return
		}
		require.True(t, json.Valid(b))
		require.LessOrEqual(t, len(b), MaxLeaf)
		// What is accepted could have been recorded: with some value in each erased field it encodes to the
		// same bytes but for the commitments.
		e := *lf.event
		if e.Action.IsZero() {
			t.Skip("an action of another program")
		}
		r := Record{Event: e}
		for i := range lf.personal {
			v := "x"
			if lf.personal[i].fixed == sourceLabels[0] {
				v = "192.0.2.7"
			}
			require.True(t, r.set(&lf.personal[i], v))
		}
		en, err := l.encode(context.Background(), lf.tenant, r.Event)
		require.NoError(t, err)
		again, err := decodeLeaf(en.Leaf)
		require.NoError(t, err)
		for i := range again.personal {
			again.personal[i].commitment = lf.personal[i].commitment
		}
		require.Equal(t, string(b), string(appendLeaf(nil, &again)))
	})
}
