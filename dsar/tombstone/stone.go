package tombstone

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Stone says who was erased, to who has the key. Nothing personal is in it in clear.
type Stone struct {
	ID      string     `json:"id"` // the caller's: that of the request. A second stone of that id is the first
	Tenant  tenancy.ID `json:"tenant"`
	Key     string     `json:"key"`            // name of the key below
	Subject []byte     `json:"subject"`        // keyed hash of the kind and the key of the person's row, or of what they are known by
	Born    []byte     `json:"born,omitempty"` // keyed hash of when the row was made
	Map     string     `json:"map"`            // hash of the map by which they were erased
	Sealed  []byte     `json:"sealed"`
}

// inside is what Sealed holds.
type inside struct {
	Kind  string              `json:"kind"`
	Key   []string            `json:"key,omitempty"`
	Known map[string][]string `json:"known,omitempty"`
	Born  string              `json:"born,omitempty"`
	Pad   string              `json:"pad"`
}

// padTo hides how long somebody's name is.
const padTo = 256

func seal(k tenancy.Key, id string, tenant tenancy.ID, hash string, in inside) (Stone, error) {
	s := Stone{ID: id, Tenant: tenant, Key: k.ID(), Map: hash, Subject: subject(k, tenant, in)}
	if in.Born != "" {
		s.Born = keyed(k, "born", tenant.String(), in.Born)
	}
	plain, err := json.Marshal(in)
	if err != nil {
		return Stone{}, errors.New("tombstone: the person cannot be written")
	}
	in.Pad = string(slices.Repeat([]byte{'.'}, padTo-len(plain)%padTo))
	if plain, err = json.Marshal(in); err != nil {
		return Stone{}, errors.New("tombstone: the person cannot be written")
	}
	aead, err := sealer(k)
	if err != nil {
		return Stone{}, err
	}
	s.Sealed = aead.Seal(nil, nil, plain, s.bound())
	return s, nil
}

// open returns who it is. The error says nothing of them.
func (s Stone) open(keys Keys) (inside, error) {
	k, ok := keys.find(s.Key)
	if !ok {
		return inside{}, fmt.Errorf("%w: %s", ErrKey, s.Key)
	}
	aead, err := sealer(k)
	if err != nil {
		return inside{}, err
	}
	plain, err := aead.Open(nil, nil, s.Sealed, s.bound())
	if err != nil {
		return inside{}, fmt.Errorf("%w: a stone does not open", ErrLog)
	}
	var in inside
	if json.Unmarshal(plain, &in) != nil || !hmac.Equal(s.Subject, subject(k, s.Tenant, in)) {
		return inside{}, fmt.Errorf("%w: a stone is not what it says", ErrLog)
	}
	return in, nil
}

// bound is what the seal holds together: no line can be made of parts of two.
func (s Stone) bound() []byte {
	return length("tombstone v1", s.ID, s.Tenant.String(), s.Key, string(s.Subject), string(s.Born), s.Map)
}

func sealer(k tenancy.Key) (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.Derive("dsar tombstone seal v1"))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// subject is the same for the same person under the same key.
func subject(k tenancy.Key, tenant tenancy.ID, in inside) []byte {
	parts := []string{tenant.String(), in.Kind}
	if len(in.Key) > 0 {
		return keyed(k, "subject by key", append(parts, in.Key...)...)
	}
	for _, name := range sortedKeys(in.Known) {
		values := slices.Clone(in.Known[name])
		slices.Sort(values)
		parts = append(append(parts, name), values...)
	}
	return keyed(k, "subject by identifiers", parts...)
}

func keyed(k tenancy.Key, what string, parts ...string) []byte {
	mac := hmac.New(sha256.New, k.Derive("dsar tombstone hash v1"))
	mac.Write(length(append([]string{what}, parts...)...))
	return mac.Sum(nil)
}

// length joins parts so that no two lists give the same bytes.
func length(parts ...string) []byte {
	var b []byte
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	return b
}

func sortedKeys(m map[string][]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// person is who is erased again.
func (in inside) person() dsar.Person {
	return dsar.Person{Kind: in.Kind, Key: in.Key, Known: in.Known}
}

// Keys seal stones: the first one new ones, all of them those there are. A key that was destroyed is no longer among them.
type Keys []tenancy.Key

func (ks Keys) find(id string) (tenancy.Key, bool) {
	for _, k := range ks {
		if !k.IsZero() && k.ID() == id {
			return k, true
		}
	}
	return tenancy.Key{}, false
}
