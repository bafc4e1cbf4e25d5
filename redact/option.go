package redact

import (
	"errors"
	"fmt"
)

// An Option changes what [New] builds.
type Option func(*Redactor) error

// Kinds makes the Redactor look for exactly these kinds.
func Kinds(k ...Kind) Option {
	return func(r *Redactor) error {
		r.on = [lastKind]bool{Custom: len(r.rules) > 0}
		return With(k...)(r)
	}
}

// With adds kinds to those looked for, such as [IP] and [MAC], which are off by default.
func With(k ...Kind) Option {
	return func(r *Redactor) error {
		for _, k := range k {
			if !k.valid() {
				return fmt.Errorf("redact: no such kind: %v", k)
			}
			r.on[k] = true
		}
		return nil
	}
}

// Use sets what takes the place of matches of a kind. Secrets can be labelled or dropped only: New refuses any other
// strategy for them.
func Use(k Kind, s Strategy) Option {
	return func(r *Redactor) error {
		switch {
		case !k.valid():
			return fmt.Errorf("redact: no such kind: %v", k)
		case s > Pseudonym:
			return fmt.Errorf("redact: no such strategy: %d", s)
		case k.secret() && s != Label && s != Drop:
			return fmt.Errorf("redact: %v is a secret: it can be labelled or dropped, never shown in part or made a pseudonym", k)
		}
		r.use[k] = s
		return nil
	}
}

// Keys adds words to those that name a secret. A key such as "X-Acme-Ticket" matches Keys("ticket") or
// Keys("acme_ticket"): keys are compared word by word, never by substring.
func Keys(words ...string) Option {
	return func(r *Redactor) error { return r.addKeys(words, keyStrong) }
}

// KeepKeys names keys, as whole keys in any spelling, whose values are not taken for secrets on account of the key.
// Their values are still scanned.
func KeepKeys(words ...string) Option {
	return func(r *Redactor) error { return r.addKeys(words, keyKeep) }
}

// Allow names values that are never replaced, such as the address of your support desk. A match is compared with them
// byte for byte.
func Allow(values ...string) Option {
	return func(r *Redactor) error {
		m := make(map[string]struct{}, len(r.allow)+len(values))
		for v := range r.allow {
			m[v] = struct{}{}
		}
		for _, v := range values {
			if v == "" {
				return errors.New("redact: an allowed value is empty")
			}
			m[v] = struct{}{}
		}
		r.allow = m
		return nil
	}
}

// Strict makes the Redactor see through characters that hide a value from it and not from a reader: zero-width
// characters and marks of direction, soft hyphens, full-width letters, digits and signs, and spaces other than the plain
// one. A text without any of them costs nothing more; one with some is copied. Quotes and backslashes stay what they are,
// and letters that only look alike (Cyrillic "а") are not taken for each other.
func Strict() Option {
	return func(r *Redactor) error {
		r.strict = true
		return nil
	}
}

// OnMatch has f called for each replacement with its kind and rule: enough to count, never the value. f is called while
// text is scanned, from many goroutines.
func OnMatch(f func(kind Kind, rule string)) Option {
	return func(r *Redactor) error {
		r.onMatch = f
		return nil
	}
}

// Limits bounds what the structured side walks in one value: how deep, how many nodes, and how many bytes of text. What
// lies beyond is replaced by a label. A limit of zero keeps the default (32, 100 000, 4 MiB).
func Limits(depth, nodes, bytes int) Option {
	return func(r *Redactor) error {
		for i, n := range []int{depth, nodes, bytes} {
			if n < 0 {
				return errors.New("redact: a limit is negative")
			}
			if n > 0 {
				r.limits[i] = n
			}
		}
		return nil
	}
}

// PseudonymKey gives the key of the [Pseudonym] strategy, at least 32 bytes of it, and the id that is written into each
// pseudonym so that keys can be changed: letters, digits and dashes, at most 16.
func PseudonymKey(id string, key []byte) Option {
	return func(r *Redactor) (err error) {
		r.names, err = newPseudonyms(id, key)
		return err
	}
}

// check refuses what only the whole of the options shows.
func (r *Redactor) check() error {
	for k, s := range r.use {
		if s == Pseudonym && r.names == nil {
			return fmt.Errorf("redact: pseudonyms for %v need a PseudonymKey", Kind(k))
		}
	}
	return nil
}
