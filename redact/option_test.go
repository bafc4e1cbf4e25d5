package redact

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSecretsAreLabelledOrDroppedAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, k := range []Kind{PrivateKey, Credential, UserInfo, Token, JWT} {
		for _, s := range []Strategy{Mask, Last4, Pseudonym} {
			_, err := New(Use(k, s))
			require.Error(t, err, "%v", k)
		}
		_, err := New(Use(k, Drop))
		require.NoError(t, err)
	}
	_, err := New(With(Kind(99)))
	require.Error(t, err)
}

func TestPseudonymsNeedAKeyAndDifferByKeyTenantAndKind(t *testing.T) {
	t.Parallel()
	_, err := New(Use(Email, Pseudonym))
	require.Error(t, err, "no key, no plain hash instead")
	_, err = New(PseudonymKey("k1", make([]byte, 31)))
	require.Error(t, err)
	_, err = New(PseudonymKey("not an id", make([]byte, 32)))
	require.Error(t, err)

	key := bytes.Repeat([]byte("k"), 32)
	r, err := New(Use(Email, Pseudonym), Use(Card, Pseudonym), PseudonymKey("k1", key))
	require.NoError(t, err)
	a := r.String("a@example.com")
	require.Regexp(t, `^\[email~k1~[b-v]{32}\]$`, a)
	require.Equal(t, a, r.String("A@Example.COM"), "one address, however it is spelt")
	require.NotEqual(t, a, r.For("acme").String("a@example.com"))
	require.NotEqual(t, r.For("acme").String("a@example.com"), r.For("umbrella").String("a@example.com"))
	require.Equal(t, a, r.String(a), "a pseudonym stays")
	other, err := New(Use(Email, Pseudonym), PseudonymKey("k1", bytes.Repeat([]byte("x"), 32)))
	require.NoError(t, err)
	require.NotEqual(t, a, other.String("a@example.com"))
	require.Equal(t, r.String("4111 1111 1111 1111"), r.String("4111111111111111"), "grouping is no part of a number")
}

func TestMasksKeepShapeAndLastFourOnlyOfLongValues(t *testing.T) {
	t.Parallel()
	r, err := New(Use(Card, Last4), Use(Email, Mask), Use(Credential, Drop))
	require.NoError(t, err)
	require.Equal(t, "card **** **** **** 1111", r.String("card 4111 1111 1111 1111"))
	require.Equal(t, "*@*******.***", r.String("a@example.com"))
	require.Equal(t, "password=", r.String("password=hunter2"))
	require.Equal(t, "***", string(appendMask(nil, []byte("123"), 4)))
}

func TestKeysKeepKeysAndAllowedValues(t *testing.T) {
	t.Parallel()
	r, err := New(Keys("acme_ticket"), KeepKeys("password"), Allow("help@example.com"))
	require.NoError(t, err)
	require.Equal(t, "X-Acme-Ticket: [redacted:credential] password=x help@example.com", r.String("X-Acme-Ticket: abc password=x help@example.com"))
}

func TestRulesOfTheApplicationJoinWhatTheyOverlap(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	r, err := New(Add(acme), OnMatch(func(k Kind, rule string) { seen[k.String()+"/"+rule]++ }))
	require.NoError(t, err)
	require.Equal(t, "id [redacted:custom], password=[redacted:credential] ACME- end", r.String("id ACME-7x, password=ACME-7 ACME- end"))
	require.Equal(t, map[string]int{"custom/acme": 1, "credential/key": 1}, seen)
	for _, bad := range []Rule{{}, {Name: "x", Anchor: "ab"}, {Name: "x y", Anchor: "ab", Match: acme.Match}, {Name: "x", Anchor: "a", Match: acme.Match},
		{Name: "x", Anchor: "ab", Window: 5000, Match: acme.Match}} {
		_, err := New(Add(bad))
		require.Error(t, err)
	}
}

func TestTokensOfEveryKnownShapeAreFoundInTextAndJSON(t *testing.T) {
	t.Parallel()
	for _, shape := range tokenShapes {
		var b strings.Builder
		for _, p := range shape.parts {
			b.WriteString(p.lit)
			for i := 0; i < p.min; i++ {
				for k := range 8 {
					if c := "a7B3cA9d"[(i+k)%8]; tokenSet[c]&p.set != 0 {
						b.WriteByte(c)
						break
					}
				}
			}
		}
		require.Greater(t, shape.match([]byte(b.String()), 0, new(tokenRun)), 0, "%s %s", shape.rule, b.String())
		out := Default().String(`{"x":"` + b.String() + `"}`)
		require.NotContains(t, out, b.String()[len(b.String())/2:], "%s", shape.rule)
	}
}
