package redact_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	. "github.com/bailiwick-dev/bailiwick/redact"
)

type base struct{ Mail, Plain string }

type typedString string

type everyShape struct {
	base
	*Outer
	Mail      string
	Typed     typedString
	Password  string
	Ptr       *string
	Bytes     []byte
	Raw       json.RawMessage
	Number    json.Number
	Pin       int
	Phone     int64
	Any       any
	Err       error
	Str       fmt.Stringer
	Null      sql.NullString
	At        time.Time
	Big       *big.Int
	URL       *url.URL
	Map       map[string]string
	Maps      map[string]map[string]any
	Keys      map[typedString]int
	Strings   []string
	Array     [2]string
	Lock      *guarded
	Opaque    opaque
	Count     int
	secret    string
	Func      func() string
	Tokens    []int
	APIKey    *string
	Labels    struct{ Secret struct{ A, B string } }
	AuthToken []string
}

type Outer struct{ Note string }

type guarded struct {
	mu   sync.Mutex
	Mail string
	N    int
}

type opaque struct{ text string }

func newGuarded() *guarded {
	g := &guarded{Mail: plantedMail, N: 3}
	g.mu.Lock() // a copy is not locked
	return g
}

func newEveryShape() everyShape {
	mail, key := plantedMail, plantedWord
	link, _ := url.Parse("https://ana:" + "pw9" + "@h.example/" + plantedMail + "?token=" + plantedToken + "#access_token=" + plantedWord)
	e := everyShape{
		base: base{plantedMail, "plain"}, Outer: &Outer{plantedMail}, Mail: plantedMail, Typed: typedString(plantedMail), Password: plantedWord,
		Ptr: &mail, Bytes: []byte(plantedMail), Raw: json.RawMessage(`{"password":"` + plantedWord + `"}`), Number: json.Number("41111111" + "11111111"),
		Pin: 4711, Phone: 5551234567, Any: map[string]any{"x": plantedMail}, Err: errors.New(plantedMail), Str: stringer{plantedMail},
		Null: sql.NullString{String: plantedMail, Valid: true}, At: time.Unix(1, 2), Big: big.NewInt(7), URL: link,
		Map: map[string]string{plantedMail: plantedMail, "password": plantedWord}, Maps: map[string]map[string]any{"a": {"b": plantedMail}},
		Keys: map[typedString]int{typedString(plantedMail): 1}, Strings: []string{"a", plantedMail}, Array: [2]string{plantedMail, "b"},
		Lock: newGuarded(), Opaque: opaque{plantedMail}, Count: 9, secret: plantedWord, Tokens: []int{1, 2},
		APIKey: &key, AuthToken: []string{plantedWord},
	}
	e.Labels.Secret.A = plantedWord
	return e
}

// dump prints all that can be reached, unexported fields too.
func dump(v any) string {
	var out string
	seen := map[uintptr]bool{}
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if v.IsNil() || seen[v.Pointer()] {
				return
			}
			seen[v.Pointer()] = true
			walk(v.Elem())
		case reflect.Interface:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		case reflect.Slice, reflect.Array:
			if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
				out += string(v.Bytes()) + "\n"
				return
			}
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Map:
			keys := v.MapKeys()
			slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
			for _, k := range keys {
				walk(k)
				walk(v.MapIndex(k))
			}
		case reflect.String:
			out += v.String() + "\n"
		case reflect.Int, reflect.Int64:
			out += fmt.Sprint(v.Int()) + "\n"
		}
	}
	walk(reflect.ValueOf(v))
	return out
}

