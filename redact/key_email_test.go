package redact_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	. "github.com/bailiwick-dev/bailiwick/redact"
)

// A name says the same of a value in a text and in a structure, also where the value has not the shape of an address.
func TestAKeyNamedEmailMakesItsValuePersonalInTextAndStructures(t *testing.T) {
	t.Parallel()
	const odd = "ines@" + "intranet"
	for _, key := range []string{"email", "Email", "user_email", "contactEmail", "password_email", "mail", "EMAIL_ADDRESS"} {
		for _, text := range []string{key + "=" + odd + " x", `{"` + key + `": "` + odd + `"}`, key + ": " + odd, "{" + key + ":" + odd + " Age:7}"} {
			out := Default().String(text)
			require.NotContains(t, out, odd, text)
			require.Contains(t, out, "[redacted:email]", text)
		}
		require.Equal(t, map[string]any{key: "[redacted:email]"}, Default().Any(map[string]any{key: odd}))
	}
	for _, s := range []string{"email=none", "password_email=queued", "secret_email: sent", "email: true", `{"email":null}`, "email_count=4@5", "reset_email_url=x@y"} {
		require.Equal(t, s, Default().String(s))
	}
	kept, err := New(KeepKeys("email"))
	require.NoError(t, err)
	require.Equal(t, "email="+odd, kept.String("email="+odd))
	require.Equal(t, map[string]any{"email": odd}, kept.Any(map[string]any{"email": odd}))
}
