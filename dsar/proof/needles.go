package proof

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Needles are the values that an erasure must leave nowhere. They are personal, and print as how many they are.
type Needles struct {
	values []string // long enough to be looked for inside of other text
	short  []named  // identifiers that are not
	// ordinary is how many values of the person's rows are not looked for, because other people have them too, or nothing is told by them.
	ordinary int
	taken    bool // from their rows, before the erasure
}

type named struct{ Identifier, Value string }

// Format writes how many there are, whatever the verb.
func (n *Needles) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "proof.Needles(%d)", len(n.values)+len(n.short))
}

// LogValue is how many there are.
func (n *Needles) LogValue() slog.Value { return slog.IntValue(len(n.values) + len(n.short)) }

// MarshalText is an error: needles are not written down by accident.
func (n *Needles) MarshalText() ([]byte, error) {
	return nil, errors.New("proof: needles are not text")
}

// Values are needles that somebody knows already, for [Prover.Look]. Those that are too short to be looked for are left out.
func Values(values ...string) *Needles {
	n := &Needles{taken: true}
	for _, v := range values {
		n.value(v)
	}
	return n
}

// of returns the needles that are known of a person of ctx's tenant without a look at their rows.
func (p *Prover) of(ctx context.Context, who dsar.Person) *Needles {
	n := &Needles{}
	for name, values := range who.Known {
		for _, v := range values {
			n.identifier(name, v)
		}
	}
	tenant, _ := tenancy.From(ctx)
	// A row that stays, without what is personal, keeps its key.
	if s, ok := p.c.Subject(who.Kind); ok {
		if t, ok := p.c.Table(s.Table); ok && (t.Erase.IsZero() || t.Erase.Is(dsar.Delete)) {
			for _, k := range who.Key {
				if k != tenant.String() { // a tenant column is part of keys, and of every row
					n.key(k)
				}
			}
		}
	}
	slices.Sort(n.values)
	return n
}

// identifier adds a value that the person is known by, however short it is.
func (n *Needles) identifier(name, v string) {
	if v = strings.TrimSpace(v); v == "" {
		return
	}
	if !n.value(v) {
		if s := (named{name, v}); !slices.Contains(n.short, s) {
			n.short = append(n.short, s)
		}
	}
}

// key adds the person's key if it is one that nobody else's rows hold by accident: 42 is in anything.
func (n *Needles) key(k string) {
	if len(k) >= 16 {
		n.value(k)
	}
}

// value adds a value, if it is long enough.
func (n *Needles) value(v string) bool {
	v = strings.TrimSpace(v)
	if len(v) < shortestText || utf8.RuneCountInString(v) < shortestText-1 {
		return false
	}
	if !slices.Contains(n.values, v) {
		n.values = append(n.values, v)
	}
	return true
}

// forms are all ways to write all of them.
func (n *Needles) forms() (out []form) {
	for i, v := range n.values {
		out = append(out, formsOf(v, i)...)
	}
	return out
}
