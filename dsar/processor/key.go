package processor

import (
	"context"
	"crypto/sha256"
	"encoding/binary"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
)

// Key returns the idempotency key of a request at a processor for ctx's tenant: a UUID in small letters. It follows from these four alone, so
// that every process and every attempt has the same one. It has the form of version 4, which OpenDSR asks for, and is not random.
func Key(ctx context.Context, request string, verb Verb, processor string) (string, error) {
	id, err := tenancy.From(ctx)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, s := range []string{"bailiwick dsar processor 1", id.String(), request, string(verb), processor} {
		_ = binary.Write(h, binary.BigEndian, uint64(len(s))) // so that no two lists of texts are the same bytes
		_, _ = h.Write([]byte(s))
	}
	var u uuid.UUID
	copy(u[:], h.Sum(nil))
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	return u.String(), nil
}
