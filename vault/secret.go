package vault

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// Policy says how long a secret is good for, and who puts it there.
type Policy struct {
	RotateEvery time.Duration // [Vault.Due] lists it when it has been the same for so long; 0: never
	Expires     time.Time     // when the other side will refuse it, as far as is known; zero: never
	By          audit.Party   // for the record
}

// Info is what may be known of a secret. Nothing gives the secret itself.
type Info struct {
	Purpose, ID string
	Version     int64  // from 1; each Put and Update stores the next
	Fingerprint string // 16 hexadecimal digits: equal for equal secrets of one tenant, and of no use for guessing them
	RotateEvery time.Duration
	Expires     time.Time // zero: never
	Created     time.Time // when the first version was stored, by the store's clock
	Replaced    time.Time // when this version was stored
	Used        time.Time // when it was last used, give or take a minute; zero: never
	Closing     bool      // it is being disconnected, and cannot be used
}

// ErrClosing is returned when a secret is used or replaced that is being disconnected. [Vault.Disconnect] finishes that, and
// [Vault.Remove] gives it up.
var ErrClosing = errors.New("vault: the secret is being disconnected")

const maxSecret = 1 << 20 // bytes

// errNoFunc is returned before anything is done: a panic half-way would leave a secret that is being disconnected.
var errNoFunc = errors.New("vault: the function that is to use the secret is nil")

// Put stores secret under r, in the place of the whole secret that was there, which is destroyed. A secret is at
// most 1 MiB, and not empty.
func (v *Vault) Put(ctx context.Context, r Ref, secret redact.Secret[string], p Policy) error {
	if err := r.check(); err != nil {
		return err
	}
	for {
		row, err := v.store.Secret(ctx, r.Purpose, r.ID)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if row.Closing {
			return ErrClosing
		}
		next := StoredSecret{Purpose: r.Purpose, ID: r.ID, Version: row.Version + 1, RotateEvery: p.RotateEvery, Expires: p.Expires}
		err = v.putVersion(ctx, r, next, secret, secretStored, p.By)
		if !errors.Is(err, ErrConflict) || v.store.InTx(ctx) { // in a transaction, what it has read stays as it was
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// putVersion seals secret and stores it as next says, in one transaction with the record of it. If the key is replaced while
// it does, it takes the newer one: what the other side has given, nobody gets again.
func (v *Vault) putVersion(ctx context.Context, r Ref, next StoredSecret, secret redact.Secret[string], act audit.Action, by audit.Party) error {
	text := []byte(secret.Reveal())
	defer clear(text)
	if len(text) == 0 || len(text) > maxSecret {
		return fmt.Errorf("vault: a secret of %d bytes: it has 1 to %d", len(text), maxSecret)
	}
	ring, err := v.ring(ctx)
	if err != nil {
		return err
	}
	for {
		k, who, err := ring.sealing(ctx, r)
		if err != nil {
			return err
		}
		if k.id == next.Key {
			return ErrConflict // it was not for the key
		}
		print, err := ring.index(ctx, "fingerprint", string(text))
		if err != nil {
			return err
		}
		copy(next.Fingerprint[:], print)
		next.Key, next.Subject = k.id, who
		if next.Sealed, err = k.seal(nil, text, next.context(ring)); err != nil {
			return err
		}
		err = v.store.Tx(ctx, func(ctx context.Context) error {
			if err := v.store.PutSecret(ctx, next); err != nil {
				return err
			}
			return v.record(ctx, act, by, r, nil)
		})
		if !errors.Is(err, ErrConflict) {
			return err
		}
		ring.forget()
	}
}

// sealing returns the key that seals for r, and the pseudonym of whose that is.
func (r *ring) sealing(ctx context.Context, ref Ref) (k *key, who Pseudonym, err error) {
	if ref.Subject == "" {
		k, err = r.purposeKey(ctx, ref.Purpose)
		return k, who, err
	}
	if who, err = r.pseudonym(ctx, ref.Subject); err != nil {
		return nil, who, err
	}
	k, err = r.subjectKey(ctx, ref.Purpose, ref.Subject)
	return k, who, err
}

// context is what s is bound to: its place, whose it is, and its version.
func (s *StoredSecret) context(r *ring) []byte {
	return append(appendContext(nil, sealedSecret, r.tenant.String(), s.Purpose, s.ID, string(s.Subject[:])), fmt.Sprint(s.Version)...)
}

// Use gives f the secret of r, in bytes that are cleared when f returns: f must not keep them. The secret is taken out of
// the text of an error or a panic of f, in its usual encodings; see [ErrScrubbed].
func (v *Vault) Use(ctx context.Context, r Ref, f func(secret []byte) error) error {
	if f == nil {
		return errNoFunc
	}
	row, err := v.stored(ctx, r)
	if err != nil {
		return err
	}
	if row.Closing {
		return ErrClosing
	}
	if err := v.useVersion(ctx, row, f); err != nil {
		return err
	}
	if row.Stale && !v.store.InTx(ctx) { // it may fail, and must not take a transaction with it
		_ = v.store.Used(ctx, r.Purpose, r.ID)
	}
	return nil
}

// stored returns what the store has under r, if it is of r's person.
func (v *Vault) stored(ctx context.Context, r Ref) (StoredSecret, error) {
	if err := r.check(); err != nil {
		return StoredSecret{}, err
	}
	ring, err := v.ring(ctx)
	if err != nil {
		return StoredSecret{}, err
	}
	row, err := v.store.Secret(ctx, r.Purpose, r.ID)
	if err != nil || r.Subject == "" {
		return row, err
	}
	who, err := ring.pseudonym(ctx, r.Subject)
	if err == nil && who != row.Subject {
		err = ErrNotAuthentic
	}
	return row, err
}

func (v *Vault) useVersion(ctx context.Context, row StoredSecret, f func(secret []byte) error) error {
	ring, err := v.ring(ctx)
	if err != nil {
		return err
	}
	h, err := parseHeader(row.Sealed)
	if err != nil {
		return err
	}
	k, err := ring.byID(ctx, h.key)
	if err != nil {
		return err
	}
	text, err := k.open(make([]byte, 0, len(row.Sealed)), row.Sealed, row.context(ring), &h)
	if err != nil {
		return err
	}
	// f has a copy of its own, so that it cannot hide from scrubbing by changing it.
	lent := bytes.Clone(text)
	defer clear(lent)
	defer clear(text)
	return scrubbed(text, func() error { return f(lent) })
}

// Info returns what may be known of r's secret, or [ErrNotFound].
func (v *Vault) Info(ctx context.Context, r Ref) (Info, error) {
	row, err := v.stored(ctx, r)
	if err != nil {
		return Info{}, err
	}
	return row.info(), nil
}

func (s *StoredSecret) info() Info {
	return Info{Purpose: s.Purpose, ID: s.ID, Version: s.Version, Fingerprint: hex.EncodeToString(s.Fingerprint[:]), RotateEvery: s.RotateEvery,
		Expires: s.Expires, Created: s.Created, Replaced: s.Replaced, Used: s.Used, Closing: s.Closing}
}

// Remove destroys r's secret, or is [ErrNotFound]. It does not tell the other side: see [Vault.Disconnect].
func (v *Vault) Remove(ctx context.Context, r Ref, by audit.Party) error {
	if _, err := v.stored(ctx, r); err != nil {
		return err
	}
	return v.store.Tx(ctx, func(ctx context.Context) error {
		if err := v.store.RemoveSecret(ctx, r.Purpose, r.ID); err != nil {
			return err
		}
		return v.record(ctx, secretRemoved, by, r, nil)
	})
}
