package audit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
)

// The first byte of an opening's data.
const (
	openingPlain  = 0x00 // fields follow, as appendField writes them
	openingSealed = 0x01 // what the Sealer made of them follows
)

// maxOpening is how many bytes the fields of one subject in one event may have.
const maxOpening = 1 << 20

// openField is one erasable value as an opening holds it. The slices are into the opening.
type openField struct{ label, salt, value []byte }

// appendField appends f as a plain opening holds it: label and value behind their lengths, the salt between them.
func appendField(dst []byte, f openField) []byte {
	return appendOpened(dst, f.salt, f.label, nil, f.value)
}

func appendOpened[T string | []byte](dst, salt []byte, label, key, value T) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(label)+len(key)))
	dst = append(append(dst, label...), key...)
	dst = append(dst, salt...)
	dst = binary.AppendUvarint(dst, uint64(len(value)))
	return append(dst, value...)
}

// nextField takes the first field off fields (an opening's data without its first byte), which must not be
// empty. It is false for what appendField did not write.
func nextField(fields []byte) (f openField, rest []byte, ok bool) {
	if f.label, fields, ok = nextCounted(fields); !ok || len(f.label) == 0 || len(f.label) > 255 || len(fields) < saltLen {
		return openField{}, nil, false
	}
	f.salt, fields = fields[:saltLen:saltLen], fields[saltLen:]
	f.value, rest, ok = nextCounted(fields)
	return f, rest, ok
}

func nextCounted(b []byte) (counted, rest []byte, ok bool) {
	n, w := binary.Uvarint(b)
	if w <= 0 || w > 1 && b[w-1] == 0 || n > uint64(len(b)-w) { // a length has one form, the shortest
		return nil, nil, false
	}
	b = b[w:]
	return b[:n:n], b[n:], true
}

// parseOpening returns the fields of a plain opening (without its first byte).
func parseOpening(fields []byte) ([]openField, error) {
	var all []openField
	for len(fields) > 0 {
		f, rest, ok := nextField(fields)
		if !ok {
			return nil, fmt.Errorf("%w: an opening cannot be read", ErrCorrupt)
		}
		all, fields = append(all, f), rest
	}
	return all, nil
}

// sealContext binds a sealed opening to its event and to the subject it is kept under: one that was put in the place of
// another does not open.
func sealContext(tenant tenancy.ID, event uuid.UUID, who Pseudonym) []byte {
	b := append([]byte("bailiwick audit opening v2\x00"), tenant.String()...)
	return append(append(append(b, 0), event[:]...), who[:]...)
}

// errNoSealer: the log was opened without what seals and opens its values.
var errNoSealer = errors.New("audit: values are sealed, and the log has no sealer")

// sealOpening returns the data of an opening with those fields, which is kept under pseudonym: sealed if the log has a Sealer.
func (l *Log) sealOpening(ctx context.Context, tenant tenancy.ID, event uuid.UUID, pseudonym Pseudonym, who Subject, fields []byte) ([]byte, error) {
	if l.opts.Sealer == nil {
		return append([]byte{openingPlain}, fields...), nil
	}
	sealed, err := l.opts.Sealer.Seal(ctx, who, fields, sealContext(tenant, event, pseudonym))
	if err != nil {
		return nil, fmt.Errorf("audit: sealing: %w", err)
	}
	return append([]byte{openingSealed}, sealed...), nil
}

// unsealOpening is the reverse: the fields in o, for parseOpening. What was sealed under a key that is gone
// is an error that wraps ErrShredded. Empty data has no fields.
func (l *Log) unsealOpening(ctx context.Context, tenant tenancy.ID, event uuid.UUID, o Opening) ([]byte, error) {
	return unseal(ctx, l.opts.Sealer, tenant, event, o)
}

func unseal(ctx context.Context, s Sealer, tenant tenancy.ID, event uuid.UUID, o Opening) ([]byte, error) {
	switch data := o.Data; {
	case len(data) == 0:
		return nil, nil
	case data[0] == openingPlain:
		return data[1:], nil
	case data[0] != openingSealed:
		return nil, fmt.Errorf("%w: an opening is neither plain nor sealed", ErrCorrupt)
	case s == nil:
		return nil, errNoSealer
	}
	fields, err := s.Open(ctx, o.Data[1:], sealContext(tenant, event, o.Subject))
	if err != nil {
		return nil, fmt.Errorf("audit: opening what was sealed: %w", err)
	}
	return fields, nil
}
