package vault

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAColumnTakesSealedValuesOnly(t *testing.T) {
	t.Parallel()
	ctx := as(t, "alpha")
	f, err := open(t, NewMemory(), newKeeper(t), Options{}).Field(ctx, "email")
	require.NoError(t, err)
	b, err := f.AppendSeal(ctx, nil, "1", "", []byte("ada@example.com"))
	require.NoError(t, err)
	value, err := Sealed(b).Value()
	require.NoError(t, err)
	var s Sealed
	require.NoError(t, s.Scan(value))
	require.Equal(t, b, []byte(s))
	b[20] ^= 1
	require.NotEqual(t, b, []byte(s), "it has a copy")
	require.NoError(t, s.Scan(nil))
	require.Nil(t, s)
	value, err = s.Value()
	require.NoError(t, err)
	require.Nil(t, value)
	for _, plain := range []string{"", "ada@example.com", "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789+/==", "\x01short"} {
		_, err := Sealed(plain).Value()
		require.Error(t, err)
		require.Error(t, s.Scan([]byte(plain)))
		require.Error(t, s.Scan(plain))
	}
}

func TestATokenFindsEqualValuesOfOneTenantAndPurpose(t *testing.T) {
	t.Parallel()
	keeper, store := newKeeper(t), NewMemory()
	tokens := map[[16]byte]string{}
	for round := range 2 { // the second time in another process
		v := open(t, store, keeper, Options{})
		for _, tenant := range []string{"alpha", "beta"} {
			for _, purpose := range []string{"email", "phone"} {
				for _, value := range []string{"", "ada@example.com", "Ada@example.com"} {
					ctx := as(t, tenant)
					f, err := v.Field(ctx, purpose)
					require.NoError(t, err)
					token, err := f.Token(ctx, value)
					require.NoError(t, err)
					is := fmt.Sprint(tenant, purpose, value)
					if was, ok := tokens[token]; ok || round == 1 {
						require.Equal(t, was, is)
					}
					tokens[token] = is
				}
			}
		}
		require.NoError(t, v.RotateTenantKey(as(t, "alpha"), Rotation{}))
	}
	require.Len(t, tokens, 12)
}
