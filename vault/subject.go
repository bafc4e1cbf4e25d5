package vault

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"sync"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// subjectKeys are keys of persons that were used lately.
type subjectKeys struct {
	mu         sync.RWMutex
	ids        map[KeyID]subjectKey
	active     map[subjectOf]*key
	shreddings int
}

type subjectKey struct {
	*key
	who Pseudonym
}

type subjectOf struct {
	purpose string
	who     audit.Subject
}

// maxSubjects is how many persons' keys of a tenant are kept in memory, of about 2 KB each.
const maxSubjects = 1 << 13

func (s *subjectKeys) byID(id KeyID) *key {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.ids[id].key
}

func (s *subjectKeys) of(purpose string, who audit.Subject) *key {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.active[subjectOf{purpose, who}]
}

// age changes with every shredding.
func (s *subjectKeys) age() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.shreddings
}

// remember keeps k, unless something was shredded since the store was asked for it: it may be what was. When there is no
// room, all make place: who is used again is loaded again.
func (s *subjectKeys) remember(k subjectKey, asked int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if asked != s.shreddings {
		return
	}
	if s.ids == nil || len(s.ids) >= maxSubjects {
		s.ids, s.active = map[KeyID]subjectKey{}, map[subjectOf]*key{}
	}
	s.ids[k.id] = k
}

// seals notes that the key with that id, if it is remembered, is the one that seals.
func (s *subjectKeys) seals(id KeyID, of subjectOf) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k, ok := s.ids[id]; ok {
		s.active[of] = k.key
	}
}

func (s *subjectKeys) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shreddings++
	s.ids, s.active = nil, nil
}

// shred makes every key of who that this process has useless.
func (s *subjectKeys) shred(who Pseudonym) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shreddings++
	for id, k := range s.ids {
		if k.who == who {
			k.shred()
			delete(s.ids, id)
		}
	}
	for of, k := range s.active {
		if k.gone.Load() {
			delete(s.active, of)
		}
	}
}

// pseudonym is what the store knows who as.
func (r *ring) pseudonym(ctx context.Context, who audit.Subject) (p Pseudonym, err error) {
	sum, err := r.index(ctx, "subject", string(who))
	copy(p[:], sum)
	return p, err
}

// index is HMAC-SHA256 of value under the tenant's index key, for one use of it.
func (r *ring) index(ctx context.Context, use, value string) ([]byte, error) {
	k, err := r.purposeKey(ctx, indexPurpose)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	mac := hmac.New(sha256.New, k.secret()[:])
	k.mu.Unlock()
	mac.Write(appendContext(nil, 'i', use, value, "", ""))
	return mac.Sum(nil), nil
}

// subjectKey returns the key that seals for purpose what is about who, and makes it if there is none.
func (r *ring) subjectKey(ctx context.Context, purpose string, who audit.Subject) (*key, error) {
	if _, err := r.current(ctx); err != nil {
		return nil, err
	}
	if k := r.subjects.of(purpose, who); k != nil {
		return k, nil
	}
	return r.untilParentIsActive(ctx, func() (*key, error) { return r.makeSubjectKey(ctx, purpose, who) })
}

func (r *ring) makeSubjectKey(ctx context.Context, purpose string, who audit.Subject) (*key, error) {
	p, err := r.pseudonym(ctx, who)
	if err != nil {
		return nil, err
	}
	rows, err := r.v.store.SubjectKeys(ctx, purpose, []Pseudonym{p})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		row, err := r.createSubject(ctx, purpose, p)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	k, err := r.fetchOne(ctx, rows[0].ID)
	r.subjects.seals(rows[0].ID, subjectOf{purpose, who})
	return k, err
}

func (r *ring) createSubject(ctx context.Context, purpose string, who Pseudonym) (WrappedKey, error) {
	parent, err := r.purposeKey(ctx, purpose)
	if err != nil {
		return WrappedKey{}, err
	}
	w, err := wrap(WrappedKey{Level: OfSubject, Purpose: purpose, Subject: who}, generateKey(nil), parent, r.tenant)
	if err != nil {
		return WrappedKey{}, err
	}
	stored, err := r.v.store.AddKey(ctx, w, KeyID{})
	if err == nil && stored.ID == w.ID {
		r.made(ctx, w.ID)
	}
	return stored, err
}
