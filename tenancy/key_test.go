package tenancy_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

func TestAKeyNeverShowsItsSecret(t *testing.T) {
	t.Parallel()
	secret := []byte("correct horse battery staple 32!")
	k, err := tenancy.NewKey("k1", secret)
	require.NoError(t, err)
	type holder struct {
		K       tenancy.Key
		P       *tenancy.Key
		I       any
		M       map[string]tenancy.Key
		S       []tenancy.Key
		Ks      tenancy.Keys
		private tenancy.Key // fmt does not ask the methods of unexported fields
	}
	h := holder{k, &k, k, map[string]tenancy.Key{"k": k}, []tenancy.Key{k}, tenancy.Keys{Current: k, Previous: k}, k}
	var shown []string
	for _, v := range []any{k, &k, h, &h, h.Ks, &h.Ks, h.S, []any{k, h}, struct{ k *holder }{&h}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%o", "%b", "%c", "%U", "%t", "%e", "%T", "%p", "%w"} {
			shown = append(shown, fmt.Sprintf(verb, v))
		}
		shown = append(shown, fmt.Sprint(v), fmt.Errorf("%w: %v", tenancy.ErrNoTenant, v).Error())
		text, err := json.Marshal(v)
		require.NoError(t, err)
		shown = append(shown, string(text))
		var buf bytes.Buffer
		slog.New(slog.NewTextHandler(&buf, nil)).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&buf, nil)).Info("m", "v", v)
		shown = append(shown, buf.String())
	}
	var bytesText, hexText []string
	for _, b := range secret[:4] {
		bytesText = append(bytesText, strconv.Itoa(int(b)))
		hexText = append(hexText, fmt.Sprintf("0x%x", b))
	}
	for _, s := range shown {
		for _, leak := range []string{string(secret[:8]), hex.EncodeToString(secret[:4]), strings.ToUpper(hex.EncodeToString(secret[:4])),
			base64.StdEncoding.EncodeToString(secret[:6]), strings.Join(bytesText, " "), strings.Join(bytesText, ","),
			strings.Join(hexText, ", "), "c o r r e c t", "U+0063 U+006F"} {
			require.NotContains(t, s, leak)
		}
	}
	for _, s := range []string{k.String(), fmt.Sprintf("%v", k), fmt.Sprintf("%x", k), fmt.Sprintf("%d", k), fmt.Sprintf("%#v", &k)} {
		require.Equal(t, "tenancy.Key(k1)", s)
	}
}

func TestAKeyIsNamedLongAndItsOwnCopy(t *testing.T) {
	t.Parallel()
	secret := bytes.Repeat([]byte{7}, 32)
	for _, id := range []string{"", "k", "k12", "K1", "k-", "é"} {
		_, err := tenancy.NewKey(id, secret)
		require.Error(t, err, id)
	}
	_, err := tenancy.NewKey("k1", secret[:31])
	require.Error(t, err)
	require.NotContains(t, err.Error(), "7 7")
	k, err := tenancy.NewKey("k1", secret)
	require.NoError(t, err)
	before := k.Derive("p")
	clear(secret)
	require.Equal(t, before, k.Derive("p"), "the caller may wipe its copy")
	require.Len(t, before, 32)
	require.NotEqual(t, before, k.Derive("q"))
	clear(before)
	require.NotEqual(t, before, k.Derive("p"))
	require.True(t, tenancy.Key{}.IsZero())
	require.Panics(t, func() { tenancy.Key{}.Derive("p") })
}

func TestKeysFindWhatIsLive(t *testing.T) {
	t.Parallel()
	k1, k2 := testKey(t, "k1"), testKey(t, "k2")
	for _, c := range []struct {
		keys tenancy.Keys
		live string
	}{{tenancy.Keys{}, ""}, {tenancy.Keys{Current: k1}, "k1"}, {tenancy.Keys{Current: k1, Previous: k2}, "k1 k2"}} {
		for _, id := range []string{"k1", "k2", "k3", ""} {
			k, ok := c.keys.Find(id)
			require.Equal(t, id != "" && strings.Contains(c.live, id), ok)
			require.Equal(t, !ok, k.IsZero())
			if ok {
				require.Equal(t, id, k.ID())
			}
		}
	}
}
