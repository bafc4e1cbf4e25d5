package vault

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Field seals the values of one of the application's own columns, for one tenant. It is safe for concurrent use, and
// stays good when keys are replaced or shredded.
type Field struct {
	v       *Vault
	tenant  tenancy.ID
	rings   atomic.Pointer[ring]
	purpose string
	prefix  []byte // of every context: what it is, tenant and purpose
	last    atomic.Pointer[fieldKey]
}

// fieldKey is the key that seals, as of one set of keys.
type fieldKey struct {
	of *keySet
	*key
}

// active is set.active of f's purpose.
func (f *Field) active(set *keySet) *key {
	last := f.last.Load()
	if last == nil || last.of != set {
		last = &fieldKey{set, set.active[f.purpose]}
		f.last.Store(last)
	}
	return last.key
}

// Field returns the field of ctx's tenant named purpose, such as "customers.email". It asks nobody.
func (v *Vault) Field(ctx context.Context, purpose string) (*Field, error) {
	ref := Ref{Purpose: purpose, ID: "-"}
	if err := ref.check(); err != nil {
		return nil, err
	}
	r, err := v.ring(ctx)
	if err != nil {
		return nil, err
	}
	whole := appendContext(nil, sealedField, r.tenant.String(), purpose, "", "")
	f := &Field{v: v, tenant: r.tenant, purpose: purpose, prefix: whole[:len(whole)-2]}
	f.rings.Store(r)
	return f, nil
}

// Format writes what f is, whatever the verb.
func (f *Field) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "vault.Field("+f.purpose+")") }

// ErrTenant is returned when a Field is used with the context of another tenant than its own.
var ErrTenant = errors.New("vault: the field belongs to another tenant")

// ring returns the tenant's keys. v forgets those of tenants that are little used.
func (f *Field) ring(ctx context.Context) (*ring, error) {
	r := f.rings.Load()
	if !r.left.Load() {
		return r, nil
	}
	r, err := f.v.ring(ctx)
	if err == nil {
		f.rings.Store(r)
	}
	return r, err
}

// context appends what a value is bound to.
func (f *Field) context(dst []byte, id string, who audit.Subject) []byte {
	dst = append(dst, f.prefix...)
	dst = binary.AppendUvarint(dst, uint64(len(id)))
	dst = append(dst, id...)
	dst = binary.AppendUvarint(dst, uint64(len(who)))
	return append(dst, who...)
}

func (f *Field) check(ctx context.Context, id string, who audit.Subject) error {
	tenant, err := tenancy.From(ctx)
	switch {
	case err != nil:
		return err
	case tenant != f.tenant:
		return ErrTenant
	case id == "" || len(id) > maxRef || len(who) > maxRef:
		return fmt.Errorf("%w: an id has 1 to %d bytes, and a subject at most as many", ErrRef, maxRef)
	}
	return nil
}

// AppendSeal appends plaintext to dst, sealed for the record id, under the key of the person who; "": nobody's. The
// result opens for the same tenant, purpose, id and person alone. It has [Overhead] bytes more. Nothing is allocated if
// dst has room for them and another 64 and the lengths of tenant, purpose, id and who; that room is overwritten, and plaintext must not lie in it.
func (f *Field) AppendSeal(ctx context.Context, dst []byte, id string, who audit.Subject, plaintext []byte) ([]byte, error) {
	if err := f.check(ctx, id, who); err != nil {
		return dst, err
	}
	k, err := f.sealing(ctx, who)
	if err != nil {
		return dst, err
	}
	// The context is built behind where the result goes, so that it needs no room of its own.
	end := len(dst) + Overhead + len(plaintext)
	room := slices.Grow(dst, end-len(dst)+len(f.prefix)+len(id)+len(who)+2*binary.MaxVarintLen64)
	bound := f.context(room[end:end:cap(room)], id, who)
	return k.seal(room[:len(dst)], plaintext, bound)
}

func (f *Field) sealing(ctx context.Context, who audit.Subject) (*key, error) {
	r, err := f.ring(ctx)
	if err != nil {
		return nil, err
	}
	if who != "" {
		return r.subjectKey(ctx, f.purpose, who)
	}
	set, err := r.current(ctx)
	if err != nil {
		return nil, err
	}
	if k := f.active(set); k != nil {
		return k, nil
	}
	return r.purposeKey(ctx, f.purpose)
}

