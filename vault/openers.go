package vault

import (
	"encoding/binary"
	"sync/atomic"
)

// openers remembers the ciphers of salts that have opened something, because making one costs several times what opening
// a short message does. It has a fixed size and no locks: a new one takes the place of an older one. A
// nil one remembers nothing.
type openers struct {
	slots [openerSlots]atomic.Pointer[opener]
	turn  atomic.Uint32
}

const (
	openerSlots = 1 << 12 // of about 900 bytes each, once used
	openerWays  = 4       // slots in which one may be
)

type opener struct {
	key  *key
	salt [saltLen]byte
	open openFunc
}

type openFunc = func(dst, nonce, ciphertext, context []byte) ([]byte, error)

// ways are the slots in which that of h may be.
func (o *openers) ways(h *header) *[openerWays]atomic.Pointer[opener] {
	// Key ids and salts are random, or chosen by somebody who gets nothing out of it.
	mix := binary.LittleEndian.Uint32(h.key[:]) ^ binary.LittleEndian.Uint32(h.salt[:])
	first := mix % (openerSlots / openerWays) * openerWays
	return (*[openerWays]atomic.Pointer[opener])(o.slots[first : first+openerWays])
}

func (o *openers) get(h *header, k *key) openFunc {
	if o == nil {
		return nil
	}
	ways := o.ways(h)
	for i := range ways {
		if e := ways[i].Load(); e != nil && e.key == k && e.salt == h.salt {
			return e.open
		}
	}
	return nil
}

func (o *openers) put(h *header, k *key, open openFunc) {
	if o == nil {
		return
	}
	ways := o.ways(h)
	to := &ways[o.turn.Add(1)%openerWays]
	for i := range ways {
		if ways[i].Load() == nil {
			to = &ways[i]
			break
		}
	}
	to.Store(&opener{k, h.salt, open})
	if k.gone.Load() { // shredded meanwhile: it may have looked here before
		o.forget(k)
	}
}

// clear drops all.
func (o *openers) clear() {
	for i := range o.slots {
		o.slots[i].Store(nil)
	}
}

// forget drops all of k.
func (o *openers) forget(k *key) {
	if o == nil {
		return
	}
	for i := range o.slots {
		if e := o.slots[i].Load(); e != nil && e.key == k {
			o.slots[i].CompareAndSwap(e, nil)
		}
	}
}
