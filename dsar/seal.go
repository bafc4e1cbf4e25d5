package dsar

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Sealer seals what a request holds about a person under a key of that request's own, which can be destroyed: package vault can, with
// a subject for each request. It works for ctx's tenant.
type Sealer interface {
	// Seal seals plain for the request. What it returns opens for that request and tenant alone.
	Seal(ctx context.Context, id ID, plain []byte) ([]byte, error)
	// Open returns what was sealed.
	Open(ctx context.Context, id ID, sealed []byte) ([]byte, error)
	// Shred destroys the key of the request: what was sealed opens no more, wherever copies of it are. It may be called again.
	Shred(ctx context.Context, id ID) error
}

// told is what is sealed: who it is, and what was written.
type told struct {
	Kind    string              `json:"kind"`
	Key     []string            `json:"key,omitempty"`
	Known   map[string][]string `json:"known,omitempty"`
	Text    string              `json:"text,omitempty"`
	Changes map[string]string   `json:"changes,omitempty"`
	Reply   string              `json:"reply,omitempty"` // what the person is told at the end
	// Of an erasure: see Tombstones, and what they were known by just before, to look for afterwards.
	Stone []byte              `json:"stone,omitempty"`
	Last  map[string][]string `json:"last,omitempty"`
	Taken []byte              `json:"taken,omitempty"` // by a Collector
}

// prove has somebody look for the person, and for what was taken from their rows.
func (t *told) prove(ctx context.Context, p Prover) (*Proof, error) {
	if c, ok := p.(Collector); ok && t.Taken != nil {
		return c.ProveTaken(ctx, t.last(), t.Taken)
	}
	return p.Prove(ctx, t.last())
}

// last is the person under all that they were known by when their rows were still there.
func (t *told) last() Person {
	p := t.person()
	if t.Last != nil {
		p.Known = t.Last
	}
	return p
}

func (t *told) person() Person { return Person{Kind: t.Kind, Key: t.Key, Known: t.Known} }

var errSeal = errors.New("dsar: what is sealed cannot be opened")

// seal refuses a Sealer that does not.
func (s *Service) seal(ctx context.Context, id ID, t *told) ([]byte, error) {
	plain, err := json.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("dsar: what a person is known by cannot be written")
	}
	sealed, err := s.o.Sealer.Seal(ctx, id, plain)
	if err != nil {
		return nil, fmt.Errorf("dsar: seal: %w", err)
	}
	if len(sealed) == 0 || strings.Contains(string(sealed), string(plain)) {
		return nil, errors.New("dsar: the sealer does not seal")
	}
	return sealed, nil
}

func (s *Service) open(ctx context.Context, r *RequestRow) (*told, error) {
	if len(r.Sealed) == 0 {
		return nil, errSeal
	}
	plain, err := s.o.Sealer.Open(ctx, r.ID, r.Sealed)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSeal, err)
	}
	t := new(told)
	if json.Unmarshal(plain, t) != nil {
		return nil, errSeal
	}
	return t, nil
}

// mac is a keyed hash of parts, none of which can be taken for two.
func (s *Service) mac(purpose string, tenant tenancy.ID, parts ...string) (sum [32]byte) {
	h := hmac.New(sha256.New, s.key)
	for _, p := range append([]string{purpose, tenant.String()}, parts...) {
		_ = binary.Write(h, binary.BigEndian, uint32(len(p))) // a hash never fails
		h.Write([]byte(p))
	}
	h.Sum(sum[:0])
	return sum
}

// refOf is what stands for a person in ctx's tenant: their key does, or else the first of the subject's identifiers that is known.
func (s *Service) refOf(ctx context.Context, p Person) (Ref, error) {
	all, err := s.refsOf(ctx, p)
	if err != nil {
		return Ref{}, err
	}
	return all[0], nil
}

// refsOf are what stands for a person, under their key and under each value that they are known by, in this order.
func (s *Service) refsOf(ctx context.Context, p Person) (all []Ref, err error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return nil, err
	}
	sub, ok := s.m.Subject(p.Kind)
	if !ok {
		return nil, &InvalidError{"person", "the map has no such kind of people"}
	}
	if len(p.Key) > 0 {
		all = append(all, s.mac("key", tenant, append([]string{p.Kind}, p.Key...)...))
	}
	for _, id := range sub.Identifiers {
		var values []string
		for _, v := range p.Known[id.Name] {
			if v = id.Form.plain(v); v != "" {
				values = append(values, v)
			}
		}
		slices.Sort(values)
		for _, v := range slices.Compact(values) {
			all = append(all, s.mac("known", tenant, p.Kind, id.Name, v))
		}
	}
	if len(all) == 0 {
		return nil, &InvalidError{"person", "nothing says who it is"}
	}
	return all, nil
}

// plain is the one spelling of v that stands for all that f takes for the same, as far as the standard library can tell: accents that
// are written in two ways are two.
func (f Form) plain(v string) string {
	switch f {
	case Exact:
		return v
	case Phone:
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, v)
	}
	v = strings.ToLower(strings.TrimSpace(v))
	if name, host, ok := strings.Cut(v, "@"); ok && f == Email {
		name, _, _ = strings.Cut(name, "+")
		v = name + "@" + host
	}
	return v
}

// resolved is who p is, and what stands for them. Who has no row stays who they say.
func (s *Service) resolved(ctx context.Context, p Person) (Person, Ref, error) {
	said := p
	if s.o.Resolve != nil {
		q, err := s.o.Resolve(ctx, p)
		switch {
		case err == nil:
			p = q
		case !errors.Is(err, ErrNobody):
			return p, Ref{}, err
		}
	}
	if len(p.Key) > 0 {
		said = p // what they are known by may change, and their key does not
	}
	r, err := s.refOf(ctx, said)
	return p, r, err
}

func newID() ID { return ID(random()) }

func random() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: see crypto/rand
	return hex.EncodeToString(b[:])
}
