package totp

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bailiwick-dev/bailiwick/redact"
)

var unpadded = base32.StdEncoding.WithPadding(base32.NoPadding)

var errSecret = errors.New("totp: not a secret of 128 bits or more in base32")

// NewSecret returns a new secret of 160 random bits.
func NewSecret() redact.Secret[[]byte] {
	b := make([]byte, newSecret)
	_, _ = rand.Read(b) // it never fails: the program ends
	return redact.NewSecret(b)
}

// ParseSecret takes a secret from base32 of RFC 4648, as applications keep it and people copy it: letters of either case, with or
// without padding, 128 to 512 bits. The error repeats nothing of it.
func ParseSecret(text string) (redact.Secret[[]byte], error) {
	text = strings.ToUpper(strings.TrimRight(text, "="))
	b, err := unpadded.DecodeString(text)
	if err != nil || len(b) < minSecret || len(b) > 64 || unpadded.EncodeToString(b) != text {
		return redact.Secret[[]byte]{}, errSecret
	}
	return redact.NewSecret(b), nil
}

// URI returns the otpauth URI of a secret, which an authenticator app takes from a QR code. It has the secret in it: show it once, to
// its owner, and keep it nowhere. Issuer and account are shown by the app: 1 to 64 characters, none of them ':' or a control
// character.
func URI(issuer, account string, secret redact.Secret[[]byte]) (redact.Secret[string], error) {
	if !isLabel(issuer) || !isLabel(account) {
		return redact.Secret[string]{}, errors.New("totp: not an issuer or account to show")
	}
	if len(secret.Reveal()) < minSecret {
		return redact.Secret[string]{}, errSecret
	}
	return redact.NewSecret("otpauth://totp/" + escape(issuer) + ":" + escape(account) +
		"?secret=" + unpadded.EncodeToString(secret.Reveal()) + "&issuer=" + escape(issuer)), nil
}

// escape is for a path and a query alike; apps do not take '+' for a space.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func isLabel(s string) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= 64 && strings.TrimSpace(s) != "" &&
		!strings.ContainsFunc(s, func(r rune) bool { return r == ':' || !unicode.IsPrint(r) })
}

// Confirm takes the first code of a new secret, by which its owner shows that the app has it. Keep the secret when Confirm has
// returned without an error, and not before. The code is used up: it approves nothing.
func (t *TOTP) Confirm(ctx context.Context, secret redact.Secret[[]byte], code string) error {
	if len(secret.Reveal()) < minSecret {
		return errSecret
	}
	_, err := t.use(ctx, secret, []byte(code))
	return err
}
