package archive

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// Passphrase returns a recipient for people who have no key: whoever knows the passphrase can read the archive, with the tool age or
// with [Decrypt]. It refuses one of less than 16 characters, as a copy of an archive can be tried for as long as somebody likes:
// see [NewPassphrase]. Deriving the key takes a second and 256 MiB, once an archive; a passphrase is the only recipient.
func Passphrase(p string) (age.Recipient, error) {
	if len(p) < 16 {
		return nil, fmt.Errorf("%w: a passphrase of less than 16 characters", ErrOptions)
	}
	r, err := age.NewScryptRecipient(p)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	return r, nil
}

// NewPassphrase returns a passphrase that nobody guesses, in five groups that can be read out: it has 125 bits. Give it to the person
// another way than the archive.
func NewPassphrase() string {
	s := rand.Text()
	return s[:5] + "-" + s[5:10] + "-" + s[10:15] + "-" + s[15:20] + "-" + s[20:25]
}

// Decrypt returns the archive in an encrypted one, of which it reads what is asked for. An error that wraps [ErrInvalid] says that
// it is cut off, was changed, or is for somebody else.
func Decrypt(r io.ReaderAt, size int64, ids ...age.Identity) (io.ReaderAt, int64, error) {
	out, n, err := age.DecryptReaderAt(r, size, ids...)
	if err != nil {
		if no := new(age.NoIdentityMatchError); errors.As(err, &no) {
			return nil, 0, fmt.Errorf("%w: it is encrypted to somebody else", ErrInvalid)
		}
		return nil, 0, fmt.Errorf("%w: it cannot be decrypted", ErrInvalid)
	}
	return out, n, nil
}

// Passed returns the identity of who knows the passphrase.
func Passed(p string) (age.Identity, error) {
	id, err := age.NewScryptIdentity(p)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	return id, nil
}
