package vault

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// Ref names a sealed record of ctx's tenant. A sealed value opens under its own Ref, and under no other.
type Ref struct {
	Purpose string        // what it is for, such as "slack" or "customers.email": keys differ by purpose
	ID      string        // of the record, unique within the purpose
	Subject audit.Subject // whose it is: shredded with the person; "" if nobody's
}

// ErrRef is returned for a Ref that names nothing. It names the part, never its value.
var ErrRef = errors.New("vault: a reference is not usable")

const maxRef = 255 // bytes of each part

func (r *Ref) check() error {
	for _, p := range [...]struct{ name, value string }{{"purpose", r.Purpose}, {"id", r.ID}, {"subject", string(r.Subject)}} {
		switch {
		case p.value == "" && p.name != "subject":
			return fmt.Errorf("%w: it has no %s", ErrRef, p.name)
		case len(p.value) > maxRef:
			return fmt.Errorf("%w: its %s has more than %d bytes", ErrRef, p.name, maxRef)
		case !utf8.ValidString(p.value):
			return fmt.Errorf("%w: its %s is not UTF-8", ErrRef, p.name)
		}
		for i := range len(p.value) {
			if p.value[i] == 0 { // no column of Postgres holds it
				return fmt.Errorf("%w: its %s has a NUL", ErrRef, p.name)
			}
		}
	}
	return nil
}

// What a message is: the first byte of its context.
const (
	sealedKey    = 'k'
	sealedSecret = 's'
	sealedField  = 'f'
)

// appendContext appends what a message is bound to. Parts have their lengths before them, so that no two lists of parts
// are the same context.
func appendContext(dst []byte, what byte, tenant, purpose, id, subject string) []byte {
	dst = append(dst, what)
	dst = binary.AppendUvarint(dst, uint64(len(tenant)))
	dst = append(dst, tenant...)
	dst = binary.AppendUvarint(dst, uint64(len(purpose)))
	dst = append(dst, purpose...)
	dst = binary.AppendUvarint(dst, uint64(len(id)))
	dst = append(dst, id...)
	dst = binary.AppendUvarint(dst, uint64(len(subject)))
	return append(dst, subject...)
}
