package vault

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"sync/atomic"
)

// key seals and opens messages. It is safe for concurrent use.
type key struct {
	id     KeyID
	commit [32]byte // kept beside the wrapped key: what is unwrapped must have it
	x      xaes
	now    atomic.Pointer[window]
	opened *openers
	gone   atomic.Bool // shredded

	mu     sync.Mutex
	secret func() *[32]byte // a closure, because printers look into what is a field
}

// newKey returns the key of secret, which it keeps.
func newKey(secret *[32]byte, opened *openers) *key {
	k := &key{x: newXAES(secret), opened: opened, secret: func() *[32]byte { return secret }}
	k.id, k.commit = identify(secret)
	return k
}

// generateKey returns a new random key.
func generateKey(opened *openers) *key {
	secret := new([32]byte)
	_, _ = rand.Read(secret[:]) // it never fails
	return newKey(secret, opened)
}

// identify returns what names a key, and what commits to it: nobody finds another key with the same.
func identify(secret *[32]byte) (id KeyID, commit [32]byte) {
	out, err := hkdf.Expand(sha256.New, secret[:], "bailiwick vault key id v1", keyIDLen+32)
	if err != nil {
		panic(err) // only for a length that SHA-256 cannot expand to
	}
	copy(id[:], out)
	copy(commit[:], out[keyIDLen:])
	return id, commit
}

// perWindow is how many messages have the same salt. Their nonces are random, so that two of a window are equal
// with a probability of 2^-65, also when a machine is resumed twice from one snapshot; and a key has 2^96 salts.
const perWindow = 1 << 16

// window is a salt, the cipher of it, and how often it may still be used.
type window struct {
	header header
	gcm    gcm
	left   atomic.Int64
}

// window returns that of now.
func (k *key) window() *window {
	for {
		w := k.now.Load()
		if w != nil && w.left.Add(-1) >= 0 {
			return w
		}
		next := &window{header: header{key: k.id}}
		_, _ = rand.Read(next.header.salt[:])
		next.gcm = k.x(&next.header.salt)
		next.left.Store(perWindow)
		if k.now.CompareAndSwap(w, next) {
			k.opened.put(&next.header, k, next.gcm.open)
		}
	}
}

// seal appends plaintext, sealed, to dst. Who opens it must know context. What dst has room for beyond is overwritten.
func (k *key) seal(dst, plaintext, context []byte) ([]byte, error) {
	if k.gone.Load() {
		return dst, ErrShredded
	}
	w := k.window()
	dst = w.header.append(dst)
	return w.gcm.seal(dst, nil, plaintext, context), nil
}

// open appends to dst what was sealed. h is the header of sealed, and names k.
func (k *key) open(dst, sealed, context []byte, h *header) ([]byte, error) {
	if k.gone.Load() {
		return dst, ErrShredded
	}
	open := k.opened.get(h, k)
	known := open != nil
	if !known {
		salt := h.salt // which goes to the heap, and h does not
		open = k.x(&salt).open
	}
	out, err := open(dst, nil, sealed[headerLen:], context)
	if err != nil {
		return dst, ErrNotAuthentic
	}
	if !known { // never before it has opened something: what is forged must not push out what is used
		k.opened.put(h, k, open)
	}
	return out, nil
}

// shred makes k of no use in this process. A call that is under way may still end well.
func (k *key) shred() {
	k.gone.Store(true)
	k.now.Store(nil)
	k.mu.Lock()
	clear(k.secret()[:])
	k.mu.Unlock()
	k.opened.forget(k)
}
