package totp_test

import (
	"context"
	"encoding/base32"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/totp"
	"github.com/stretchr/testify/require"
)

func TestASecretIsEnrolledByItsFirstCode(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), context.Background()
	require.ErrorIs(t, w.Confirm(ctx, rfcSecret, "000000"), supportgrant.ErrMFA)
	require.ErrorIs(t, w.Confirm(ctx, totp.NewSecret(), rfcCode), supportgrant.ErrMFA)
	require.NoError(t, w.Confirm(ctx, rfcSecret, rfcCode))
	_, err := w.approve(t, rfcCode)
	require.ErrorIs(t, err, supportgrant.ErrMFA, "the code that enrolled approves nothing")
}

func TestANewSecretHas160BitsAndIsNotPrinted(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		s := totp.NewSecret()
		require.Len(t, s.Reveal(), 20)
		require.False(t, seen[string(s.Reveal())])
		seen[string(s.Reveal())] = true
	}
	uri, err := totp.URI("Example", "ann", rfcSecret)
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v %s", uri, uri, uri, uri), "GEZD")
}

func TestAURIIsWhatAppsTake(t *testing.T) {
	t.Parallel()
	uri, err := totp.URI("Müller & Söhne", "ann+1@example.com", rfcSecret)
	require.NoError(t, err)
	require.Equal(t, "otpauth://totp/M%C3%BCller%20%26%20S%C3%B6hne:ann%2B1%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=M%C3%BCller%20%26%20S%C3%B6hne", uri.Reveal())
	for _, bad := range []string{"", " ", "a:b", "a\nb", "a\u202eb", "\xff", strings.Repeat("x", 65)} {
		_, err = totp.URI(bad, "ann", rfcSecret)
		require.Error(t, err, "%q", bad)
		_, err = totp.URI("Example", bad, rfcSecret)
		require.Error(t, err, "%q", bad)
	}
	_, err = totp.URI("Example", "ann", redact.NewSecret([]byte("short")))
	require.Error(t, err)
}

func TestASecretComesBackFromBase32(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "gezdgnbvgy3tqojqgezdgnbvgy3tqojq", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ===="} {
		s, err := totp.ParseSecret(text)
		require.NoError(t, err)
		require.Equal(t, rfcSecret.Reveal(), s.Reveal())
	}
	for _, text := range []string{"", "GEZDGNBV", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1", "GEZDGNBVGY3TQOJQ\nGEZDGNBVGY3TQOJQ", " GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
		"GEZDGNBVGY3TQOJQGEZDGNBVGZ", strings.Repeat("A", 104)} {
		_, err := totp.ParseSecret(text)
		require.Error(t, err, "%q", text)
		if len(text) > 8 {
			require.NotContains(t, err.Error(), text[:8])
		}
	}
}

func FuzzParseSecret(f *testing.F) {
	f.Add("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
	f.Add("gezdgnbvgy3tqojqgezdgnbvgy3tqojq======")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := totp.ParseSecret(text)
		if err != nil {
			require.Zero(t, s.Reveal())
			return
		}
		require.GreaterOrEqual(t, len(s.Reveal()), 16)
		require.Equal(t, strings.ToUpper(strings.TrimRight(text, "=")), strings.TrimRight(base32.StdEncoding.EncodeToString(s.Reveal()), "="))
	})
}

func FuzzURI(f *testing.F) {
	f.Add("Example", "ann@example.com")
	f.Add("a&secret=b", "?#/%41")
	f.Fuzz(func(t *testing.T, issuer, account string) {
		uri, err := totp.URI(issuer, account, rfcSecret)
		if err != nil {
			return
		}
		u, err := url.Parse(uri.Reveal())
		require.NoError(t, err)
		require.Equal(t, "otpauth", u.Scheme)
		require.Equal(t, "totp", u.Host)
		require.Equal(t, "/"+issuer+":"+account, u.Path)
		require.Equal(t, url.Values{"secret": {"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}, "issuer": {issuer}}, u.Query())
	})
}

// Whatever the answer, only the six digits of a step that is due and was not used get through.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{rfcCode, before, after, " " + rfcCode, rfcCode + "\n", "０05924", "000000", ""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		w, i := newWorld(t), intent()
		digest := i.Digest()
		_, err := w.Verify(context.Background(), i, digest[:], answer)
		good := string(answer) == rfcCode || string(answer) == before || string(answer) == after
		require.Equal(t, good, err == nil, "%q", answer)
		if !good {
			require.ErrorIs(t, err, supportgrant.ErrMFA)
		}
	})
}
