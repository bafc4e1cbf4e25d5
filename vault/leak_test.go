package vault

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type saying struct{ said string }

func (s *saying) Errorf(format string, args ...any) { s.said += fmt.Sprintf(format, args...) }

// dumped is value as testify prints what differs: through pointers and unexported fields.
func dumped(value any) string {
	var s saying
	of := reflect.TypeOf(value)
	other := reflect.New(of).Elem()
	if of.Kind() == reflect.Pointer {
		other = reflect.New(of.Elem())
	}
	assert.Equal(&s, value, other.Interface())
	return s.said
}

// Neither the keys nor what packages make of them can be read out of a value that is printed, however deep the printer looks.
func TestNoPrinterFindsAKey(t *testing.T) {
	t.Parallel()
	ctx := as(t, "alpha")
	secret, err := hex.DecodeString(goldenKey)
	require.NoError(t, err)
	keeper, err := parseKey([]byte(goldenKey), "a test")
	require.NoError(t, err)
	v := open(t, NewMemory(), keeper, Options{})
	f, err := v.Field(ctx, "email")
	require.NoError(t, err)
	sealed, err := f.AppendSeal(ctx, nil, "1", "user:1", []byte("ada"))
	require.NoError(t, err)
	_, err = f.AppendOpen(ctx, nil, "1", "user:1", sealed)
	require.NoError(t, err)
	phrase, err := KeyFromPassphrase(text(goldenKey), []byte("0123456789abcdef"))
	require.NoError(t, err)
	_, err = phrase.Encrypt(ctx, nil)
	require.NoError(t, err)

	known := [][]byte{secret, keeper.(localKeeper).key.secret()[:], v.roots.Load().active.secret()[:]}
	for _, k := range v.rings[f.tenant].set.Load().byID {
		known = append(known, k.secret()[:])
	}
	require.Len(t, known, 6)
	v.stop() // so that nobody writes what is printed
	<-v.ended
	require.Contains(t, dumped(&struct{ k *[32]byte }{keeper.(localKeeper).key.secret()}), "00 01 02 03 04 05 06 07")
	for _, value := range []any{v, f, keeper, phrase, keeper.(localKeeper).key, v.rings, v.opened, struct{ v *Vault }{v}} {
		said := dumped(value)
		for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%s", "%q", "%d"} {
			said += fmt.Sprintf(verb, value)
		}
		if js, err := json.Marshal(value); err == nil {
			said += string(js)
		}
		for _, k := range known {
			// The first eight bytes, as the printers of bytes have them.
			for _, form := range []string{hex.EncodeToString(k[:8]), fmt.Sprintf("% x", k[:8]), fmt.Sprintf("%v", k[:8])[1:], fmt.Sprintf("%#v", k[:8])[7:40], string(k[:8]), string(k)} {
				require.NotContains(t, said, form, "%T", value)
			}
		}
	}
}

// What waits in a stream, and the error that had a secret in it, are not found either.
func TestNoPrinterFindsWhatAStreamOrAScrubbedErrorHolds(t *testing.T) {
	t.Parallel()
	const hushed = "swordfish-4711-mauve"
	ctx := as(t, "alpha")
	v := open(t, NewMemory(), newKeeper(t), Options{})
	var sealed bytes.Buffer
	w, err := v.NewWriter(ctx, slackBot, &sealed)
	require.NoError(t, err)
	_, err = io.WriteString(w, hushed)
	require.NoError(t, err)
	waiting := dumped(w) + fmt.Sprintf("%v %+v %#v %s %q %x", w, w, w, w, w, w)
	require.NoError(t, w.Close())
	r, err := v.NewReader(ctx, slackBot, &sealed)
	require.NoError(t, err)
	_, err = r.Read(make([]byte, 1))
	require.NoError(t, err)
	require.NoError(t, v.Put(ctx, slackBot, text(hushed), Policy{}))
	failed := v.Use(ctx, slackBot, func(secret []byte) error { return fmt.Errorf("refused %s: %w", secret, io.EOF) })
	require.ErrorIs(t, failed, io.EOF)
	require.ErrorIs(t, failed, ErrScrubbed)
	all := waiting + dumped(r) + fmt.Sprintf("%v %+v %#v %s %q %x", r, r, r, r, r, r) + dumped(failed)
	for _, form := range append(forms([]byte(hushed[8:16])), "77 6f 72 64 66 69 73 68", "0x34, 0x37, 0x31, 0x31", "ordfish") {
		require.NotContains(t, all, form)
	}
}
