package consent

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// A Registry is an application's policies, checked and compiled. It never changes.
type Registry struct {
	editions []edition // in the order of their versions, which is that of their dates
}

// An edition is one policy as [Decide] and the guard need it.
type edition struct {
	version  uint16
	from     int64    // seconds since 1970
	lasts    int64    // seconds
	declared Set      // the categories that have a purpose, and Essential
	optOut   Set      // those of them that an opt-out signal takes away
	valid    []uint16 // the versions whose yes is still one: this one, and those before it back to the last material one
	keys     map[string]Category
	names    cookieNames
	texts    map[string]Document
	policy   Policy
}

// ErrPolicy is wrapped by what [Compile] refuses policies with.
var ErrPolicy = errors.New("consent: policy refused")

// Compile checks policies, oldest first, and returns them as a registry. Keep old policies for as long as choices made on them may come back:
// they say what was agreed to, and keep a category's number from being used again for something else.
//
// The error names the policy, purpose or category and wraps [ErrPolicy].
func Compile(policies ...Policy) (*Registry, error) {
	if len(policies) == 0 {
		return nil, fmt.Errorf("%w: there is none", ErrPolicy)
	}
	r := &Registry{}
	named := map[Category]string{}
	for i := range policies {
		p := clonePolicy(policies[i])
		if p.Lasts == 0 {
			p.Lasts = defaultLasts
		}
		refuse := func(err error) (*Registry, error) {
			return nil, fmt.Errorf("%w: version %d: %w", ErrPolicy, p.Version, err)
		}
		if err := r.follows(&p); err != nil {
			return refuse(err)
		}
		if err := checkCategories(&p, named); err != nil {
			return refuse(err)
		}
		if err := checkPurposes(&p, named); err != nil {
			return refuse(err)
		}
		e, err := compileEdition(p)
		if err != nil {
			return refuse(err)
		}
		if !p.Material {
			for j := range r.editions {
				old := &r.editions[j]
				if !slices.Contains(r.editions[i-1].valid, old.version) {
					continue // its yes is void already
				}
				if err := widens(&old.policy, &p); err != nil {
					return refuse(fmt.Errorf("it is editorial, and a yes to version %d would cover more: %w", old.version, err))
				}
			}
			e.valid = append(e.valid, r.editions[i-1].valid...)
		}
		r.editions = append(r.editions, e)
	}
	return r, nil
}

const (
	defaultLasts = 180 * 24 * time.Hour
	mostLasts    = 400 * 24 * time.Hour
)

// follows checks that p can come after what r has.
func (r *Registry) follows(p *Policy) error {
	switch {
	case p.Version == 0:
		return errors.New("versions begin with 1")
	case p.Effective.IsZero() || p.Effective.Unix() < 0:
		return errors.New("it has no date to be in force from")
	case p.Lasts < time.Hour || p.Lasts > mostLasts:
		return errors.New("a choice lasts from an hour to 400 days")
	case len(r.editions) == 0 && !p.Material:
		return errors.New("the first policy is material")
	case len(r.editions) == 0:
		return nil
	}
	last := &r.editions[len(r.editions)-1]
	switch {
	case p.Version <= last.version:
		return fmt.Errorf("it comes after version %d", last.version)
	case p.Effective.Unix() < last.from:
		return fmt.Errorf("it is in force before version %d", last.version)
	}
	return nil
}

func compileEdition(p Policy) (edition, error) {
	e := edition{version: p.Version, from: p.Effective.Unix(), lasts: int64(p.Lasts / time.Second), declared: Essential.bit(), valid: []uint16{p.Version},
		keys: map[string]Category{}, policy: p}
	for i := range p.Purposes {
		q := &p.Purposes[i]
		e.declared |= q.Category.bit()
		e.keys[q.Key] = q.Category
		if q.optOut() {
			e.optOut |= q.Category.bit()
		}
	}
	var err error
	if e.names, err = compileNames(p.Purposes); err != nil {
		return edition{}, err
	}
	e.texts, err = documents(&p)
	return e, err
}

// at returns the edition in force at a time, or nil before the first.
func (r *Registry) at(seconds int64) *edition {
	if r == nil {
		return nil
	}
	for i := len(r.editions) - 1; i >= 0; i-- {
		if r.editions[i].from <= seconds {
			return &r.editions[i]
		}
	}
	return nil
}

// last returns when the last edition comes into force.
func (r *Registry) last() int64 {
	if len(r.editions) == 0 {
		return math.MaxInt64
	}
	return r.editions[len(r.editions)-1].from
}

// Version returns the version in force at t, 0 before the first.
func (r *Registry) Version(t time.Time) uint16 {
	if e := r.at(t.Unix()); e != nil {
		return e.version
	}
	return 0
}

// Policy returns a copy of the policy in force at t, and false before the first.
func (r *Registry) Policy(t time.Time) (Policy, bool) {
	e := r.at(t.Unix())
	if e == nil {
		return Policy{}, false
	}
	return clonePolicy(e.policy), true
}

// edition returns the edition of a version.
func (r *Registry) edition(version uint16) *edition {
	i, ok := slices.BinarySearchFunc(r.editions, version, func(e edition, v uint16) int { return int(e.version) - int(v) })
	if !ok {
		return nil
	}
	return &r.editions[i]
}

// name returns the key of a category in the newest policy that has one for it.
func (r *Registry) name(c Category) string {
	for i := len(r.editions) - 1; i >= 0; i-- {
		for _, t := range r.editions[i].policy.Categories {
			if t.Category == c {
				return t.Key
			}
		}
	}
	return c.String()
}
