package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// AuditSealer seals the personal values of an audit log under the keys of the persons they are about, so that
// [Vault.Shred] takes them too, out of backups and replicas of the log. The log is opened with it, and the vault with both:
//
//	sealer := new(vault.AuditSealer)
//	log, err := audit.Open(ctx, logStore, audit.Options{Sealer: sealer, ...})
//	v, err := vault.Open(ctx, store, keeper, vault.Options{Recorder: log, Sealer: sealer})
//
// Until the vault is open, what would have to be sealed or opened is [audit.ErrUnavailable]. The zero value is good. It is
// safe for concurrent use.
type AuditSealer struct{ v atomic.Pointer[Vault] }

var _ audit.Sealer = (*AuditSealer)(nil)

// sealedOpening are values of an audit event: see [appendContext].
const sealedOpening = 'a'

// openingPurpose is that of the keys of what is sealed for audit logs.
const openingPurpose = "audit"

var errNotOpen = errors.New("vault: no vault was opened with this sealer")

// Seal implements [audit.Sealer]. What is nobody's has a key as a person has, which nothing shreds.
func (s *AuditSealer) Seal(ctx context.Context, who audit.Subject, plain, context []byte) ([]byte, error) {
	r, err := s.ring(ctx)
	if err != nil {
		return nil, forAudit(err)
	}
	k, err := r.subjectKey(ctx, openingPurpose, who)
	if err != nil {
		return nil, forAudit(err)
	}
	out, err := k.seal(nil, plain, openingContext(r, context))
	return out, forAudit(err)
}

// Open implements [audit.Sealer]. ctx is the tenant's, also where a bundle is verified.
func (s *AuditSealer) Open(ctx context.Context, sealed, context []byte) ([]byte, error) {
	r, err := s.ring(ctx)
	if err != nil {
		return nil, forAudit(err)
	}
	h, err := parseHeader(sealed)
	if err != nil {
		return nil, err
	}
	k, err := r.byID(ctx, h.key)
	if err != nil {
		return nil, forAudit(err)
	}
	out, err := k.open(nil, sealed, openingContext(r, context), &h)
	return out, forAudit(err)
}

// Format writes what s is, whatever the verb.
func (s *AuditSealer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "vault.AuditSealer") }

func (s *AuditSealer) ring(ctx context.Context) (*ring, error) {
	v := s.v.Load()
	if v == nil {
		return nil, errNotOpen
	}
	return v.ring(ctx)
}

// openingContext is what values are bound to: the tenant, and the event and person that the log names.
func openingContext(r *ring, context []byte) []byte {
	return appendContext(nil, sealedOpening, r.tenant.String(), openingPurpose, string(context), "")
}

// forAudit says of err what an audit log must know: that a value is lost, that it is not the one that was sealed, or that
// nobody can tell now.
func forAudit(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrShredded):
		return fmt.Errorf("%w: %w", audit.ErrShredded, err)
	case errors.Is(err, ErrMalformed), errors.Is(err, ErrFormat), errors.Is(err, ErrUnknownKey), errors.Is(err, ErrNotAuthentic):
		return err
	}
	return fmt.Errorf("%w: %w", audit.ErrUnavailable, err)
}
