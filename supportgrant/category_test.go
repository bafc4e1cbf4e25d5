package supportgrant

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatIsSecretHasNoCategory(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"access_tokens", "refresh_token", "oauth_secrets", "client_secret", "mfa_seeds", "mfa", "totp", "otp_codes", "recovery_codes", "payment_methods", "payments",
		"cards", "credit_card", "iban", "bank_accounts", "passwords", "password_hashes", "passwd", "user_pwd", "credentials", "api_keys", "apikeys", "private_key", "signing_keys",
		"pass_words", "to_kens", "web_authn", "session_ids", "cookies", "pin_codes", "bearer", "jwts", "salts", "pass_keys"} {
		require.Panics(t, func() { Define(name) }, name)
		require.NotEmpty(t, Excluded(name), name)
		require.NotEmpty(t, Excluded(strings.ToUpper(name)), name)
	}
	for _, name := range []string{"accessToken", "AccessToken", "refreshTOKEN", "apiKey", "userPassword", "x.y.secret", "users.password_hash", "Card-Number", "mfaSeed", "OTP", "SSHKey", "userPGPKey", "OTPCode", "CSRFValue", "PINs", "JWTs"} {
		require.NotEmpty(t, Excluded(name), name)
	}
	for _, name := range []string{"posts", "title", "opinion", "keyboard", "monkeys", "discard", "company", "panel", "compass", "spinner", "shipping", "assessments", "hotpink", "postcard",
		"last_login_at", "author", "optimal", "seeding"} {
		require.Empty(t, Excluded(name), name)
	}
}

func TestOnlyNamedCategoriesExist(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "ab", "Tickets", "1st", "_x1", "a-b", "a b", "ünï", strings.Repeat("x", 33), "posts", "account"} {
		require.Panics(t, func() { Define(name) }, name)
	}
	own := Define("test_tickets")
	require.Panics(t, func() { Define("test_tickets") })
	require.Equal(t, "test_tickets", own.String())
	require.True(t, Category{}.IsZero())
	require.Empty(t, Category{}.Name())
	require.True(t, ScopeOf(Category{}).IsZero(), "no category gives nothing")
	require.False(t, ScopeOf(Account, Organization, Posts, MediaMetadata, Analytics, own).Has(Category{}))
	s := ScopeOf(own, Posts, Posts)
	require.True(t, s.Has(own) && s.Has(Posts))
	require.False(t, s.Has(Account) || s.Has(Analytics))
	require.Equal(t, []string{"posts", "test_tickets"}, s.Names())
	require.Equal(t, "posts,test_tickets", s.String())
	again, known := ParseScope(s.Names())
	require.True(t, known)
	require.Equal(t, s, again)
	part, known := ParseScope([]string{"posts", "of_a_newer_version", ""})
	require.False(t, known)
	require.Equal(t, ScopeOf(Posts), part, "what is not known gives nothing")
}
