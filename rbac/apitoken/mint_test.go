package apitoken_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
	"github.com/stretchr/testify/require"
)

// In 5,000 tokens every character is as likely as any other, at every place: a modulo of a byte would make the first eight
// a quarter likelier.
func TestNoCharacterOfATokenIsLikelierThanAnother(t *testing.T) {
	t.Parallel()
	const tokens, places = 5_000, 55
	var all [256]int
	var at [places][256]int
	for range tokens {
		raw := live.Mint().Secret.Reveal()[len("acme_live_"):]
		for i := range places {
			all[raw[i]]++
			at[i][raw[i]]++
		}
	}
	even(t, all, tokens*places)
	for i := range at {
		even(t, at[i], tokens)
	}
}

// even fails if counts are further from equal than happens once in 10^12 times.
func even(t *testing.T, counts [256]int, total int) {
	t.Helper()
	want, x, seen := float64(total)/62, 0.0, 0
	for i := range len(alphabet) {
		n := counts[alphabet[i]]
		seen += n
		x += (float64(n) - want) * (float64(n) - want) / want
	}
	require.Equal(t, total, seen, "characters that are not of the alphabet")
	const k = 61.0
	z := (math.Cbrt(x/k) - (1 - 2/(9*k))) / math.Sqrt(2/(9*k)) // Wilson and Hilferty: normal
	require.Less(t, z, 7.1)
}

func TestASecretHas256Bits(t *testing.T) {
	t.Parallel()
	require.GreaterOrEqual(t, 43*math.Log2(62), 256.0)
	require.Less(t, 42*math.Log2(62), 256.0)
	require.Greater(t, math.Pow(62, 6), math.Pow(2, 32), "room for the checksum")
	require.Greater(t, 43*math.Log2(62)-4*math.Log2(62), 232.0, "what is left when the last four characters are known")
}

func TestNoTwoTokensAreTheSame(t *testing.T) {
	t.Parallel()
	seen := map[any]bool{}
	for range 2_000 {
		made := live.Mint()
		raw := made.Secret.Reveal()
		for _, part := range []any{made.ID, made.Hash, raw, raw[22:65]} {
			require.False(t, seen[part])
			seen[part] = true
		}
	}
}

type carrier struct {
	Made   apitoken.Token
	Ptr    *apitoken.Token
	Any    any
	hidden apitoken.Token
	list   []apitoken.Token
}

func TestATokenNeverShowsItsSecretWhateverPrintsIt(t *testing.T) {
	t.Parallel()
	made := live.Mint()
	raw, shown := made.Secret.Reveal(), "acme_live_"+made.ID.String()+"_***"
	require.Equal(t, shown, live.Display(made.ID))
	require.Equal(t, slog.StringValue(shown), slog.AnyValue(made).Resolve())
	var logged strings.Builder
	out := func(s string) { logged.WriteString(s + "\n") }
	for _, verb := range strings.Fields("%v %+v %#v %s %q %x %X %d %t %b %c %e %g %o %p %U %T") {
		for _, v := range []any{made, &made} {
			if s := fmt.Sprintf(verb, v); verb != "%T" && verb != "%p" {
				require.Equal(t, shown, s, verb)
			}
		}
		for _, v := range []any{carrier{made, &made, made, made, []apitoken.Token{made}}, []any{made}, map[apitoken.ID]apitoken.Token{made.ID: made}, made.Secret, live, made.ID} {
			out(fmt.Sprintf(verb, v))
		}
	}
	for _, h := range []slog.Handler{slog.NewJSONHandler(&logged, nil), slog.NewTextHandler(&logged, nil)} {
		slog.New(h).With("with", made).Error("made", "token", made, "ptr", &made, "in", carrier{Made: made, hidden: made}, "list", []any{made}, "err", fmt.Errorf("cannot keep %v", made))
	}
	for _, v := range []any{made, &made, carrier{Made: made, Ptr: &made, Any: made}, map[string]any{"t": made}} {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		require.Contains(t, string(b), `"`+shown+`"`)
		out(string(b))
	}
	b, err := xml.Marshal(made)
	require.NoError(t, err)
	out(string(b))
	out(errors.Join(fmt.Errorf("wrapped: %w", fmt.Errorf("%+v", made)), fmt.Errorf("%v", &made)).Error())
	func() {
		defer func() { out(fmt.Sprint(recover())) }()
		panic(made)
	}()
	require.Contains(t, logged.String(), shown)
	secret := raw[len("acme_live_")+12:]
	for i := 0; i+5 <= len(secret); i++ {
		require.NotContains(t, logged.String(), secret[i:i+5])
		require.NotContains(t, logged.String(), fmt.Sprintf("%x", secret[i:i+5]))
	}
}

// A token that was written as JSON and read again has no secret, so it is not read.
func TestWhatWasPrintedIsNotTakenForAToken(t *testing.T) {
	t.Parallel()
	made := live.Mint()
	b, err := json.Marshal(made)
	require.NoError(t, err)
	var back apitoken.Token
	require.Error(t, json.Unmarshal(b, &back))
	require.True(t, back.Secret.IsZero())
	_, err = live.Parse(made.String())
	require.Equal(t, apitoken.ErrMalformed, err)
}
