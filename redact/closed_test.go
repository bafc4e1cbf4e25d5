package redact_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	. "github.com/bailiwick-dev/bailiwick/redact"
)

// boxed values show what they hold in JSON, as the attributes of telemetry do, and have no exported fields.
type closedBox struct {
	kind int
	num  uint64
	text string
	list any
}

func (b closedBox) MarshalJSON() ([]byte, error) {
	if b.list != nil {
		return json.Marshal(b.list)
	}
	return json.Marshal(b.text)
}

func closedText(s string) closedBox { return closedBox{kind: 4, text: s} }

type (
	closedLine struct {
		Body       string
		Attributes map[string]closedBox
		size       int
	}
	closedPassword struct{ text string }
	closedLock     struct {
		_    sync.Mutex
		text string
	}
	closedPointer struct{ text *string }
)

func TestAClosedValueStaysWhenNothingInItIsSensitive(t *testing.T) {
	t.Parallel()
	clean := map[string]closedBox{"note": closedText("the train was late"), "n": {kind: 2, num: 7}, "list": {kind: 8, list: [2]string{"a", "b"}}, "empty": {}}
	require.Equal(t, clean, Copy(Default(), clean))
	require.Equal(t, clean, Default().Any(struct{ M map[string]closedBox }{clean}).(struct{ M map[string]closedBox }).M)
	l := closedLine{Body: "x", Attributes: clean, size: 3}
	require.NoError(t, Scrub(Default(), &l))
	require.Equal(t, closedLine{Body: "x", Attributes: clean, size: 3}, l)

	dirty := map[string]closedBox{"note": closedText("to " + plantedMail), "password": closedText("plain"), "list": {list: [2]string{"a", plantedMail}},
		"card_number": {num: 4111111111111111}, "deep": {list: []any{map[string]string{"a": "b"}}}}
	for k, v := range Copy(Default(), dirty) {
		require.Zero(t, v, k)
	}
	require.NoError(t, Scrub(Default(), &dirty))
	for k, v := range dirty {
		require.Zero(t, v, k)
	}
	text := "plain"
	require.Zero(t, Copy(Default(), closedPassword{"plain"}), "its type says what it is")
	require.Zero(t, Copy(Default(), closedPointer{&text}), "who else writes there is not known")
	require.Empty(t, Copy(Default(), &closedLock{text: "plain"}).text)
}

// The bits of a float, read as a number, are none that stands for a person.
func TestAClosedFloatStays(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		b := closedBox{kind: 3, num: r.Uint64()}
		require.Equal(t, b, Copy(Default(), b))
	}
}

func TestAHookPutsATextWhereAClosedValueIsSensitive(t *testing.T) {
	t.Parallel()
	r, err := New(Limits(8, 100, 10_000))
	require.NoError(t, err)
	hook := HookOf[closedLine](r, closedText)
	l := hook(&closedLine{Body: "password=" + "plainly", Attributes: map[string]closedBox{"note": closedText("to " + plantedMail), "n": {kind: 2, num: 7},
		"password": closedText("plain"), "list": {kind: 8, list: [2]string{"a", plantedMail}}, "card_number": {kind: 2, num: 4111111111111111}, "tokens": {kind: 2, num: 90210}}})
	require.Equal(t, map[string]closedBox{"note": closedText("to [redacted:email]"), "n": {kind: 2, num: 7}, "password": closedText("[redacted:credential]"),
		"list": closedText("a, [redacted:email]"), "card_number": closedText("[redacted:card]"), "tokens": {kind: 2, num: 90210}}, l.Attributes)
	require.Equal(t, "password=[redacted:credential]", l.Body)
	require.Nil(t, hook(nil))
	require.Zero(t, r.Dropped())

	many := map[string]closedBox{}
	for i := range 200 {
		many[fmt.Sprint(i)] = closedText(plantedMail)
	}
	require.Nil(t, hook(&closedLine{Attributes: many}))
	require.EqualValues(t, 1, r.Dropped())
	require.Nil(t, HookOf[closedLine](r, func(string) closedBox { panic("no") })(&closedLine{Attributes: map[string]closedBox{"note": closedText(plantedMail)}}))
	require.EqualValues(t, 2, r.Dropped())
	none := HookOf[closedLine, any](r, nil)(&closedLine{Attributes: map[string]closedBox{"note": closedText(plantedMail)}})
	require.Equal(t, map[string]closedBox{"note": {}}, none.Attributes)
}

func TestACopyKeepsSecretsForTheyShowNothing(t *testing.T) {
	t.Parallel()
	type config struct {
		Password Secret[string]
		Tagged   Secret[[]byte] `privacy:"secret"`
		Gone     Secret[string] `privacy:"-"`
		Keys     map[string]Secret[string]
		Ptr      *Secret[string]
		Box      any
	}
	s := NewSecret(plantedWord)
	in := config{s, NewSecret([]byte(plantedWord)), s, map[string]Secret[string]{"password": s}, &s, s}
	for name, out := range map[string]config{"Copy": Copy(Default(), in), "Any": Default().Any(in).(config)} {
		require.Equal(t, plantedWord, out.Password.Reveal(), name)
		require.Equal(t, plantedWord, string(out.Tagged.Reveal()), name)
		require.True(t, out.Gone.IsZero(), name)
		require.Equal(t, plantedWord, out.Keys["password"].Reveal(), name)
		require.Equal(t, plantedWord, out.Ptr.Reveal(), name)
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", out, out, out), plantedWord, name)
	}
	require.Equal(t, "[redacted:secret]", fmt.Sprint(Default().Any(map[string]any{"password": s, "x": s}).(map[string]any)["x"]))
	require.NoError(t, Scrub(Default(), &in))
	require.Equal(t, plantedWord, in.Password.Reveal())
}

// One who puts a Secret into a struct does not make the struct one.
func TestAStructWithASecretIsStillLookedAt(t *testing.T) {
	t.Parallel()
	type config struct {
		Secret[string]
		Note string
	}
	require.Equal(t, "[redacted:email]", Copy(Default(), config{NewSecret("x"), plantedMail}).Note)
}
