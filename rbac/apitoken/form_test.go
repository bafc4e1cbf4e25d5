package apitoken_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
	"github.com/stretchr/testify/require"
)

func TestAFormHasTwoShortWords(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"ac", "acme", "a1", "live", "x9y8z7", strings.Repeat("a", 16)} {
		for _, pair := range [][2]string{{good, "live"}, {"acme", good}} {
			f, err := apitoken.New(pair[0], pair[1])
			require.NoError(t, err)
			require.Equal(t, apitoken.MustNew(pair[0], pair[1]), f)
			require.True(t, strings.HasPrefix(f.Mint().Secret.Reveal(), pair[0]+"_"+pair[1]+"_"))
		}
	}
	for _, bad := range []string{"", "a", "A", "Acme", "ACME", "ac_me", "_", "ac-me", "1a", "11", "a b", " acme", "acme ", "acme\n", "acmé", "ас", "a\x00", "a.b", "a*",
		strings.Repeat("a", 17), strings.Repeat("a", 1000)} {
		for _, pair := range [][2]string{{bad, "live"}, {"acme", bad}, {bad, bad}} {
			f, err := apitoken.New(pair[0], pair[1])
			require.ErrorIs(t, err, apitoken.ErrForm, "%q", pair)
			require.Equal(t, apitoken.Form{}, f)
			if len(bad) > 2 {
				require.NotContains(t, err.Error(), bad)
			}
			require.Panics(t, func() { apitoken.MustNew(pair[0], pair[1]) })
		}
	}
}

func TestTheZeroFormRefusesEverything(t *testing.T) {
	t.Parallel()
	var none apitoken.Form
	for _, raw := range []string{"", published, published[len("acme_live_"):], withSum(strings.Repeat("0", 55))} {
		id, err := none.Parse(raw)
		require.ErrorIs(t, err, apitoken.ErrMalformed)
		require.Zero(t, id)
	}
	require.Panics(t, func() { none.Mint() })
}

func TestAnIDComesBackFromText(t *testing.T) {
	t.Parallel()
	id := live.Mint().ID
	got, err := apitoken.ParseID(id.String())
	require.NoError(t, err)
	require.Equal(t, id, got)
	require.Empty(t, apitoken.ID{}.String())

	type row struct{ ID, None apitoken.ID }
	b, err := json.Marshal(row{ID: id})
	require.NoError(t, err)
	require.JSONEq(t, `{"ID":"`+id.String()+`","None":""}`, string(b))
	back := row{None: id}
	require.NoError(t, json.Unmarshal(b, &back))
	require.Equal(t, row{ID: id}, back)

	for _, bad := range []string{"", "x", id.String()[1:], id.String() + "0", id.String()[:11] + "_", id.String()[:11] + "\x00", id.String()[:10] + "é", strings.Repeat("\x00", 12)} {
		got, err := apitoken.ParseID(bad)
		require.Equal(t, apitoken.ErrMalformed, err, "%q", bad)
		require.Zero(t, got)
		if bad != "" {
			kept := id
			require.Equal(t, apitoken.ErrMalformed, kept.UnmarshalText([]byte(bad)))
			require.Equal(t, id, kept)
		}
	}
}
