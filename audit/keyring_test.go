package audit

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"sync"
)

// keyring is a [Sealer] with a key for each person.
type keyring struct {
	mu   sync.Mutex
	keys []*[32]byte // nil: destroyed
	of   map[Subject]int
}

func (k *keyring) aead(i int) cipher.AEAD {
	block, err := aes.NewCipher(k.keys[i][:])
	if err != nil {
		panic(err)
	}
	g, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return g
}

func (k *keyring) Seal(_ context.Context, who Subject, plain, about []byte) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of == nil {
		k.of = map[Subject]int{}
	}
	i, ok := k.of[who]
	if !ok {
		i = len(k.keys)
		key := sha256.Sum256(append([]byte(rand.Text()), who...))
		k.keys, k.of[who] = append(k.keys, &key), i
	}
	return k.aead(i).Seal(binary.BigEndian.AppendUint32(nil, uint32(i)), nil, plain, about), nil
}

func (k *keyring) Open(_ context.Context, sealed, about []byte) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(sealed) < 4 {
		return nil, errors.New("keyring: too short")
	}
	i := int(binary.BigEndian.Uint32(sealed))
	if i >= len(k.keys) {
		return nil, errors.New("keyring: no such key")
	}
	if k.keys[i] == nil {
		return nil, ErrShredded
	}
	return k.aead(i).Open(nil, nil, bytes.Clone(sealed[4:]), about)
}

// shred destroys who's key.
func (k *keyring) shred(who Subject) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys[k.of[who]] = nil
	delete(k.of, who)
}