func TestNothingPlantedInAStructIsInItsCopyAndTheStructIsLeftAlone(t *testing.T) {
	t.Parallel()
	in, want := newEveryShape(), newEveryShape()
	out := Copy(Default(), in)
	for _, p := range append([]string{"4711", "5551234567", "pw9"}, planted...) {
		require.NotContains(t, dump(out), p)
		require.Contains(t, dump(in)+p, p)
	}
	require.Equal(t, dump(want), dump(in), "the input is not changed")
	require.Equal(t, "[redacted:email]", out.Mail)
	require.Equal(t, "[redacted:email]", out.base.Mail)
	require.Equal(t, "plain", out.base.Plain)
	require.Equal(t, "[redacted:email]", out.Outer.Note)
	require.Equal(t, "[redacted:credential]", *out.APIKey)
	require.Equal(t, []int{1, 2}, out.Tokens)
	require.Equal(t, in.At, out.At)
	require.Equal(t, in.Big, out.Big)
	require.Equal(t, 9, out.Count)
	require.Equal(t, 3, out.Lock.N)
	require.True(t, out.Lock.mu.TryLock())
	require.EqualError(t, out.Err, "[redacted:email]")
	require.NotContains(t, fmt.Sprintf("%+v %v", Default().Any(in), Default().Any(&in)), plantedMail)
}

// Whatever a struct's copy finds by its plan and what lies behind the length of a slice are its own.
func TestACopyHasItsOwnMemoryWhereItsFieldsDiffer(t *testing.T) {
	t.Parallel()
	type inner struct {
		Mail string
		N    int64
	}
	type outer struct {
		ID      uint64
		Card    uint64
		List    []inner
		Ref     *inner
		In      inner
		Nothing *inner
		None    []inner
		Empty   []inner
	}
	hidden := []inner{{plantedMail, 1}, {plantedMail, 2}, {plantedMail, 3}}
	in := outer{ID: 1 << 63, Card: 41111111_11111111, List: hidden[:1], Ref: &hidden[1], In: hidden[2], Empty: []inner{}}
	out := Copy(Default(), in)
	label := "[redacted:email]"
	require.Equal(t, outer{ID: 1 << 63, List: []inner{{label, 1}}, Ref: &inner{label, 2}, In: inner{label, 3}, Empty: []inner{}}, out)
	require.NotContains(t, fmt.Sprint(out.List[:cap(out.List)]), plantedMail)
	out.List[0].N, out.Ref.N = 7, 7
	require.Equal(t, []inner{{plantedMail, 1}, {plantedMail, 2}, {plantedMail, 3}}, hidden)
	require.NoError(t, Scrub(Default(), &in))
	require.Equal(t, outer{ID: 1 << 63, List: hidden[:1], Ref: &hidden[1], In: inner{label, 3}, Empty: []inner{}}, in)
	require.Equal(t, []inner{{label, 1}, {label, 2}, {plantedMail, 3}}, hidden)
}

func TestTagsSayWhatAFieldIs(t *testing.T) {
	t.Parallel()
	type tagged struct {
		Contact  string         `privacy:"email"`
		Number   string         `privacy:"card,last4"`
		Gone     string         `privacy:"-"`
		Answer   string         `privacy:"secret"`
		Shown    string         `privacy:"secret,last4"`
		Support  string         `privacy:"safe"`
		Street   string         `privacy:"address"`
		Odd      string         `privacy:"two words"`
		Nickname *string        `privacy:"name"`
		List     []string       `privacy:"name"`
		Box      any            `privacy:"name"`
		Age      int            `privacy:"age"`
		Inner    map[string]int `privacy:"secret"`
		Joined   string         `privacy:"email,pseudonym"`
		Empty    string         `privacy:"name"`
	}
	nick := "nick"
	in := tagged{"ines", plantedCard, "x", "blue", "a-rather-long-answer", plantedMail, "Rua 4", "odd", &nick, []string{"a"}, 7, 44, map[string]int{"a": 1}, "ines", ""}
	out := Copy(Default(), in)
	label := "[redacted:name]"
	require.Equal(t, tagged{"[redacted:email]", "**** **** **** 1111", "", "[redacted:credential]", "[redacted:credential]", plantedMail,
		"[redacted:address]", "[redacted]", &label, []string{label}, label, 0, nil, "[redacted:email]", ""}, out)
	require.Equal(t, "nick", nick)
	require.Equal(t, out, Copy(Default(), out), "once more")
}

