package supportgrant

import (
	"slices"
	"strings"
)

// families are what no grant can give, with what their names are made of: parts are found anywhere in a name, also across "_";
// words are whole words of it, as they are also parts of harmless ones.
var families = []struct {
	name         string
	parts, words []string
}{
	{"passwords", []string{"passw", "passphrase", "passcode"}, []string{"pwd", "pin", "pins"}},
	{"tokens", []string{"token", "oauth", "bearer", "sessionid", "sessionkey", "cookie"}, []string{"jwt", "jwts", "sid", "csrf", "session", "sessions", "nonce"}},
	{"secrets", []string{"secret"}, []string{"salt", "salts", "pepper", "seed", "seeds", "hmac"}},
	{"credentials", []string{"credential"}, []string{"creds", "cred"}},
	{"second factors", []string{"2fa", "totp", "webauthn", "passkey", "authenticator", "recoverycode", "backupcode", "secondfactor", "multifactor"}, []string{"mfa", "otp", "otps", "hotp", "u2f", "fido", "fido2"}},
	{"keys", []string{"apikey", "privatekey", "signingkey", "encryptionkey", "accesskey", "keypair"}, []string{"key", "keys", "pem", "ssh"}},
	{"means of payment", []string{"payment", "creditcard", "debitcard", "cardnumber", "bankaccount", "iban"}, []string{"card", "cards", "cvv", "cvc", "pan", "bic", "sepa"}},
}

// Excluded returns the family that something of that name belongs to, of those that no grant can give: "passwords", "tokens",
// "secrets", "credentials", "second factors", "keys" or "means of payment"; "" if of none. It goes by the name of a category, or
// of a column, and tells what is plainly named: it does not look at data.
func Excluded(name string) string {
	words := wordsOf(camel(name, false))
	run := strings.Join(words, "")
	words = append(words, wordsOf(camel(name, true))...)
	for _, f := range families {
		if slices.ContainsFunc(f.parts, func(p string) bool { return strings.Contains(run, p) }) ||
			slices.ContainsFunc(words, func(w string) bool { return slices.Contains(f.words, w) }) {
			return f.name
		}
	}
	return ""
}

func wordsOf(name string) []string {
	return strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
}

// camel puts a "_" before each capital that follows a small letter or digit, so that apiKey has two words; and with initials before the last of
// several that a small letter follows, so that SSHKey has two. PINs has one, so both are looked at.
func camel(s string, initials bool) string {
	isCapital := func(r rune) bool { return r >= 'A' && r <= 'Z' }
	isSmall := func(r rune) bool { return r >= 'a' && r <= 'z' }
	var b strings.Builder
	rs := []rune(s)
	for i, r := range rs {
		if isCapital(r) && i > 0 && (isSmall(rs[i-1]) || rs[i-1] >= '0' && rs[i-1] <= '9' ||
			initials && isCapital(rs[i-1]) && i+1 < len(rs) && isSmall(rs[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return b.String()
}
