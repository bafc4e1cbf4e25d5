package vault

import (
	"crypto/subtle"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// wrap seals k under parent, for the row that w describes, and completes it. What opens is bound to the tenant, the
// purpose, the person and the key's own name: no row's key works in another's place.
func wrap(w WrappedKey, k, parent *key, tenant tenancy.ID) (WrappedKey, error) {
	w.ID, w.Commit, w.Parent = k.id, k.commit, parent.id
	k.mu.Lock()
	defer k.mu.Unlock()
	var err error
	w.Wrapped, err = parent.seal(nil, k.secret()[:], w.context(tenant))
	return w, err
}

// unwrap is the reverse.
func (w *WrappedKey) unwrap(parent *key, tenant tenancy.ID, opened *openers) (*key, error) {
	secret, err := w.secret(parent, w.context(tenant))
	if err != nil {
		return nil, err
	}
	return w.named(secret, opened)
}

// secret opens w's bytes, which are of the key that bound names, as parent says.
func (w *WrappedKey) secret(parent *key, bound []byte) ([]byte, error) {
	if w.State == Shredded || len(w.Wrapped) == 0 {
		return nil, ErrShredded
	}
	h, err := parseHeader(w.Wrapped)
	if err == nil && h.key != parent.id {
		err = ErrUnknownKey
	}
	var secret []byte
	if err == nil {
		secret, err = parent.open(make([]byte, 0, 64), w.Wrapped, bound, &h)
	}
	if err != nil {
		return nil, fmt.Errorf("vault: the stored key %s: %w", w.ID, err)
	}
	return secret, nil
}

// move puts w, which is wrapped under from, under to. That the bytes hash to its name, which takes longer than all of this, is seen when
// it is used, as under from.
func (w *WrappedKey) move(from, to *key, tenant tenancy.ID) error {
	bound := w.context(tenant)
	secret, err := w.secret(from, bound)
	if err != nil {
		return err
	}
	defer clear(secret)
	w.Parent = to.id
	w.Wrapped, err = to.seal(make([]byte, 0, Overhead+len(secret)), secret, bound)
	return err
}

// named returns the key whose bytes are secret, if it is the one that the row names.
func (w *WrappedKey) named(secret []byte, opened *openers) (*key, error) {
	if len(secret) != 32 {
		return nil, fmt.Errorf("vault: the stored key %s: %w", w.ID, ErrNotAuthentic)
	}
	k := newKey((*[32]byte)(secret), opened)
	if k.id != w.ID || subtle.ConstantTimeCompare(k.commit[:], w.Commit[:]) != 1 {
		return nil, fmt.Errorf("vault: the stored key %s: %w", w.ID, ErrNotAuthentic)
	}
	return k, nil
}

func (w *WrappedKey) context(tenant tenancy.ID) []byte {
	return appendContext(nil, sealedKey, tenant.String(), w.Purpose, string(w.ID[:]), string(append([]byte{byte(w.Level)}, w.Subject[:]...)))
}
