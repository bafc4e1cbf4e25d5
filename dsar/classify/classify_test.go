package classify_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar/classify"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/redact"
)

func TestNamesSayWhatColumnsAreAbout(t *testing.T) {
	t.Parallel()
	for column, want := range map[string]redact.Class{
		"email": redact.ClassEmail, "userEmail": redact.ClassEmail, "EMAIL_ADDR": redact.ClassEmail, "unconfirmed_email": redact.ClassEmail,
		"password_digest": redact.ClassPassword, "encrypted_password": redact.ClassPassword, "user_pass": redact.ClassPassword,
		"phone_number": redact.ClassPhone, "MobilePhone": redact.ClassPhone, "first_name": redact.ClassName, "lastname": redact.ClassName,
		"last_sign_in_ip": redact.ClassIP, "ip_address": redact.ClassIP, "user_agent": redact.ClassDevice, "date_of_birth": redact.ClassBirth,
		"refresh_token": redact.ClassRefreshToken, "api_key": redact.ClassAccessToken, "otp_secret": redact.ClassMFA, "client_secret": redact.ClassOAuthSecret,
		"iban": redact.ClassBankAccount, "postal_code": redact.ClassAddress, "avatar_url": redact.ClassImage, "ssn": redact.ClassNationalID, "username": redact.ClassAccount,
		// What only sounds like it.
		"email_verified_at": {}, "email_count": {}, "zip_file_size": {}, "color": {}, "total": {}, "ship": {}, "tip": {}, "status": {}, "created_at": {}, "password_changed_at": {},
		"subscription": {}, "phone_verified": {},
	} {
		require.Equal(t, want.String(), classify.Column("thing", column, schema.Text).String(), column)
	}
	require.Equal(t, redact.ClassName, classify.Column("customers", "name", schema.Text))
	require.True(t, classify.Column("plans", "name", schema.Text).IsZero())
	require.True(t, classify.Column("users", "email", schema.Bool).IsZero())
	require.True(t, classify.Column("users", "email", schema.Int).IsZero())
	require.Equal(t, redact.ClassBirth, classify.Column("users", "birthday", schema.Time))
}
