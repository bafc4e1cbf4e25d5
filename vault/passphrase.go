package vault

import (
	"context"
	"crypto/fips140"
	"crypto/pbkdf2"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"github.com/bailiwick-dev/bailiwick/redact"
	"golang.org/x/crypto/argon2"
)

// How a key is made of a passphrase; the first byte of what such a keeper wraps.
const (
	kdfArgon2id = 1 // t=3, 64 MiB, 4 lanes (RFC 9106, second choice)
	kdfPBKDF2   = 2 // HMAC-SHA-256, 600,000 rounds
)

// KeyFromPassphrase returns a keeper whose key is made of a passphrase: by Argon2id, or, where only FIPS 140-3's
// algorithms are allowed (GODEBUG=fips140=on or only), by PBKDF2. What one of them wrapped the other does not open; outside
// of FIPS mode both do. salt is at least 16 random bytes, no secret, and must stay the same. Making the key takes a
// tenth of a second and, with Argon2id, 64 MiB. A passphrase is as good as it is long: prefer [KeyFromEnv].
func KeyFromPassphrase(passphrase redact.Secret[string], salt []byte) (Keeper, error) {
	if len(passphrase.Reveal()) < 16 || len(salt) < 16 {
		return nil, fmt.Errorf("%w: a passphrase needs 16 characters, and a salt 16 bytes", ErrKeeper)
	}
	salt = append([]byte(nil), salt...)
	made := func(kdf func() []byte) func() localKeeper {
		return sync.OnceValue(func() localKeeper { return localKeeper{newKey((*[32]byte)(kdf()), nil)} })
	}
	return &passphraseKeeper{
		argon2id: made(func() []byte { return argon2.IDKey([]byte(passphrase.Reveal()), salt, 3, 64<<10, 4, 32) }),
		pbkdf2: made(func() []byte {
			out, err := pbkdf2.Key(sha256.New, passphrase.Reveal(), salt, 600_000, 32)
			if err != nil {
				panic(err) // only for a salt or a length that FIPS does not allow: both are long enough here
			}
			return out
		}),
	}, nil
}

// passphraseKeeper makes each of its keys when it is first asked for.
type passphraseKeeper struct{ argon2id, pbkdf2 func() localKeeper }

var errNotFIPS = errors.New("it was wrapped with Argon2id, which FIPS 140-3 does not allow: open it outside of FIPS mode and rotate the root")

func (p *passphraseKeeper) Encrypt(ctx context.Context, plaintext []byte) ([]byte, error) {
	kdf, keeper := byte(kdfArgon2id), p.argon2id
	if fips140.Enabled() {
		kdf, keeper = kdfPBKDF2, p.pbkdf2
	}
	out, err := keeper().Encrypt(ctx, plaintext)
	return append([]byte{kdf}, out...), err
}

func (p *passphraseKeeper) Decrypt(ctx context.Context, ciphertext []byte) ([]byte, error) {
	switch {
	case len(ciphertext) > 0 && ciphertext[0] == kdfArgon2id && fips140.Enabled():
		return nil, fmt.Errorf("%w: %w", ErrKeeper, errNotFIPS)
	case len(ciphertext) > 0 && ciphertext[0] == kdfArgon2id:
		return p.argon2id().Decrypt(ctx, ciphertext[1:])
	case len(ciphertext) > 0 && ciphertext[0] == kdfPBKDF2:
		return p.pbkdf2().Decrypt(ctx, ciphertext[1:])
	}
	return nil, errOtherKind
}