func TestCopyKeepsCyclesAndEndsAtItsLimits(t *testing.T) {
	t.Parallel()
	a := &person{Mail: plantedMail}
	a.Next = &person{Mail: plantedMail, Next: a}
	c := Copy(Default(), a)
	require.Same(t, c, c.Next.Next)
	noneOf(t, dump(c))

	var list *person
	for range 10_000 {
		list = &person{Mail: plantedMail, Next: list}
	}
	noneOf(t, dump(Copy(Default(), list)))
	r, err := New(Limits(4, 10, 1000))
	require.NoError(t, err)
	large := map[string]any{}
	texts := map[string]string{}
	var many []string
	for i := range 1000 {
		large[fmt.Sprint(i)], texts[fmt.Sprint(i)] = plantedMail, plantedMail
		many = append(many, plantedMail)
	}
	for _, v := range []any{large, texts, many, []any{large, texts}, [][]string{many, many}, [1000]string{999: plantedMail}, map[string]map[string]string{"a": texts}, []person{{Mail: plantedMail}, 50: {Mail: plantedMail}}} {
		out := r.Any(v)
		noneOf(t, dump(out))
		require.Less(t, len(dump(out)), 2000)
	}
	require.Len(t, many, 1000)
	require.Equal(t, plantedMail, many[999])
	require.Equal(t, plantedMail, texts["1"])
}

func TestScrubChangesInPlaceAndSaysWhenItCannot(t *testing.T) {
	t.Parallel()
	e := newEveryShape()
	p, m := e.Ptr, e.Map
	require.NoError(t, Scrub(Default(), &e))
	noneOf(t, dump(e))
	require.Equal(t, "[redacted:email]", *p)
	require.NotContains(t, m, plantedMail)
	require.NotContains(t, dump(e), "4711")

	a := &person{Mail: plantedMail}
	a.Next = a
	require.NoError(t, Scrub(Default(), a))
	noneOf(t, dump(a))

	r, err := New(Limits(3, 100, 1000))
	require.NoError(t, err)
	many := make([]any, 500)
	for i := range many {
		many[i] = map[string]any{"mail": plantedMail}
	}
	require.ErrorIs(t, Scrub(r, &many), ErrLimit)
	noneOf(t, dump(many))

	hook := Hook[[]any, int](r)
	deep := []any{[]any{[]any{[]any{[]any{plantedMail}}}}}
	require.Nil(t, hook(&deep, 1))
	require.EqualValues(t, 1, r.Dropped())
	good := []any{plantedMail}
	require.Equal(t, &[]any{"[redacted:email]"}, hook(&good, 1))
	require.Nil(t, hook(nil, 1))
	require.Error(t, Scrub[person](r, nil))
}

func TestACopyOfACleanMapOrListOfTextsIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.MapOf(rapid.StringMatching(`[a-f]{1,5}`), rapid.SliceOf(rapid.StringMatching(`[a-f ]{0,20}`))).Draw(t, "in")
		require.Equal(t, in, Copy(Default(), in))
	})
}

func TestCopyIsIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SampledFrom([]string{"password", "note", "mail", "token", "cookie", "phone", "pin", "session"})
		text := rapid.SampledFrom([]string{plantedMail, plantedWord, plantedToken, "+44 20 " + "7946 0101", "plain", "12345", "a=b; c=d", `{"password":"` + plantedWord + `"}`})
		in := map[string]any{}
		for range rapid.IntRange(0, 5).Draw(t, "n") {
			in[key.Draw(t, "k")] = rapid.OneOf(rapid.Map(text, func(s string) any { return s }),
				rapid.Map(text, func(s string) any { return []any{s, map[string]any{"secret": s}} })).Draw(t, "v")
		}
		once := Default().Any(in)
		require.Equal(t, once, Default().Any(once))
	})
}