// AppendOpen appends to dst what was sealed for id and who. The error says what is wrong with sealed: see [ErrMalformed].
// What dst has room for is overwritten, as by AppendSeal, and sealed must not lie in it.
func (f *Field) AppendOpen(ctx context.Context, dst []byte, id string, who audit.Subject, sealed []byte) ([]byte, error) {
	if err := f.check(ctx, id, who); err != nil {
		return dst, err
	}
	h, err := parseHeader(sealed)
	if err != nil {
		return dst, err
	}
	r, err := f.ring(ctx)
	if err != nil {
		return dst, err
	}
	set, err := r.current(ctx)
	if err != nil {
		return dst, err
	}
	k := f.active(set)
	if k == nil || k.id != h.key {
		if k, err = r.byID(ctx, h.key); err != nil {
			return dst, err
		}
	}
	return f.open(dst, id, who, sealed, k, &h)
}

func (f *Field) open(dst []byte, id string, who audit.Subject, sealed []byte, k *key, h *header) ([]byte, error) {
	end := len(dst) + len(sealed) - Overhead
	room := slices.Grow(dst, end-len(dst)+len(f.prefix)+len(id)+len(who)+2*binary.MaxVarintLen64)
	bound := f.context(room[end:end:cap(room)], id, who)
	out, err := k.open(room[:len(dst)], sealed, bound, h)
	if err != nil {
		return dst, err
	}
	return out, nil
}

// Reseal is AppendOpen and AppendSeal in one, for what is not sealed under the newest key, and appends nothing for what is.
func (f *Field) Reseal(ctx context.Context, dst []byte, id string, who audit.Subject, sealed []byte) (out []byte, changed bool, err error) {
	if err := f.check(ctx, id, who); err != nil {
		return dst, false, err
	}
	h, err := parseHeader(sealed)
	if err != nil {
		return dst, false, err
	}
	k, err := f.sealing(ctx, who)
	if err != nil || k.id == h.key {
		return dst, false, err
	}
	plaintext, err := f.AppendOpen(ctx, nil, id, who, sealed)
	if err != nil {
		return dst, false, err
	}
	defer clear(plaintext)
	out, err = f.AppendSeal(ctx, dst, id, who, plaintext)
	return out, err == nil, err
}

// Item is a sealed value among many.
type Item struct {
	ID        string
	Subject   audit.Subject
	Sealed    []byte
	Plaintext []byte // set by OpenMany
	Err       error  // why it is not: ErrShredded, for instance
}

// OpenMany opens all of items with one question to the store for the keys that are not in memory. It fails as a whole only
// if that question does; otherwise each item has its own result.
func (f *Field) OpenMany(ctx context.Context, items []Item) error {
	if err := f.check(ctx, "-", ""); err != nil {
		return err
	}
	r, err := f.ring(ctx)
	if err != nil {
		return err
	}
	set, err := r.current(ctx)
	if err != nil {
		return err
	}
	headers, keys := make([]header, len(items)), map[KeyID]fetched{}
	var missing []KeyID
	for i := range items {
		it := &items[i]
		it.Plaintext = nil
		if it.Err = f.check(ctx, it.ID, it.Subject); it.Err != nil {
			continue
		}
		if headers[i], it.Err = parseHeader(it.Sealed); it.Err != nil {
			continue
		}
		id := headers[i].key
		if _, asked := keys[id]; asked {
			continue
		}
		k := set.byID[id]
		if k == nil {
			k = r.subjects.byID(id)
		}
		keys[id] = fetched{key: k, err: ErrUnknownKey}
		if k == nil {
			missing = append(missing, id)
		}
	}
	if len(missing) > 0 {
		found, err := r.fetch(ctx, missing)
		if err != nil {
			return err
		}
		for id, k := range found {
			keys[id] = k
		}
	}
	for i := range items {
		it := &items[i]
		if it.Err != nil {
			continue
		}
		k := keys[headers[i].key]
		if k.key == nil {
			it.Err = k.err
			continue
		}
		it.Plaintext, it.Err = f.open(nil, it.ID, it.Subject, it.Sealed, k.key, &headers[i])
	}
	return nil
}
