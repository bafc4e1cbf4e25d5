package redact

import (
	"iter"
	"sync"
)

// A Redactor replaces what is sensitive in text. It is immutable and safe for concurrent use.
type Redactor struct {
	on      [lastKind]bool
	use     [lastKind]Strategy
	keys    *keySet
	allow   map[string]struct{}
	rules   []Rule
	strict  bool
	onMatch func(Kind, string)
	names   *pseudonyms
	limits  [3]int // depth, nodes, bytes of the structured side; see Limits
	shared  *structured
}

// A Match is a place in a text that the Redactor replaces: src[Start:End]. It never holds the value.
type Match struct {
	Start, End int
	Kind       Kind
	Rule       string // what found it, such as "github-token"; a constant of this package or the Name of a [Rule]
}

// New returns a Redactor with the safe defaults and then the options applied. The defaults look for every kind but [IP]
// and [MAC] and put labels such as "[redacted:email]" in the place of what they find.
func New(opts ...Option) (*Redactor, error) {
	r := &Redactor{keys: builtinKeys, limits: [3]int{32, 100_000, 4 << 20}, shared: new(structured)}
	for k := PrivateKey; k < lastKind; k++ {
		r.on[k] = k != IP && k != MAC
	}
	for _, o := range opts {
		if err := o(r); err != nil {
			return nil, err
		}
	}
	return r, r.check()
}

// Default returns a Redactor with the safe defaults. It is always the same one.
func Default() *Redactor { return theDefault() }

var theDefault = sync.OnceValue(func() *Redactor {
	r, err := New()
	if err != nil {
		panic(err) // the defaults are valid
	}
	return r
})

// For returns a Redactor whose pseudonyms belong to a tenant: the same value has different pseudonyms under different
// tenants. It shares everything else with r and costs one small allocation and one key derivation for each kind.
func (r *Redactor) For(tenant string) *Redactor {
	c := *r
	if r.names != nil {
		c.names = r.names.forTenant(tenant)
	}
	return &c
}

// scratch lends buffers to String. They are wiped before they go back.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

// maxScratch is the largest buffer that is kept.
const maxScratch = 1 << 20

// String returns s with what is sensitive replaced. When there is nothing to replace it returns s itself and allocates
// nothing.
func (r *Redactor) String(s string) string {
	if len(s) < minText {
		return s
	}
	in := scratch.Get().(*[]byte)
	*in = append((*in)[:0], s...)
	var sc scanner
	sc.open(r, *in)
	if m, ok := sc.next(); ok {
		out := scratch.Get().(*[]byte)
		*out = sc.replace((*out)[:0], m)
		s = string(*out)
		giveBack(out)
	}
	giveBack(in)
	return s
}

func giveBack(p *[]byte) {
	clear(*p)
	if cap(*p) <= maxScratch {
		scratch.Put(p)
	}
}

// Append appends src to dst, with what is sensitive replaced, and returns the extended slice. It allocates only to grow
// dst. The two must not overlap.
func (r *Redactor) Append(dst, src []byte) []byte {
	var sc scanner
	sc.open(r, src)
	m, ok := sc.next()
	if !ok {
		return append(dst, src...)
	}
	return sc.replace(dst, m)
}

// Find yields the matches in src, from left to right. They do not overlap.
func (r *Redactor) Find(src []byte) iter.Seq[Match] {
	return func(yield func(Match) bool) {
		var s scanner
		s.open(r, src)
		for {
			m, ok := s.next()
			if !ok {
				return
			}
			if !yield(Match{s.origin(m.start), s.origin(m.end), m.kind, m.rule}) {
				return
			}
		}
	}
}

// minText is the length below which no text can hold anything sensitive: the shortest find is the address "::".
const minText = 2
